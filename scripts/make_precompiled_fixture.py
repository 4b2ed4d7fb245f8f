"""Writes test/fixtures/precompiled.json: a small Unigram model whose normalizer is a table that SentencePiece compiled,
with the normalized texts, ids and decoded texts of Hugging Face's tokenizers.

    python scripts/make_precompiled_fixture.py

The table has the rules of SentencePiece's nmt_nfkc for some blocks of Unicode: all of them would take 240 kB.
Needs sentencepiece, protobuf and tokenizers (their versions are written into the file).
"""

import base64
import io
import json
import os
import random
import tempfile
import unicodedata

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
CORPUS = ["A preference is a prompt with two answers, one of which people like better than the other.",
          "Is a higher octane gasoline better for your car? It's not: use what the manual says.",
          "Der Tisch ist grün, la table est à côté, 日本語のテスト, привет, 한국어 12."] * 20
BLOCKS = [(0xA0, 0x180), (0x1100, 0x1113), (0x1E00, 0x1E20), (0x2000, 0x2070), (0x2150, 0x2160), (0x2460, 0x2470),
          (0x3000, 0x3001), (0x3300, 0x3310), (0xAC00, 0xAC10), (0xF900, 0xF908), (0xFB00, 0xFB07), (0xFDFA, 0xFDFB),
          (0xFF01, 0xFFA0), (0x1D400, 0x1D410)]
MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0327\u0323"
DROPPED = [*range(1, 9), 11, *range(14, 32), 127, 143, 159, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF, 0xFFF9]
SPACES = [9, 10, 12, 13, 0x85, 0xA0, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
TEXTS = ["", " ", "   a  b ", "ﬁne ﬂag", "Ｆｕｌｌ　ｗｉｄｔｈ！", "ｶﾞﾊﾟ", "e\u0301 é e\u0323\u0301", "①½²", "ﷺ", "\u1100\u1161\u11a8 각 \u1100\u1161",
         "a\u200db\u200cc\ufeffd", "line\r\nline\tend\x07", "한국어", "👩\u200d👩\u200d👧 🇩🇪🇫🇷 1\ufe0f\u20e3", "\u0928\u093f\u0928\u094d\u0926", "𝐀𝐁", "㌀㌍", "e\u0301\u0301\u0301", "x" * 40,
         "\u0000a", "Å\u030a", "ŀ ŉ Ǆ", "日本語のテスト", "\u2126\u212b"]


def rules():
    """The longest first, as SentencePiece's: composed characters by each of their spellings."""
    table = {}
    for first, last in BLOCKS:
        for code in range(first, last):
            character = chr(code)
            normal = unicodedata.normalize("NFKC", character)
            if normal != character:
                table[character] = normal
            decomposed = unicodedata.normalize("NFD", character)
            if len(decomposed) > 1:
                table[decomposed] = unicodedata.normalize("NFKC", decomposed)
    for letter in "aeioucnAEIOUCN":
        for one in MARKS:
            for two in ["", *MARKS]:
                text = letter + one + two
                if unicodedata.normalize("NFKC", text) != text:
                    table[text] = unicodedata.normalize("NFKC", text)
    for kana in range(0xFF66, 0xFF9E):
        for mark in "\uff9e\uff9f":
            table[chr(kana) + mark] = unicodedata.normalize("NFKC", chr(kana) + mark)
    table.update({chr(code): " " for code in SPACES})
    table.update({chr(code): "" for code in DROPPED})
    return table


def codes(text):
    return " ".join(f"{ord(character):X}" for character in text)


def train():
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "rules.tsv")
        with open(place, "w") as f:
            f.writelines(f"{codes(source)}\t{codes(target)}\n" for source, target in rules().items())
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=out, vocab_size=130, model_type="unigram",
                                                 normalization_rule_tsv=place, hard_vocab_limit=False, minloglevel=2, num_threads=1)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(out.getvalue())
    return proto


def texts():
    rng = random.Random(0)
    pool = [*"ab e", *MARKS, *map(chr, DROPPED), *map(chr, SPACES), "\u1161", "\u11a8", "\u200d", "\ufe0f", "👩", "🇩", "\u093f", "\u094d", "\u0915",
            *(chr(code) for first, last in BLOCKS for code in range(first, last))]
    return TEXTS + ["".join(rng.choice(pool) for _ in range(rng.randint(1, 9))) for _ in range(400)]


def main():
    proto = train()
    charsmap = proto.normalizer_spec.precompiled_charsmap
    normalizer = normalizers.Precompiled(charsmap)
    tok = Tokenizer(models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], unk_id=0, byte_fallback=False))
    tok.normalizer = normalizers.Sequence([normalizer, normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.decoder = decoders.Metaspace()
    out = []
    for text in texts():
        ids = tok.encode(text).ids
        out.append(dict(text=text, normalized=normalizer.normalize_str(text), ids=ids, decoded=tok.decode(ids)))
    versions = dict(sentencepiece=sentencepiece.__version__, tokenizers=tokenizers.__version__)
    fixture = dict(made_by="scripts/make_precompiled_fixture.py", versions=versions, charsmap=base64.b64encode(charsmap).decode(), json=json.loads(tok.to_str()), texts=out)
    del fixture["json"]["normalizer"]["normalizers"][0]["precompiled_charsmap"]  # stored once
    with open(os.path.join(FIXTURES, "precompiled.json"), "w") as f:
        json.dump(fixture, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
