"""Writes test/fixtures/patterns.json: how Hugging Face's tokenizers (Oniguruma) split texts by regular expressions, those
that JavaScript lacks among them, and random ones.

    python scripts/make_patterns_fixture.py

Needs tokenizers (its version is written into the file).
"""

import json
import os
import random

import tokenizers
from tokenizers import Regex, pre_tokenizers

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
WRITTEN = [
    (r"a{1,3}+", "aaaaa aa"), (r"a{2}?", "aaaaa"), (r"a++b", "aaab"), (r"a?+a", "aa"), (r"\h", "afxg1"), (r"[[:alpha:]]+", "ab12é"), (r"[[:^alpha:]]", "a1"), (r"[[:punct:]]", "a$.+é€"),
    (r"\Gab", "ababxab"), (r"a\z", "aa"), (r"a\Z", "a\na\n"), (r"^a", "a\na\nba"), (r"b$", "b\nab"), (r"(?m:.)+", "a\nb"), (r".+", "a\nb"), (r"(?=(\d{3})+(?!\d))", "12345678"), (r"x*", "axxb"),
    (r"\R", "a\r\nb\nc"), (r"\p{Han}+", "漢字ab"), (r"\p{^L}", "ab1"), (r"\P{L}", "ab1"), (r"\p{hiragana}", "あa"), (r"\p{letter}", "a1"), (r"[a-z&&[^b]]+", "abc"), (r"[^a-c[x-z]]+", "abmxyz"),
    (r"(?<=ab|c)d", "abdcdxd"), (r"(?<!a)d", "adbd"), (r"a{,2}", "aaaaa"), (r"\x41\x{42}\u0043", "ABC"), (r"(?x: a b ) c", "ab c"), (r"(?i)ab(?-i)C", "ABC aBc"), (r"a|(?i)b|c", "A B C b"),
    (r"\b\w", "ab cd é1"), (r"[]a]", "]a"), (r"a**", "aab"), (r"a??", "aa"), (r"\O", "a\n"), (r"\N+", "a\nb"), (r"\_", "_"), (r"(?>a|ab)c", "abcac"), (r"(?i:k)", "kK\u212a"), (r"\w", "²é_\u200d"),
    (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+", "I'll  see 12 THINGS!!\r\n\n  ok"), (r"\d{1,3}(?=(?:\d{3})*\b)", "1234567 12"),
]
ATOMS = ["a", "b", "c", " ", r"\n", r"\s", r"\S", r"\d", r"\w", r"\W", ".", "[ab]", "[^a]", r"\p{L}", r"\p{N}", r"\p{Lu}", r"[\r\n]", r"[^\s\p{L}]", "^", "$", r"\b", r"\B", r"\z", r"\Z", "é", "[a-c&&[^b]]", "[[:alpha:]]", r"\h", "1", "A", "'"]
GROUPS = ["(?:%s)", "(%s)", "(?>%s)", "(?=%s)", "(?!%s)", "(?<=%s)", "(?<!%s)", "(?i:%s)", "(?m:%s)"]
COUNTS = ["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{,2}", "{1,}", "{1,2}?", "{2}?"]
TEXT = [*"aabbcAB 1 \n\r'é_", "\u0301", "ſ", "漢", "😀", "²", "\t"]


def atom(rng, depth):
    if depth <= 0 or rng.random() < 0.6:
        return rng.choice(ATOMS)
    return rng.choice(GROUPS) % expression(rng, depth - 1)


def sequence(rng, depth):
    return "".join(atom(rng, depth) + (rng.choice(COUNTS) if rng.random() < 0.4 else "") for _ in range(rng.randrange(0, 4)))


def expression(rng, depth):
    return "|".join(sequence(rng, depth) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def split(pattern, text):
    """None where the pattern is refused."""
    try:
        return [part for part, _ in pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str(text)]
    except BaseException:
        return None


def main():
    rng = random.Random(7)
    out = [[pattern, text, split(pattern, text)] for pattern, text in WRITTEN]
    while len(out) < 600:
        pattern, text = expression(rng, 2), "".join(rng.choice(TEXT) for _ in range(rng.randrange(1, 12)))
        parts = split(pattern, text)
        if parts is not None:
            out.append([pattern, text, parts])
    with open(os.path.join(FIXTURES, "patterns.json"), "w") as f:
        json.dump(dict(made_by="scripts/make_patterns_fixture.py", version=tokenizers.__version__, splits=out), f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
