"""Writes test/fixtures/dataset-listings.json: which files of a folder Python's datasets takes for which split.

    python scripts/make_listings_fixture.py [CASES] [SEED] [OUT]

Needs datasets (its version is written into the file). Makes folders of empty files with random names, and asks
load_dataset_builder for the files of each split; one case per line.
"""

import json
import os
import random
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets  # noqa: E402
from datasets import load_dataset_builder  # noqa: E402
from datasets.data_files import SPLIT_KEYWORDS  # noqa: E402

OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "dataset-listings.json")
KEYWORDS = [word for words in SPLIT_KEYWORDS.values() for word in words]
FOLDERS = [*KEYWORDS, *["data"] * 8]
FOLDERS += "my-train train_1 sub eval.d trainer .hidden __pycache__ images a-valid-b".split(" ")
FOLDERS += ["x test y", "train test"]
STEMS = [*KEYWORDS, "pairs train", "my dev 3", ".hidden", "training.", "testing-"]
STEMS += """train_prefs train_prefs-00000-of-00001 train-00000-of-00001 test_prefs-00000-of-00001-abc
random.v2-00000-of-00001 a-b-00000-of-00001 x.test a b samples config README dataset_info dataset_infos dataset_dict
state LICENSE TRAIN train2 2train mytrain metadata train-training dev.train eval-1 test_testing evaluation_x
pairs_eval_2 data""".split()
ENDS = [".json", ".json", ".jsonl", ".jsonl", ".csv", ".parquet", ".parquet", ".txt", ".tsv", ".png", ".jsonl.gz"]
ENDS += [".json.bz2", ".md", "", ".arrow", ".JSONL", ".py", ".yaml", ".xml", ".tar", ".ndjson", ".jsonl.bak", ".wav"]
ENDS += [".csv.gz", ".csv.xz", ".old.csv", ".parquet.json", ".eval", ".geoparquet", ".pdf", ".zst", ".jsonl.zst"]
BESIDE = ["README.md", "config.json", "LICENSE", ".gitattributes", "dataset_infos.json", "sub/config.json"]
PATTERNS = """* ** data/* *.jsonl **/*.jsonl data/** data/train* **/train-* */*.csv [ab].json ?.json [!a]* train* test/*
**/*.parquet *.json* data/*-00000-of-* ./data/* .hidden/* __pycache__/* **/.hidden* README.md *.md config.json
sub/**/* [a-c]*.* */[tv]*/** data nothing* x/y.json""".split()


def listing(dice):
    """A few files with related names and endings."""
    ends = [dice.choice(ENDS) for _ in range(dice.choice([1, 1, 2, 3]))]
    folders = [dice.choice(FOLDERS) for _ in range(2)]
    files = {name for name in BESIDE if dice.random() < 0.12}
    for _ in range(dice.choice([1, 2, 2, 3, 3, 4, 5, 7])):
        place = [dice.choice(folders) for _ in range(dice.choice([0, 0, 0, 1, 1, 2]))]
        files.add("/".join([*place, dice.choice(STEMS) + dice.choice(ends)]))
    return sorted(file for file in files if not any(other.startswith(f"{file}/") for other in files))


def data_files(dice, files):
    """What a call or a card may say."""

    def path():
        return dice.choice(PATTERNS) if dice.random() < 0.5 else dice.choice(files)

    kind = dice.random()
    if kind < 0.4:
        return path()
    if kind < 0.6:
        return [path(), path()]
    splits = dice.sample(["train", "test", "extra"], dice.choice([1, 2]))
    return {split: path() if dice.random() < 0.7 else [path(), path()] for split in splits}


def card(given):
    """A card's text that names files."""
    if isinstance(given, dict):
        given = [{"split": split, "path": path} for split, path in given.items()]
    return f"---\nconfigs:\n- config_name: default\n  data_files: {json.dumps(given)}\n---\n"


def resolve(files, texts, **options):
    """The format and the files of each split, or the name of the error."""
    folder = os.path.realpath(tempfile.mkdtemp())
    try:
        for file in files:
            path = os.path.join(folder, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as opened:
                opened.write(texts.get(file, "{}" if file.endswith("dataset_infos.json") else ""))
        config = load_dataset_builder(folder, cache_dir=os.path.join(folder, ".cache"), **options).config
        splits = {
            str(split): [os.path.relpath(path, folder) for path in paths]
            for split, paths in config.data_files.items()
        }
        return {"format": type(config).__name__.removesuffix("Config").lower(), "splits": splits}
    except Exception as error:
        return {"error": type(error).__name__}
    finally:
        shutil.rmtree(folder)


def case(dice, number):
    """By names, by data_files, by a card."""
    files = listing(dice)
    if number % 4 < 2:
        return {"files": files, **resolve(files, {})}
    given = data_files(dice, files)
    if number % 4 == 2:
        return {"files": files, "data_files": given, **resolve(files, {}, data_files=given)}
    text = card(given)
    files = sorted({*files, "README.md"})
    return {"files": files, "card": text, **resolve(files, {"README.md": text})}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 320
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 16)
    cases = [case(dice, number) for number in range(count)]
    lines = ",\n".join(json.dumps(one) for one in cases)
    with open(sys.argv[3] if len(sys.argv) > 3 else OUT, "w") as file:
        file.write(f'{{"datasets": "{datasets.__version__}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
