"""Writes test/fixtures/datasets-methods.json: what the methods of Python's datasets.Dataset give.

    python scripts/make_datasets_fixture.py

Needs datasets (its version, and those of numpy, pandas and pyarrow are written into the file).
"""

import json
import os
import tempfile

import datasets
import numpy
import pandas
import pyarrow
from datasets import Dataset

OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "datasets-methods.json")
COLUMNS = {
    "n": [2, 1, None, 1, 3],
    "s": ["x", "\U0001f600", "\uff5e", "X", ""],
    "b": [True, False, None, True, False],
    "f": [1.5, float("nan"), None, -1e20, 2.0],
}
TEXTS = {
    "text": ["plain", "a,b", 'q"q', "line\nbreak", "", None, " lead ", "semi;colon", "'q'", "é☃ /x", "\r", "tab\t"],
    "number": list(range(12)),
    "float": [1.0, 0.1, 1e20, 1e-7, None, float("nan"), float("inf"), -2.5, 1e16, 123456.789, 0.0, -0.0],
    "truth": [True, False] * 5 + [None, None],
}


def draws():
    """Rows that shuffle and train_test_split give."""
    rows = Dataset.from_dict({"i": list(range(50))})
    cases = [
        {"test_size": 0.3, "seed": 42},
        {"test_size": 5, "train_size": 7, "seed": 7},
        {"train_size": 0.33, "seed": 1},
        {"seed": 2**40},
        {"test_size": 0.26, "shuffle": False},
        {"test_size": 4, "train_size": 0.1, "shuffle": False},
    ]
    splits = []
    for options in cases:
        parts = rows.train_test_split(**options)
        splits.append({"options": options, **{name: parts[name]["i"][:] for name in ["train", "test"]}})
    shuffled = {str(seed): rows.shuffle(seed=seed)["i"][:] for seed in [0, 1, 42, 2**32 + 5]}
    return {"shuffle": shuffled, "train_test_split": splits}


def sorts():
    """Row numbers in sorted order."""
    rows = Dataset.from_dict({**COLUMNS, "i": list(range(5))})
    variants = [{}, {"reverse": True}, {"null_placement": "at_start"}]
    cases = [{"column_names": [name], **variant} for name in COLUMNS for variant in variants]
    cases += [
        {"column_names": ["n", "s"], "reverse": [False, True]},
        {"column_names": ["b", "n"], "reverse": True, "null_placement": "at_start"},
    ]
    return [{"options": case, "order": rows.sort(**case)["i"][:]} for case in cases]


def texts():
    """Files that to_csv and to_json write. Columns of one kind each, since pandas turns integers with gaps to floats."""
    rows = Dataset.from_dict(TEXTS)
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        for name, dataset in [("all", rows), ("one", rows.select_columns("text"))]:
            files[f"{name}.csv"] = [dataset.to_csv(path), open(path, newline="").read()]
            files[f"{name}.jsonl"] = [dataset.to_json(path), open(path).read()]
            files[f"{name}.json"] = [dataset.to_json(path, lines=False), open(path).read()]
    return files


def failing(call):
    """Whether the original refuses it."""
    try:
        call()
        return False
    except Exception:
        return True


def refusals():
    rows = Dataset.from_dict({**COLUMNS, "l": [[1]] * 5})
    calls = {
        "from_dict of several lengths": lambda: Dataset.from_dict({"a": [1], "b": [1, 2]}),
        "rename to a column that is there": lambda: rows.rename_column("n", "s"),
        "rename a column that is not there": lambda: rows.rename_column("zz", "a"),
        "rename two to one name": lambda: rows.rename_columns({"n": "a", "s": "a"}),
        "rename to nothing": lambda: rows.rename_columns({"n": ""}),
        "remove a column that is not there": lambda: rows.remove_columns(["n", "zz"]),
        "select a column that is not there": lambda: rows.select_columns("zz"),
        "add a column that is there": lambda: rows.add_column("n", [1] * 5),
        "add too few values": lambda: rows.add_column("a", [1]),
        "sort by a column that is not there": lambda: rows.sort("zz"),
        "sort by lists": lambda: rows.sort("l"),
        "sort with too few of reverse": lambda: rows.sort(["n", "s"], reverse=[True]),
        "unique of a column that is not there": lambda: rows.unique("zz"),
        "unique of lists": lambda: rows.unique("l"),
        "take more than there are": lambda: rows.take(6).to_list(),
        "skip a negative number": lambda: rows.skip(-1).to_list(),
        "test_size 0": lambda: rows.train_test_split(test_size=0),
        "test_size of all": lambda: rows.train_test_split(test_size=5),
        "sizes above all": lambda: rows.train_test_split(test_size=0.5, train_size=0.6),
        "an empty train split": lambda: rows.train_test_split(test_size=0.5, train_size=0.1),
        "a negative seed": lambda: rows.shuffle(seed=-1),
    }
    return {name: failing(call) for name, call in calls.items()}


def columns():
    rows = Dataset.from_dict(COLUMNS)
    listed = Dataset.from_list([{"a": 1, "b": 2}, {"a": 2}])
    swapped = rows.select_columns(["n", "s"]).rename_columns({"n": "s", "s": "n"})
    return {
        "shape": list(rows.shape),
        "unique": {name: rows.unique(name) for name in ["n", "s", "b"]},
        "from_list": listed.to_list(),
        "renamed": rows.rename_column("n", "m").column_names,
        "swapped": [swapped.column_names, swapped.to_list()[0]],
        "removed": rows.remove_columns(["n", "b"]).column_names,
        "selected": rows.select_columns(["s", "n"]).to_list(),
        "added": rows.select([4, 0, 0]).add_column("a", [7, 8, 9]).select_columns(["s", "a"]).to_list(),
        "taken": rows.take(2)["s"][:],
        "skipped": [rows.skip(3)["s"][:], rows.skip(9).num_rows],
        "empty": [rows.take(0).train_test_split(test_size=0.5)[name].num_rows for name in ["train", "test"]],
    }


def portable(value):
    """JSON has no NaN and no infinity: `{"float": "nan"}`."""
    if isinstance(value, dict):
        return {key: portable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [portable(inner) for inner in value]
    return {"float": repr(value)} if isinstance(value, float) and not numpy.isfinite(value) else value


versions = {module.__name__: module.__version__ for module in [datasets, numpy, pandas, pyarrow]}
with open(OUT, "w") as file:
    data = portable({"columns": COLUMNS, "texts": TEXTS})
    results = {"draws": draws(), "sorts": sorts(), "files": texts(), "refused": refusals(), "columns": columns()}
    json.dump({"versions": versions, "data": data, **results}, file, ensure_ascii=True, allow_nan=False)
    file.write("\n")
