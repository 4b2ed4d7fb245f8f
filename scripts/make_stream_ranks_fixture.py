"""Writes test/fixtures/stream-ranks.json: how accelerate shares a stream among ranks, as TRL asks it to.

    python scripts/make_stream_ranks_fixture.py

Needs accelerate, datasets and torch (versions are written into the file). TRL's DPOTrainer sets dispatch_batches to
False for an IterableDataset. Each case has, for every rank, the batches of six passes over its rows; files are lists
of row numbers.
"""

import json
import os

import accelerate
import datasets
import torch
from accelerate.data_loader import prepare_data_loader
from datasets import IterableDataset
from torch.utils.data import DataLoader

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "stream-ranks.json")
PASSES = 6


def generate(files):
    for file in files:
        for row in file:
            yield {"i": row}


def stream(files, steps):
    rows = IterableDataset.from_generator(generate, gen_kwargs={"files": files})
    for name, n in steps:
        rows = getattr(rows, name)(n)
    return rows


def shared(files, *, ranks, batch_size, drop_last=False, steps=()):
    def rank(index):
        loader = DataLoader(
            stream(files, steps), batch_size=batch_size, drop_last=drop_last, collate_fn=lambda rows: [row["i"] for row in rows]
        )
        prepared = prepare_data_loader(
            loader, num_processes=ranks, process_index=index, put_on_device=False, dispatch_batches=False
        )
        passes = []
        for epoch in range(PASSES):
            prepared.set_epoch(epoch)
            passes.append(list(prepared))
        return passes

    case = dict(files=files, ranks=ranks, batch_size=batch_size, drop_last=drop_last, steps=[list(step) for step in steps])
    return dict(case, passes=[rank(index) for index in range(ranks)])


def files_of(*lengths):
    start, files = 0, []
    for length in lengths:
        files.append(list(range(start, start + length)))
        start += length
    return files


CASES = [
    shared(files_of(12), ranks=2, batch_size=2),
    shared(files_of(11), ranks=2, batch_size=2),
    shared(files_of(9), ranks=2, batch_size=2),
    shared(files_of(11), ranks=2, batch_size=2, drop_last=True),
    shared(files_of(3), ranks=2, batch_size=2),
    shared(files_of(1), ranks=3, batch_size=2),
    shared(files_of(7, 7), ranks=3, batch_size=1),
    shared(files_of(6, 6), ranks=2, batch_size=2),
    shared(files_of(5, 5), ranks=2, batch_size=2),
    shared(files_of(5, 5), ranks=2, batch_size=2, drop_last=True),
    shared(files_of(4, 2, 6), ranks=2, batch_size=2),
    shared(files_of(2, 4, 6), ranks=2, batch_size=2),
    shared(files_of(2, 3, 1, 4, 2), ranks=3, batch_size=1),
    shared(files_of(3, 5), ranks=2, batch_size=2),
    shared(files_of(5, 3), ranks=2, batch_size=2),
    shared(files_of(6, 6), ranks=2, batch_size=2, steps=[("skip", 3), ("take", 6)]),
    shared(files_of(12), ranks=2, batch_size=2, steps=[("skip", 3), ("take", 6)]),
]

versions = dict(accelerate=accelerate.__version__, datasets=datasets.__version__, torch=torch.__version__)
with open(FIXTURE, "w") as file:
    json.dump(dict(versions=versions, cases=CASES), file)
    file.write("\n")
