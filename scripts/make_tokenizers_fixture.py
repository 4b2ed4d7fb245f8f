"""Writes test/fixtures/tokenizers.json: small tokenizers of common kinds (Llama 3, Qwen2, SmolLM, Llama 2,
Mistral, Gemma, Unigram), trained on a few lines, with the ids and texts of Hugging Face's tokenizers for awkward texts.

    python scripts/make_tokenizers_fixture.py

Needs tokenizers (its version is written into the file).
"""

import json
import os
import random

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
CORPUS = """
A preference is a prompt with two answers, one of which people like better than the other. Is a higher octane gasoline
better for your car? It's not: use what the manual says, and you'll be fine. They've tried 1234 cars and WE'RE sure.
Write a short list of 3 things: one, two, three. Here is a function that returns the sum of two numbers. I don't know
what they'd say; perhaps that's all. Der Tisch ist grün, la table est à côté, 日本語のテスト, привет. 😀 😀 👍
    def add(a, b):
        return a + b
"""
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
BYTES = [f"<0x{i:02X}>" for i in range(256)]


def byte_level(normalizer, pre_tokenizer, special, ignore_merges=False, added=()):
    tok = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tok.normalizer = normalizer
    tok.pre_tokenizer = pre_tokenizer
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(
        vocab_size=380, special_tokens=special, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tok.add_tokens(list(added))
    return tok


def split(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentencepiece(normalizer, pre_tokenizer, decoder, added=()):
    """SentencePiece BPE: bytes only for unknown characters, spaces as ▁."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(vocab_size=200, show_progress=False, limit_alphabet=70))
    model = json.loads(trained.to_str())["model"]
    tokens = ["<unk>", "<s>", "</s>", *BYTES, *model["vocab"]]
    vocab = {t: i for i, t in enumerate(dict.fromkeys(tokens))}
    merges = [tuple(m) for m in model["merges"]]
    for run in ("▁▁", "▁▁▁▁"):  # Llama's vocabulary has runs of spaces
        if run not in vocab:
            vocab[run] = len(vocab)
            merges.append((run[: len(run) // 2], run[: len(run) // 2]))
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tok.normalizer = normalizer
    if pre_tokenizer:
        tok.pre_tokenizer = pre_tokenizer
    tok.decoder = decoder
    tok.add_special_tokens(["<unk>", "<s>", "</s>"])
    tok.add_tokens(list(added))
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tok


def unigram():
    tok = Tokenizer(models.Unigram())
    tok.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.decoder = decoders.Metaspace()
    tok.train_from_iterator(CORPUS.split("\n"), trainers.UnigramTrainer(vocab_size=180, show_progress=False, special_tokens=["<unk>", "</s>"], unk_token="<unk>"))
    tok.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tok


def fuse(*before, strip=True):
    return decoders.Sequence([*before, decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                              *([decoders.Strip(" ", 1, 0)] if strip else [])])


def kinds():
    llama3 = byte_level(None, split(LLAMA3), ["<|begin_of_text|>", "<|eot_id|>"], ignore_merges=True)
    llama3.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)])])
    spm = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    flags = [AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
             AddedToken("<word>", single_word=True, normalized=False), AddedToken("<Norm al>", normalized=True), AddedToken("é", normalized=True)]
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return {
        "llama 3": llama3,
        "qwen 2": byte_level(normalizers.NFC(), split(QWEN2), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                             added=[AddedToken("<tool_call>", normalized=False), AddedToken("<think>", normalized=False)]),
        "smollm": byte_level(None, digits, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
        "added tokens with flags": byte_level(normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=True), ["<s>"], added=flags),
        "llama 2": sentencepiece(spm, None, fuse()),
        "llama 2, added tokens with flags": sentencepiece(spm, None, fuse(), added=flags),
        "mistral": sentencepiece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), fuse()),
        "metaspace words": sentencepiece(None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True), decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(), decoders.Fuse()])),
        "gemma": sentencepiece(normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous"), fuse(strip=False)),
        "unigram": unigram(),
    }


def pieces(rng, extra):
    white = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\x85", "\xa0", "\u3000", "\ufeff", "\u200b"]
    words = ["'s", "'RE", "'ſ", "'", "the", "octane", "Is", "2", "1234", "½", "é", "e\u0301", "日本", "😀", "👩‍👧", "!", "...", "=", "▁",
             "<|endof", "text|>", "<|", "ﬁ", "\x00", "\ufffd", "𝕳", "<0x41>", "Ⅷ", "٣", "\u1680", "ＡＢ", "don't", *extra]
    return "".join(rng.choice(white) if rng.random() < 0.4 else rng.choice(words) for _ in range(rng.randrange(0, 14)))


def compact(tok):
    value = json.loads(tok.to_str())
    if "merges" in value["model"]:
        value["model"]["merges"] = [" ".join(m) for m in value["model"]["merges"]]
    return value


def main():
    rng = random.Random(5)
    out = {}
    for name, tok in kinds().items():
        added = [t.content for t in tok.get_added_tokens_decoder().values()]
        texts = ["", " ", "a", "  a", "a  ", CORPUS] + CORPUS.split("\n")[1:3] + [pieces(rng, added * 2) for _ in range(60)]
        lists = [[rng.randrange(tok.get_vocab_size()) for _ in range(rng.randrange(0, 9))] for _ in range(30)]
        out[name] = dict(
            json=compact(tok),
            texts=[dict(text=t, ids=(ids := tok.encode(t).ids), decoded=tok.decode(ids, skip_special_tokens=False)) for t in texts],
            lists=[dict(ids=i, decoded=tok.decode(i, skip_special_tokens=False)) for i in lists],
        )
    with open(os.path.join(FIXTURES, "tokenizers.json"), "w") as f:
        json.dump(dict(made_by="scripts/make_tokenizers_fixture.py", version=tokenizers.__version__, kinds=out), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
