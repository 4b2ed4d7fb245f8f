"""Writes test/fixtures/family-chats.json: small tokenizers built as those of Gemma, Phi-3, SmolLM3 and Granite, with
chat templates of the same construction, and the ids that TRL makes of preference rows with them.

    python scripts/make_family_chats_fixture.py

Needs trl, transformers, tokenizers and datasets (versions are written into the file).
"""

import json
import logging
import os
from types import SimpleNamespace

import datasets
import tokenizers
import transformers
import trl
from datasets import Dataset
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
from trl import DPOTrainer

OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "family-chats.json")
CORPUS = "user model assistant system think Why is the sky blue? Because of the light. Be brief. Yes. No. 12 34".split()

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}{{ '<turn>' + role + '\\n' + message['content'] | trim + '<end>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<turn>model\\n' }}{% endif %}"""
FOLDED = """{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\\n\\n' -%}{%- set rest = messages[1:] -%}{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}
{%- for message in rest -%}
    {{ '<turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' + (first if loop.first else '') }}
    {%- if message['content'] is string -%}{{ message['content'] | trim }}{%- else -%}{%- for part in message['content'] -%}{{ part['text'] | trim }}{%- endfor -%}{%- endif -%}
    {{ '<end>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<turn>model\\n' }}{%- endif -%}"""
PHI = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{ '<|system|>\\n' + message['content'] + '<end>\\n' }}{% elif message['role'] == 'user' %}{{ '<|user|>\\n' + message['content'] + '<end>\\n' }}{% elif message['role'] == 'assistant' %}{{ '<|assistant|>\\n' + message['content'] + '<end>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""
SWITCH = """{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}
{%- set mode = '/think' if enable_thinking else '/no_think' -%}
{%- set own = '' -%}
{%- if messages[0].role == 'system' -%}
    {%- if '/no_think' in messages[0].content -%}{%- set mode = '/no_think' -%}{%- elif '/think' in messages[0].content -%}{%- set mode = '/think' -%}{%- endif -%}
    {%- set own = messages[0].content.replace('/no_think', '').replace('/think', '').rstrip() -%}
{%- endif -%}
{{- '<turn>system\\nMode: ' + mode + '\\n' + own + '<end>\\n' -}}
{%- for message in messages -%}
    {%- if message.role == 'user' -%}{{ '<turn>user\\n' + message.content + '<end>\\n' }}
    {%- elif message.role == 'assistant' -%}{{ '<turn>assistant\\n' + ('' if mode == '/think' else '<think>\\n\\n</think>\\n') + message.content.lstrip('\\n') + '<end>\\n' }}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<turn>assistant\\n' + ('' if mode == '/think' else '<think>\\n\\n</think>\\n') }}{%- endif -%}"""
GRANITE = """{%- if messages[0]['role'] == 'system' %}{%- set own = messages[0]['content'] %}{%- set rest = messages[1:] %}{%- else %}{%- set own = 'Be brief.' %}{%- if tools %}{%- set own = own + ' Tools.' %}{%- endif %}{%- set rest = messages %}{%- endif %}
{{- '<turn>system<role>' + own + '<end>\\n' }}
{%- if tools %}{{- '<turn>tools<role>' + tools | tojson(indent=4) + '<end>\\n' }}{%- endif %}
{%- for message in rest %}{{- '<turn>' + message['role'] + '<role>' + message['content'] + '<end>\\n' }}
    {%- if loop.last and add_generation_prompt %}{{- '<turn>assistant<role>' }}{%- endif %}
{%- endfor %}"""
SPECIAL = ["<turn>", "<end>", "<role>", "<|system|>", "<|user|>", "<|assistant|>"]
BOS = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])


def sentencepiece(prefix):
    """SentencePiece's BPE as in tokenizer.json: byte fallback; Gemma puts no space before a text, Phi-3 does."""
    tok = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    steps = [normalizers.Prepend("▁")] if prefix else []
    tok.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=340, special_tokens=special, show_progress=False, min_frequency=1)
    tok.train_from_iterator(["▁".join(CORPUS)], trainer)
    state = json.loads(tok.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["id"] < 4]
    tok = Tokenizer.from_str(json.dumps(state))
    end = [decoders.Strip(" ", 1, 0)] if prefix else []
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *end])
    tok.add_special_tokens([AddedToken(token, rstrip=prefix, special=True) for token in SPECIAL])
    if not prefix:
        tok.post_processor = BOS
    return PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>")


def byte_level():
    tok = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tok.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<pad>", "<eos>", *SPECIAL], show_progress=False, min_frequency=1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tok.train_from_iterator([" ".join(CORPUS)], trainer)
    tok.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<eos>", eos_token="<eos>", pad_token="<pad>")


def turn(role, content):
    return dict(role=role, content=content)


def row(prompt, chosen="Because of the light.", rejected="No", **more):
    return dict(prompt=prompt, chosen=[turn("assistant", chosen)], rejected=[turn("assistant", rejected)], **more)


USER = turn("user", " Why is the sky blue? ")
TOOL = dict(type="function", function=dict(name="sky", description="é", parameters=dict(type="object", properties={})))
ROWS = {
    "turns": [row([USER]), row([USER, turn("assistant", "Yes."), turn("user", "Why?")], "\n\nBecause", ""),
              row([turn("user", "日本 😀 e\u0301\n\n  x")], "ü<end>", "<bos>No")],
    "system": [row([turn("system", "Be brief. "), USER])],
    "/no_think": [row([turn("system", "Be brief. /no_think"), USER])],
    "/think": [row([turn("system", "/think"), USER], chat_template_kwargs=dict(enable_thinking=False))],
    "enable_thinking": [row([USER], chat_template_kwargs=dict(enable_thinking=False))],
    "parts": [row([turn("user", [dict(type="text", text=" Why "), dict(type="text", text="12")])])],
    "tools": [row([USER], tools=json.dumps([TOOL]))],
    "texts": [dict(prompt="<bos>Why", chosen=" Yes.", rejected=" é"), dict(prompt=" Why", chosen="\tNo", rejected="")],
}


def prepare(tokenizer, rows):
    """TRL's own preparation, with a stub of the trainer around it."""
    args = SimpleNamespace(dataset_num_proc=None, max_length=None, truncation_mode="keep_start")
    try:
        prepared = DPOTrainer._prepare_dataset(SimpleNamespace(_tokenizer=tokenizer), Dataset.from_list(rows), tokenizer, args, "train")
    except Exception as error:
        return dict(error=type(error).__name__)
    return dict(pairs=[{key: one[key] for key in ("prompt_ids", "chosen_ids", "rejected_ids")} for one in prepared])


def main():
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)
    gemma, phi, bytes_ = sentencepiece(False), sentencepiece(True), byte_level()
    kinds = dict(gemma=(gemma, "gemma", GEMMA), gemma3=(gemma, "gemma", FOLDED), phi3=(phi, "phi3", PHI),
                 smollm3=(bytes_, "bytes", SWITCH), granite=(bytes_, "bytes", GRANITE))
    families = {}
    for name, (tokenizer, file, template) in kinds.items():
        tokenizer.chat_template = template
        prepared = {kind: prepare(tokenizer, rows) for kind, rows in ROWS.items()}
        print(name, {kind: one.get("error", "runs") for kind, one in prepared.items()})
        families[name] = dict(tokenizer=file, chat_template=template, prepared=prepared)
    files = {file: json.loads(tokenizer.backend_tokenizer.to_str()) for tokenizer, file, _ in kinds.values()}
    special = {file: {k: v for k, v in t.special_tokens_map.items() if isinstance(v, str)} for t, file, _ in kinds.values()}
    fixture = dict(
        made_by="scripts/make_family_chats_fixture.py",
        versions={m.__name__: m.__version__ for m in (trl, transformers, tokenizers)},
        tokenizers={file: dict(json=files[file], config=special[file]) for file in files}, rows=ROWS, families=families,
    )
    with open(OUT, "w") as f:
        json.dump(fixture, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
