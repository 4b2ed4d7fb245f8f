"""Writes test/fixtures/family-tokenizers.json: small tokenizers built as those of Gemma, Phi-3, Phi-4-mini, SmolLM3,
OLMo 2, Granite, GPT-NeoX and StarCoder2 are, with chat templates of the same construction (ours, and shorter), and what
transformers and TRL make of texts, conversations and preference rows with them.

    python scripts/make_family_tokenizers_fixture.py

With SEED COUNT FILE it writes COUNT random texts and rows per tokenizer to FILE, for
`npx tsx scripts/compareFamilyTokenizers.ts FILE`. Needs trl, transformers, tokenizers, datasets and sentencepiece.
"""

import io
import json
import logging
import os
import random
import sys
import tempfile
from types import SimpleNamespace

import datasets
import sentencepiece
import tokenizers
import transformers
import trl
from datasets import Dataset
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from trl import DPOTrainer
from trl.trainer import dpo_trainer

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "family-tokenizers.json")
CORPUS = """A preference is a prompt with two answers, one of which people like better than the other. Is a higher octane
gasoline better for your car? It's not: use what the manual says, and you'll be fine. They've tried 1234 cars and WE'RE
sure. Write a short list of 3 things: one, two, three. The answer is what people like; the manual says it is better.
    def add(a, b):
        return a + b
The user asks and the assistant answers. Think about it, then answer.""".split("\n")
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# Gemma and Gemma 2: a system message is refused, roles alternate, the assistant is called model.
GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}
{%- if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}
{{- '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"""
# Gemma 3: the system message is put before the first turn of the user; content may be parts.
GEMMA3 = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}{%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}{%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}{%- set first_user_prefix = "" -%}{%- set loop_messages = messages -%}{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}{%- endif -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}{{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}{%- for item in message['content'] -%}{%- if item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}{%- endfor -%}
    {%- else -%}{{ raise_exception("Invalid content type") }}{%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}"""
PHI3 = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{ '<|system|>\n' + message['content'] + '<|end|>\n' }}
{%- elif message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '<|end|>\n' }}
{%- elif message['role'] == 'assistant' %}{{ '<|assistant|>\n' + message['content'] + '<|end|>\n' }}{% endif %}{% endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"""
PHI4 = """{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}"""
# SmolLM3: enable_thinking is on by default; /think and /no_think in the system message win, and /system_override leaves only that message.
SMOLLM3 = """{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}
{%- set reasoning_mode = "/think" if enable_thinking else "/no_think" -%}
{%- set custom = "" -%}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}{%- set reasoning_mode = "/no_think" -%}
  {%- elif "/think" in system_message -%}{%- set reasoning_mode = "/think" -%}{%- endif -%}
  {%- set custom = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
{{- "<|im_start|>system\n" -}}
{%- if "/system_override" in custom -%}{{- custom.replace("/system_override", "").rstrip() ~ "<|im_end|>\n" -}}
{%- else -%}
  {{- "## Metadata\n\nReasoning Mode: " ~ reasoning_mode ~ "\n\n## Custom Instructions\n\n" -}}
  {%- if custom -%}{{- custom ~ "\n\n" -}}{%- elif reasoning_mode == "/think" -%}{{- "Think first, within <think> and </think>.\n\n" -}}{%- else -%}{{- "You are a helpful assistant.\n\n" -}}{%- endif -%}
  {%- if xml_tools or python_tools or tools -%}
    {{- "### Tools\n\n" -}}{%- set ns = namespace(text="") -%}
    {%- for tool in (xml_tools or tools or []) -%}{%- set ns.text = ns.text ~ (tool | string) ~ "\n" -%}{%- endfor -%}
    {{- "<tools>\n" ~ ns.text ~ "</tools>\n\n" -}}
  {%- endif -%}
  {{- "<|im_end|>\n" -}}
{%- endif -%}
{%- for message in messages -%}
  {%- set content = message.content if message.content is string else "" -%}
  {%- if message.role == "user" -%}{{ "<|im_start|>" + message.role + "\n" + content + "<|im_end|>\n" }}
  {%- elif message.role == "assistant" -%}
    {%- generation -%}
    {%- if reasoning_mode == "/think" -%}{{ "<|im_start|>assistant\n" + content.lstrip("\n") + "<|im_end|>\n" }}
    {%- else -%}{{ "<|im_start|>assistant\n" + "<think>\n\n</think>\n" + content.lstrip("\n") + "<|im_end|>\n" }}{%- endif -%}
    {%- endgeneration -%}
  {%- elif message.role == "tool" -%}{{ "<|im_start|>user\n" + content + "<|im_end|>\n" }}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {%- if reasoning_mode == "/think" -%}{{ "<|im_start|>assistant\n" }}{%- else -%}{{ "<|im_start|>assistant\n" + "<think>\n\n</think>\n" }}{%- endif -%}
{%- endif -%}"""
OLMO2 = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|system|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'assistant' %}{% if not loop.last %}{{ '<|assistant|>\n' + message['content'] + eos_token + '\n' }}{% else %}{{ '<|assistant|>\n' + message['content'] + eos_token }}{% endif %}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}"""
GRANITE = """{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}
{%- else %}{%- set system_message = "Knowledge Cutoff Date: April 2024." %}{%- if tools and documents %}{%- set system_message = system_message + " Use the tools and the documents." %}{%- elif tools %}{%- set system_message = system_message + " Use the tools." %}{%- elif documents %}{%- set system_message = system_message + " Use the documents." %}{%- endif %}
{%- if controls and 'citations' in controls and documents %}{%- set system_message = system_message + " Cite." %}{%- endif %}{%- set loop_messages = messages %}{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\n' }}
{%- if tools %}{{- '<|start_of_role|>tools<|end_of_role|>' }}{{- tools | tojson(indent=4) }}{{- '<|end_of_text|>\n' }}{%- endif %}
{%- for message in loop_messages %}{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\n' }}
{%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant' }}{%- if controls %}{{- ' ' + controls | tojson() }}{%- endif %}{{- '<|end_of_role|>' }}{%- endif %}{%- endfor %}"""


def special(*names, **flags):
    return [AddedToken(name, special=True, normalized=False, **flags) for name in names]


def byte_level(pre, normalizer=None, vocab_size=340, extra=()):
    tok = Tokenizer(models.BPE())
    tok.normalizer = normalizer
    tok.pre_tokenizer = pre
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=["<|endoftext|>"], show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(CORPUS, trainer)
    tok.add_tokens(list(extra))
    return tok


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def digits_then_bytes():
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])


def sentence_pieces(order):
    """A SentencePiece BPE with byte fallback, as vocabulary and merges in the order in which the pieces were made."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 4), model_writer=model, model_type="bpe", vocab_size=420, byte_fallback=True, split_digits=True,
        hard_vocab_limit=False, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2, **order)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    vocab = {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}
    merges = []
    for piece, i in vocab.items():
        found = [(piece[:k], piece[k:]) for k in range(1, len(piece)) if piece[:k] in vocab and piece[k:] in vocab]
        merges += [(i, pair) for pair in sorted(found, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))]
    return vocab, [pair for _, pair in sorted(merges, key=lambda entry: entry[0])]


def gemma():
    vocab, merges = sentence_pieces(dict(pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>", add_dummy_prefix=False, user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\n\n", "▁▁", "<table>"]))
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tok.normalizer = normalizers.Replace(" ", "▁")
    tok.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tok.post_processor = processors.TemplateProcessing(single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", vocab["<bos>"])])
    tok.add_special_tokens(special("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"))
    tok.add_tokens([AddedToken(name, special=False, normalized=False) for name in ("\n\n", "▁▁", "<table>")])
    return tok


def phi3():
    vocab, merges = sentence_pieces(dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, add_dummy_prefix=True))
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tok.add_special_tokens(special("<unk>", "<s>"))
    tok.add_tokens([AddedToken("</s>", special=False, normalized=False, rstrip=True)])
    tok.add_special_tokens(special("<|endoftext|>") + special("<|assistant|>", "<|system|>", "<|end|>", "<|user|>", rstrip=True))
    return tok


SPACES = [AddedToken(" " * n, normalized=True, special=False) for n in (4, 3, 2)]
NEOX_ADDED = special("<|padding|>") + SPACES
ENDED = {"eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
NAMED = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
IM = special("<|im_start|>", "<|im_end|>") + [AddedToken(name, special=False, normalized=False) for name in ("<think>", "</think>", "<tools>")]
ROLES = special("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>")
TURNS = special("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|/tool|>", "<|end|>")


def families():
    """name -> tokenizer, config, model type, template"""
    g, p = gemma(), phi3()
    return {
        "gemma": (g, dict(tokenizer_class="GemmaTokenizer", **NAMED), "gemma", GEMMA),
        "gemma2": (g, dict(tokenizer_class="GemmaTokenizer", **NAMED), "gemma2", GEMMA),
        "gemma3": (g, dict(tokenizer_class="GemmaTokenizer", eot_token="<end_of_turn>", **NAMED), "gemma3_text", GEMMA3),
        "phi3": (p, dict(tokenizer_class="LlamaTokenizer", add_bos_token=False, legacy=False, bos_token="<s>", eos_token="<|endoftext|>", pad_token="<|endoftext|>", unk_token="<unk>"), "phi3", PHI3),
        "phi4-mini": (byte_level(split_then_bytes(O200K), extra=TURNS), dict(tokenizer_class="GPT2Tokenizer", add_bos_token=False, **ENDED), "phi3", PHI4),
        "smollm3": (byte_level(split_then_bytes(LLAMA3), extra=IM), dict(tokenizer_class="PreTrainedTokenizerFast", bos_token=None, eos_token="<|im_end|>", pad_token="<|im_end|>"), "smollm3", SMOLLM3),
        "olmo2": (byte_level(split_then_bytes(LLAMA3)), dict(tokenizer_class="GPT2Tokenizer", **ENDED), "olmo2", OLMO2),
        "granite": (byte_level(digits_then_bytes(), extra=ROLES), dict(tokenizer_class="GPT2Tokenizer", **{name: "<|end_of_text|>" for name in ENDED}), "granite", GRANITE),
        "gpt_neox": (byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC(), extra=NEOX_ADDED), dict(tokenizer_class="GPTNeoXTokenizer", add_prefix_space=False, **ENDED), "gpt_neox", None),
        "starcoder2": (byte_level(digits_then_bytes(), extra=special("<fim_prefix>", "<file_sep>")), dict(tokenizer_class="GPT2Tokenizer", add_prefix_space=False, **ENDED), "starcoder2", None),
    }


WORDS = ["the", "The answer", "it's", "WE'RE", "better", "3", "1234", "½", "é", "e\u0301", "日本", "😀", "\u200d", "!", "...", "=", "\x00", "\ufffd", "\ufeff", "<bos>", "<eos>", "<s>", "</s>", "<|endoftext|>", "<|end|>", "<|user|>", "<start_of_turn>", "<end_of_turn>",
         "<think>", "</think>", "<|im_end|>", "<|end_of_text|>", "<table>", "▁", "▁▁", "<0x41>", "/think", "/no_think", "def add(a, b):"]
WHITE = [" ", "  ", "    ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", "\xa0", "\u3000"]


def text(rng, most=8):
    return "".join(rng.choice(WHITE) if rng.random() < 0.45 else rng.choice(WORDS) for _ in range(rng.randrange(most)))


def chat(rng):
    """Messages of usual and unusual roles and contents, with options for the template."""
    system = [dict(role="system", content=rng.choice(["Be brief.", "", "/no_think", "Be kind. /think", "/system_override Only this."]) + text(rng, 3))] if rng.random() < 0.4 else []
    turns = [dict(role="user" if i % 2 == 0 else "assistant", content=text(rng)) for i in range(rng.choice([1, 1, 2, 3, 3, 4]))]
    if rng.random() < 0.1:
        turns.insert(rng.randrange(len(turns)), dict(role=rng.choice(["tool", "user", "assistant"]), content=text(rng)))
    if rng.random() < 0.1:
        turns[0]["content"] = [dict(type="text", text=text(rng)), dict(type="text", text="and")]
    tool = dict(type="function", function=dict(name="add", description="Adds.", parameters=dict(type="object", properties=dict(a=dict(type="number")))))
    options = {}
    if rng.random() < 0.3: options["enable_thinking"] = rng.random() < 0.5
    if rng.random() < 0.2: options["tools"] = [tool]
    if rng.random() < 0.1: options["documents"] = [dict(title="t", text="x")]
    if rng.random() < 0.1: options["controls"] = rng.choice([dict(citations=True), dict(length="short")])
    return dict(messages=system + turns, add_generation_prompt=rng.random() < 0.5, options=options)


def row(rng, is_chat):
    if not is_chat:
        return dict(prompt=text(rng), chosen=text(rng) + "x", rejected=text(rng) + "y")
    prompt = [dict(role="user", content=text(rng) + "q")]
    if rng.random() < 0.3: prompt = [*prompt, dict(role="assistant", content="a" + text(rng, 3)), dict(role="user", content=text(rng) + "?")]
    if rng.random() < 0.3: prompt = [dict(role="system", content=rng.choice(["Be brief.", "/no_think", "x /think"])), *prompt]
    answer = lambda end: [dict(role="assistant", content=text(rng) + end)]
    return dict(prompt=prompt, chosen=answer("x"), rejected=answer("y"))


def prepared(tok, one):
    """TRL's own preparation, with a stub of the trainer around it; its error instead, if there is one."""
    args = SimpleNamespace(dataset_num_proc=None, max_length=None, truncation_mode="keep_start")
    try:
        done = DPOTrainer._prepare_dataset(SimpleNamespace(_tokenizer=tok), Dataset.from_list([one]), tok, args, "train")[0]
        return {key: done[key] for key in ("prompt_ids", "chosen_ids", "rejected_ids")}
    except Exception as error:
        return dict(error=str(error))


def rendered(tok, messages, add_generation_prompt, options):
    try:
        return dict(text=tok.apply_chat_template(messages, add_generation_prompt=add_generation_prompt, tokenize=False, **options))
    except Exception as error:
        return dict(error=str(error))


def answers(tok, rng, counts):
    texts = [text(rng) for _ in range(counts["texts"])] + ["A" * 70, " " * 9 + "x", "日本語" * 5]
    chats = [chat(rng) for _ in range(counts["chats"])] if tok.chat_template else []
    kinds = [tok.chat_template is not None and i % 3 > 0 for i in range(counts["rows"])]
    rows = [row(rng, is_chat) for is_chat in kinds]
    return dict(
        texts=[dict(text=t, ids=(ids := tok(t)["input_ids"]), plain=tok(t, add_special_tokens=False)["input_ids"], decoded=tok.decode(ids), shown=tok.decode(ids, skip_special_tokens=True)) for t in texts],
        chats=[dict(**c, **rendered(tok, **c)) for c in chats],
        rows=[dict(row=r, **prepared(tok, r)) for r in rows],
    )


def main():
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)
    dpo_trainer.logger.warning_once = lambda text: None
    seed, counts, out = 7, dict(texts=30, chats=14, rows=9), FIXTURE
    if len(sys.argv) > 1:
        seed, out = int(sys.argv[1]), sys.argv[3]
        counts = {name: int(sys.argv[2]) for name in counts}
    cases = {}
    for name, (tok, config, model_type, template) in families().items():
        with tempfile.TemporaryDirectory() as folder:
            files = {"tokenizer.json": json.loads(tok.to_str()), "tokenizer_config.json": {**config, **({"chat_template": template} if template else {})}, "config.json": {"model_type": model_type}}
            for file, content in files.items():
                with open(os.path.join(folder, file), "w") as f:
                    json.dump(content, f, ensure_ascii=False)
            made = AutoTokenizer.from_pretrained(folder)
            cases[name] = dict(files=files, made=type(made).__name__, special=made.special_tokens_map, length=len(made), **answers(made, random.Random(f"{seed} {name}"), counts))
    versions = {m.__name__: m.__version__ for m in (trl, transformers, tokenizers, sentencepiece)}
    with open(out, "w") as f:
        json.dump(dict(made_by="scripts/make_family_tokenizers_fixture.py", versions=versions, cases=cases), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
