"""Writes test/fixtures/tokenizer/ (a small GPT-2 tokenizer) and test/fixtures/tokenization.json (the
results of transformers and TRL for texts and preference rows with it).

    python scripts/make_tokenization_fixture.py

Needs trl, transformers, tokenizers and datasets (versions are written into the file).
"""

import json
import logging
import os
import random
import shutil
from types import SimpleNamespace

import datasets
import tokenizers
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer
from trl import DPOTrainer
from trl.data_utils import extract_prompt
from trl.trainer import dpo_trainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures")
EOS = "<|endoftext|>"
CORPUS = """
A preference is a prompt with two answers, one of which people like better than the other. Is a higher octane gasoline
better for your car? It's not: use what the manual says, and you'll be fine. They've tried 1234 cars and we're sure.
Write a short list of 3 things: one, two, three. Here is a function that returns the sum of two numbers. I don't know
what they'd say; perhaps that's all. Der Tisch ist grün, la table est à côté, 日本語のテスト, привет. 😀 😀 👍
    def add(a, b):
        return a + b
"""


def make_tokenizer():
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=[EOS], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=1)
    tok.train_from_iterator(CORPUS.split("\n"), trainer)
    model = json.loads(tok.to_str())["model"]
    out = os.path.join(FIXTURES, "tokenizer")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    with open(f"{out}/vocab.json", "w") as f:
        json.dump(model["vocab"], f, ensure_ascii=False)
    with open(f"{out}/merges.txt", "w") as f:
        f.write("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in model["merges"]))
    with open(f"{out}/config.json", "w") as f:
        json.dump(dict(model_type="gpt2"), f)
    with open(f"{out}/tokenizer_config.json", "w") as f:
        json.dump(dict(model_max_length=64), f)
    return AutoTokenizer.from_pretrained(out)


def pieces(rng):
    white = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\x85", "\xa0", "\u3000", "\ufeff", "\u200b"]
    words = ["'s", "'re", "'", "the", "octane", "Is", "2", "1234", "½", "é", "e\u0301", "日本", "😀", "👩‍👧", "!", "...", "=",
             EOS, "<|endof", "text|>", "<|", "ﬁ", "\x00", "\ufffd", "𝕳"]
    return "".join(rng.choice(white) if rng.random() < 0.4 else rng.choice(words) for _ in range(rng.randrange(0, 12)))


def preference_rows(rng):
    rows = [
        ("Is it", " better?", " worse."), ("Is it ", "better", "worse"), ("They", "'re here", " are"), ("12", "34", " 5"),
        ("", "a", "b"), ("a", "", "b"), ("same", " answer", " answer"), ("x", "ends" + EOS, "does not"), ("x" + EOS, "y", "z"),
        ("<|endof", "text|> yes", " no"), ("line\n", "\nnext", "next"), ("tail   ", "  words", "words"), ("日", "本", "x"),
        ("long " * 30, "chosen", "rejected"), ("a", "one " * 25 + "two", "one " * 25 + "three"), ("e", "\u0301t", "t"),
    ]
    rows += [tuple(pieces(rng) for _ in range(3)) for _ in range(20)]
    return [dict(prompt=p, chosen=c, rejected=r) for p, c, r in rows]


def prepare(tok, rows, max_length, mode):
    """TRL's own preparation and collator, with a stub of the trainer around them."""
    warnings = []
    dpo_trainer.logger.warning_once = lambda text: warnings.append(text)
    args = SimpleNamespace(dataset_num_proc=None, max_length=max_length, truncation_mode=mode)
    prepared = DPOTrainer._prepare_dataset(SimpleNamespace(_tokenizer=tok), Dataset.from_list(rows), tok, args, "train")
    collator = DataCollatorForPreference(pad_token_id=0, max_length=max_length, truncation_mode=mode)
    pairs = []
    for row in prepared:
        batch = collator([row])
        lengths = batch["attention_mask"].sum(1).tolist()
        pairs.append(dict(
            **{k: row[k] for k in ("prompt_ids", "chosen_ids", "rejected_ids")},
            input_ids=[ids[:n].tolist() for ids, n in zip(batch["input_ids"], lengths)],
            completion_mask=[mask[:n].tolist() for mask, n in zip(batch["completion_mask"], lengths)],
        ))
    return dict(max_length=max_length, truncation_mode=mode, warned=len(warnings), pairs=pairs)


def main():
    datasets.disable_progress_bars()
    logging.disable(logging.WARNING)
    rng = random.Random(3)
    tok = make_tokenizer()
    texts = [pieces(rng) for _ in range(40)] + CORPUS.split("\n") + ["A" * 100, " " * 40 + "x", "日本語" * 20]
    lists = [[rng.randrange(len(tok)) for _ in range(rng.randrange(0, 10))] for _ in range(20)]
    rows = preference_rows(rng)
    implicit = [dict(chosen=p + c, rejected=p + r) for p, c, r in
                [("Human: hi\n\nAssistant:", " hello", " bye"), ("Q: 1 ", "a", "b"), ("same ", "", ""), ("a prefix", "", " and more"),
                 ("a prefix", " and more", ""), ("cat ", "sat", "stood"), ("", "x", "y")]]
    def turns(*contents):
        return [dict(role="user" if i % 2 == 0 else "assistant", content=c) for i, c in enumerate(contents)]
    implicit += [dict(chosen=turns("q", "a", "q2", "x"), rejected=turns("q", "a", "q2", "y")), dict(chosen=turns("q", "x"), rejected=turns("r", "x")),
                 dict(chosen=turns("q", "a"), rejected=turns("q", "a", "q2", "b")), dict(chosen=turns("q", "a"), rejected=turns("q", "a"))]
    fixture = dict(
        made_by="scripts/make_tokenization_fixture.py",
        versions={m.__name__: m.__version__ for m in (trl, transformers, tokenizers)},
        texts=[dict(text=t, ids=(ids := tok(t)["input_ids"]), decoded=tok.decode(ids)) for t in texts],
        lists=[dict(ids=i, decoded=tok.decode(i), decoded_skip_special=tok.decode(i, skip_special_tokens=True)) for i in lists],
        extract_prompt=[dict(row=row, extracted=extract_prompt(row)) for row in implicit],
        rows=rows,
        prepared=[prepare(tok, rows, n, mode) for n, mode in ((None, "keep_start"), (24, "keep_start"), (24, "keep_end"), (5, "keep_end"))],
    )
    with open(os.path.join(FIXTURES, "tokenization.json"), "w") as f:
        json.dump(fixture, f, ensure_ascii=False)
        f.write("\n")


main()
