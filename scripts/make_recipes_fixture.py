"""Writes test/fixtures/recipes.json: the order of rows that alignment-handbook's data has with Python's datasets.

    python scripts/make_recipes_fixture.py        (needs: datasets, numpy)

The two functions are alignment-handbook's, without its logging and its choice between the hub and the disk:
mix_datasets of src/alignment/data.py at 205b881 (April 2025) and get_dataset of 19f0345 (July 2025).
Rows are numbers, so that the fixture has the order alone; the test makes the same sets.
"""
import json, os

import datasets
from datasets import Dataset, DatasetDict, concatenate_datasets

# set -> split -> rows; the test makes rows 0..n-1 with the id "SET/SPLIT/ROW"
SETS = {
    "a": {"train_prefs": 13, "test_prefs": 4},
    "b": {"train_prefs": 7, "test_prefs": 5},
    "c": {"train_prefs": 1, "test_prefs": 1},
}


def rows(name, split):
    count = SETS[name][split]
    return Dataset.from_dict({"id": [f"{name}/{split}/{i}" for i in range(count)], "other": list(range(count))})


def mix_datasets(dataset_mixer, splits):
    raw_train_datasets, raw_val_datasets, fracs = [], [], []
    for ds, frac in dataset_mixer.items():
        fracs.append(frac)
        for split in splits:
            dataset = rows(ds, split)
            dataset = dataset.remove_columns([col for col in dataset.column_names if col not in ["id"]])
            if "train" in split:
                raw_train_datasets.append(dataset)
            elif "test" in split:
                raw_val_datasets.append(dataset)
    mixed = DatasetDict()
    if len(raw_train_datasets) > 0:
        train_subsets = []
        for dataset, frac in zip(raw_train_datasets, fracs):
            train_subsets.append(dataset.select(range(int(frac * len(dataset)))))
        mixed["train"] = concatenate_datasets(train_subsets).shuffle(seed=42)
    if len(raw_val_datasets) > 0:
        mixed["test"] = concatenate_datasets(raw_val_datasets).shuffle(seed=42)
    return mixed


def get_dataset(mixture):
    seed, parts = mixture["seed"], []
    for config in mixture["datasets"]:
        ds = rows(config["id"], config["split"])
        if config.get("columns") is not None:
            ds = ds.select_columns(config["columns"])
        weight = config.get("weight", 1.0)
        if weight is not None:
            ds = ds.shuffle(seed=seed).select(range(int(len(ds) * weight)))
        parts.append(ds)
    combined = concatenate_datasets(parts).shuffle(seed=seed)
    if mixture.get("test_split_size") is not None:
        return combined.train_test_split(test_size=mixture["test_split_size"], seed=seed)
    return DatasetDict({"train": combined})


MIXERS = [
    ({"a": 1.0}, ["train_prefs", "test_prefs"]),
    ({"a": 0.5, "b": 1.0, "c": 1.0}, ["train_prefs", "test_prefs"]),
    ({"b": 0.3, "a": 0.29}, ["train_prefs", "test_prefs"]),
    ({"a": 0, "b": 0.99}, ["train_prefs"]),
]
COLUMNS = ["id"]
MIXTURES = [
    {"seed": 0, "datasets": [{"id": "a", "split": "train_prefs", "columns": COLUMNS}], "test_split_size": 4},
    {
        "seed": 0,
        "test_split_size": 0.3,
        "datasets": [
            {"id": "a", "split": "train_prefs", "columns": COLUMNS, "weight": 0.5},
            {"id": "b", "split": "train_prefs", "columns": COLUMNS, "weight": 0.25},
            {"id": "a", "split": "test_prefs", "columns": COLUMNS, "weight": 1.0},
        ],
    },
    {
        "seed": 7,
        "datasets": [
            {"id": "b", "split": "train_prefs", "weight": None},
            {"id": "c", "split": "train_prefs", "weight": 1.0},
            {"id": "a", "split": "train_prefs", "weight": 0.77},
        ],
    },
]


def ids(mixed):
    return {split: list(mixed[split]["id"]) for split in mixed}


made = {
    "maker": "scripts/make_recipes_fixture.py",
    "versions": {"datasets": datasets.__version__},
    "sets": SETS,
    "mixers": [{"dataset_mixer": m, "dataset_splits": s, "ids": ids(mix_datasets(m, s))} for m, s in MIXERS],
    "mixtures": [{"dataset_mixture": m, "ids": ids(get_dataset(m))} for m in MIXTURES],
}
path = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "recipes.json")
with open(path, "w") as file:
    json.dump(made, file, indent=1)
    file.write("\n")
