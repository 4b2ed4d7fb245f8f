"""Random tokenizers of Hugging Face's kinds, with the ids and texts that the tokenizers package gives.

    python scripts/random_tokenizers.py SEED COUNT FILE

`npx tsx scripts/compareTokenizers.ts FILE` compares. Needs tokenizers. With `fixture` as the only argument, writes
test/fixtures/random-tokenizers.json, a few of them with short vocabularies.
"""

import json
import os
import random
import sys

import tokenizers
from tokenizers import Tokenizer

BYTE_CHARS = [chr(b) if 32 < b < 127 or 160 < b < 256 and b != 173 else None for b in range(256)]
_extra = iter(range(256, 512))
BYTE_CHARS = [c if c is not None else chr(next(_extra)) for c in BYTE_CHARS]
BYTES = [f"<0x{i:02X}>" for i in range(256)]
PATTERNS = [
    r"'s|'t|'re| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"\d{1,3}(?=(?:\d{3})*\b)", r"(?=(\d{3})+(?!\d))", r"\w+", r"[[:punct:]]", r"\s", r"(?>a|b)+", r"(?<=a)b", r"\p{Han}", r"[^\n]+|[\n]+", r"x*", r"\h+", r"a++b", r"$", r"\b",
]
BEHAVIORS = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
WORDS = ["the", "a", "b", "ab", "abc", "don't", "WE'RE", "it's", "1234", "7", "12", "½", "é", "e\u0301", "ß", "İ", "ΑΣ", "日本", "漢字", "かな", "😀", "👩\u200d👧", "!", "...", "=", "▁", "ﬁ",
         "ＡＢ", "\x00", "\x07", "\ufffd", "\ufeff", "\u200b", "\u200d", "Ⅷ", "٣", "²", "ſ", "<s>", "</s>", "[MASK]", "<tok>", "</w>", "##", "##ab", "<0x41>", "ab", "ba", "$", "_", "-", "\u093f", "\u0301"]
ADDED = ["<tok>", "[MASK]", "ab", "é", " ", "▁a", "É", "1", "the", "<to", "<tok>2", "abc", "a", "  ", "\n", " a", "b ", "e\u0301", "ＡＢ", "THE", "日", "😀", "Ġa", "a\u200db", "##ab", "<0x41>", "\ufeff", ""]
WHITE = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\x85", "\xa0", "\u3000"]


def text(rng, more=()):
    out = []
    for _ in range(rng.randrange(0, 12)):
        out.append(rng.choice(WHITE) if rng.random() < 0.4 else rng.choice([*more, *WORDS] if rng.random() < 0.5 else (list(more) or WORDS)))
    return "".join(out)


def maybe(rng, p, make, other=None):
    return make() if rng.random() < p else other


def pattern(rng):
    return {"String": rng.choice([" ", "a", "ab", "▁", "\n", "."])} if rng.random() < 0.4 else {"Regex": rng.choice(PATTERNS)}


def normalizer(rng, depth=1):
    kind = rng.choice(["NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Lowercase", "Nmt", "Strip", "Replace", "Prepend", "BertNormalizer", "ByteLevel", "Sequence"])
    if kind == "Strip":
        return dict(type=kind, strip_left=rng.random() < 0.5, strip_right=rng.random() < 0.5)
    if kind == "Replace":
        return dict(type=kind, pattern=pattern(rng), content=rng.choice(["", "▁", " ", "xy", "$1", "$&"]))
    if kind == "Prepend":
        return dict(type=kind, prepend=rng.choice(["▁", " ", "ab"]))
    if kind == "BertNormalizer":
        return dict(type=kind, clean_text=rng.random() < 0.7, handle_chinese_chars=rng.random() < 0.7, strip_accents=rng.choice([None, True, False]), lowercase=rng.random() < 0.5)
    if kind == "Sequence":
        return dict(type=kind, normalizers=[normalizer(rng, depth - 1) for _ in range(rng.randrange(0, 4))]) if depth else dict(type="NFC")
    return dict(type=kind)


def pre_tokenizer(rng, depth=1):
    kind = rng.choice(["ByteLevel", "Metaspace", "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "Split", "Split", "Split", "Punctuation", "Digits", "CharDelimiterSplit", "FixedLength", "Sequence"])
    if kind == "ByteLevel":
        return dict(type=kind, add_prefix_space=rng.random() < 0.5, trim_offsets=True, use_regex=rng.random() < 0.7)
    if kind == "Metaspace":
        return dict(type=kind, replacement=rng.choice(["▁", "_"]), prepend_scheme=rng.choice(["always", "first", "never"]), split=rng.random() < 0.6)
    if kind == "Split":
        return dict(type=kind, pattern=pattern(rng), behavior=rng.choice(BEHAVIORS), invert=rng.random() < 0.2)
    if kind == "Punctuation":
        return dict(type=kind, behavior=rng.choice(BEHAVIORS))
    if kind == "Digits":
        return dict(type=kind, individual_digits=rng.random() < 0.5)
    if kind == "CharDelimiterSplit":
        return dict(type=kind, delimiter=rng.choice([" ", "a"]))
    if kind == "FixedLength":
        return dict(type=kind, length=rng.choice([1, 2, 5]))
    if kind == "Sequence":
        return dict(type=kind, pretokenizers=[pre_tokenizer(rng, depth - 1) for _ in range(rng.randrange(0, 4))]) if depth else dict(type="Whitespace")
    return dict(type=kind)


def decoder(rng, depth=1):
    kind = rng.choice(["ByteLevel", "ByteFallback", "Fuse", "Strip", "Metaspace", "Replace", "WordPiece", "BPEDecoder", "CTC", "Sequence", "Sequence"])
    if kind == "ByteLevel":
        return dict(type=kind, add_prefix_space=True, trim_offsets=True, use_regex=True)
    if kind == "Strip":
        return dict(type=kind, content=rng.choice([" ", "a"]), start=rng.randrange(0, 3), stop=rng.randrange(0, 3))
    if kind == "Metaspace":
        return dict(type=kind, replacement="▁", prepend_scheme=rng.choice(["always", "first", "never"]), split=True)
    if kind == "Replace":
        return dict(type=kind, pattern=pattern(rng), content=rng.choice(["", " ", "xy"]))
    if kind == "WordPiece":
        return dict(type=kind, prefix="##", cleanup=rng.random() < 0.5)
    if kind == "BPEDecoder":
        return dict(type=kind, suffix="</w>")
    if kind == "CTC":
        return dict(type=kind, pad_token="<pad>", word_delimiter_token="a", cleanup=rng.random() < 0.5)
    if kind == "Sequence":
        return dict(type=kind, decoders=[decoder(rng, depth - 1) for _ in range(rng.randrange(1, 4))]) if depth else dict(type="Fuse")
    return dict(type=kind)


def alphabet(rng):
    base = list("abcdehinorstWERN'1234▁_ .!=é日本漢字▁Ġ")
    if rng.random() < 0.4:
        base += BYTE_CHARS
    return list(dict.fromkeys(base))


def bpe(rng):
    prefix = maybe(rng, 0.15, lambda: "##")
    suffix = maybe(rng, 0.15, lambda: "</w>")
    vocab, merges = ["<unk>"], []
    for c in alphabet(rng):
        for token in {c, (prefix or "") + c, c + (suffix or ""), (prefix or "") + c + (suffix or "")}:
            vocab.append(token)
    if rng.random() < 0.4:
        vocab += BYTES if rng.random() < 0.7 else BYTES[:200]
    for _ in range(rng.randrange(0, 60)):
        left, right = rng.choice(vocab[1:]), rng.choice(vocab[1:])
        if suffix and left.endswith(suffix) or prefix and not right.startswith(prefix) or " " in left + right:
            continue
        whole = left + right[len(prefix or ""):]
        vocab.append(whole)
        merges.append([left, right])
    vocab = list(dict.fromkeys(vocab))
    return dict(type="BPE", dropout=None, unk_token=rng.choice(["<unk>", None]), continuing_subword_prefix=prefix, end_of_word_suffix=suffix, fuse_unk=rng.random() < 0.5,
                byte_fallback=rng.random() < 0.5, ignore_merges=rng.random() < 0.3, vocab={t: i for i, t in enumerate(vocab)}, merges=merges)


def pieces(rng, prefix=""):
    chars = alphabet(rng)
    out = ["<unk>", *chars]
    for _ in range(rng.randrange(0, 60)):
        out.append("".join(rng.choice(chars) for _ in range(rng.randrange(1, 5))))
    if prefix:
        out += [prefix + t for t in out[1:]]
    return list(dict.fromkeys(out))


def unigram(rng):
    vocab = pieces(rng)
    if rng.random() < 0.5:
        vocab += BYTES if rng.random() < 0.7 else BYTES[:200]
    return dict(type="Unigram", unk_id=0, byte_fallback=rng.random() < 0.5, vocab=[[t, round(-rng.random() * 10, rng.choice([0, 3]))] for t in vocab])


def word_piece(rng):
    return dict(type="WordPiece", unk_token="<unk>", continuing_subword_prefix="##", max_input_chars_per_word=rng.choice([100, 5]), vocab={t: i for i, t in enumerate(pieces(rng, "##"))})


def word_level(rng):
    return dict(type="WordLevel", unk_token="<unk>", vocab={t: i for i, t in enumerate(list(dict.fromkeys([*pieces(rng), *WORDS])))})


def post_processor(rng, first, count):
    kind = rng.choice(["ByteLevel", "TemplateProcessing", "RobertaProcessing", "BertProcessing", "Sequence"])
    bos, eos = ("<s>", first), ("</s>", first + 1)
    if kind == "ByteLevel":
        return dict(type=kind, add_prefix_space=True, trim_offsets=False, use_regex=True)
    if kind in ("RobertaProcessing", "BertProcessing"):
        extra = dict(trim_offsets=True, add_prefix_space=True) if kind[0] == "R" else {}
        return dict(type=kind, sep=list(eos), cls=list(bos), **extra)
    if kind == "TemplateProcessing":
        special = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
        single = [special("<s>")] * rng.randrange(0, 3) + [{"Sequence": {"id": "A", "type_id": 0}}] + [special("</s>")] * rng.randrange(0, 2)
        return dict(type=kind, single=single, pair=[{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                    special_tokens={"<s>": dict(id="<s>", ids=[bos[1], 0][: rng.randrange(1, 3)], tokens=["<s>", "<unk>"]), "</s>": dict(id="</s>", ids=[eos[1]], tokens=["</s>"])})
    return dict(type=kind, processors=[dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), *([post_processor(rng, first, count)] if count else [])])


def tokenizer(rng):
    model = rng.choice([bpe, bpe, unigram, word_piece, word_level])(rng)
    vocab = model["vocab"]
    names = [t for t, _ in vocab] if isinstance(vocab, list) else list(vocab)
    first = len(names)
    contents = ["<s>", "</s>", *rng.sample(ADDED, rng.randrange(0, 7))]
    if rng.random() < 0.2:
        contents.append(rng.choice(contents))  # once more, with other flags
    numbers_anew = rng.random() < 0.1  # the package takes no notice of the file's ids
    if numbers_anew:
        contents.insert(rng.randrange(len(contents)), "")
    added, ids, next_id = [], {}, first
    for c in contents:
        if c not in ids:
            ids[c] = names.index(c) if c in names else next_id
            next_id += ids[c] == next_id and c != ""
        ident = ids[c] + rng.randrange(3) if numbers_anew else ids[c]
        flags = dict(single_word=rng.random() < 0.2, lstrip=rng.random() < 0.25, rstrip=rng.random() < 0.25, normalized=rng.random() < 0.4, special=c in ("<s>", "</s>") or rng.random() < 0.2)
        added.append(dict(id=ident, content=c, **flags))
    return dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=maybe(rng, 0.6, lambda: normalizer(rng)), pre_tokenizer=maybe(rng, 0.8, lambda: pre_tokenizer(rng)),
                post_processor=maybe(rng, 0.5, lambda: post_processor(rng, names.index("<s>") if "<s>" in names else added[0]["id"], 1)), decoder=maybe(rng, 0.8, lambda: decoder(rng)), model=model)


def answers(value, rng, count):
    """None where the tokenizers package refuses the file."""
    try:
        tok = Tokenizer.from_str(json.dumps(value))
        normal = {t["content"]: tok.normalizer.normalize_str(t["content"]) if tok.normalizer else t["content"] for t in value["added_tokens"] if t["normalized"]}
        if len(set(normal.values())) < len(normal):
            return None  # of added tokens that normalize to one text, the package draws one at each load
    except BaseException:
        return None
    added = [t["content"] for t in value["added_tokens"]]
    size = tok.get_vocab_size() + 2
    out = []
    for _ in range(count):
        t = text(rng, added)
        drawn = [rng.randrange(size) for _ in range(rng.randrange(0, 8))] + [rng.choice(value["added_tokens"])["id"]]
        rng.shuffle(drawn)
        try:
            ids, plain = tok.encode(t).ids, tok.encode(t, add_special_tokens=False).ids
            out.append(dict(text=t, ids=ids, plain=plain, decoded=tok.decode(ids, skip_special_tokens=False), skipped=tok.decode(ids),
                            drawn=drawn, drawnDecoded=tok.decode(drawn, skip_special_tokens=False), drawnSkipped=tok.decode(drawn)))
        except BaseException:
            out.append(dict(text=t, error=True))
    return out


def main(seed, count, path):
    rng = random.Random(seed)
    out = []
    while len(out) < count:
        value = tokenizer(rng)
        given = answers(value, rng, 12)
        if given is not None:
            out.append(dict(json=value, texts=given))
    with open(path, "w") as f:
        json.dump(out, f, ensure_ascii=False)


def fixture():
    """Tokenizers with few tokens, of which each kind of each part is in some."""
    rng = random.Random(3)
    out, size = [], 0
    while len(out) < 60:
        value = tokenizer(rng)
        if len(json.dumps(value)) > 6_000:
            continue
        given = answers(value, rng, 6)
        if given is not None and not any("error" in one for one in given):
            out.append(dict(json=value, texts=given))
    path = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "random-tokenizers.json")
    with open(path, "w") as f:
        json.dump(dict(made_by="scripts/random_tokenizers.py fixture", version=tokenizers.__version__, cases=out), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__" and sys.argv[1:] == ["fixture"]:
    fixture()
elif __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
