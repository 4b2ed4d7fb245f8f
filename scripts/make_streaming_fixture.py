"""Writes test/fixtures/streaming.json: rows of datasets' IterableDataset, and TRL's log of a training on a stream.

    python scripts/make_streaming_fixture.py ../shared/reference/models/tiny-gpt2

Needs datasets, and trl with torch for the log (versions are written into the file).
"""

import json
import os
import sys
import tempfile

import datasets
from datasets import IterableDataset

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "streaming.json")


def numbers():
    for i in range(25):
        yield {"i": i, "square": i * i}


def values(change):
    return [row["i"] for row in change(IterableDataset.from_generator(numbers))]


def rows():
    for i in range(10):
        yield {"prompt": f"What is {i}?", "chosen": f" It is {i}.", "rejected": f" no {i * 7}"}


def trained(model, **changes):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    torch.manual_seed(0)
    args = DPOConfig(
        output_dir=tempfile.mkdtemp(), max_steps=9, per_device_train_batch_size=2, logging_steps=1, max_length=64,
        bf16=False, learning_rate=1e-4, report_to=[], use_cpu=True, save_strategy="no", **changes,
    )
    trainer = DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(model, attn_implementation="eager"), args=args,
        train_dataset=IterableDataset.from_generator(rows), processing_class=AutoTokenizer.from_pretrained(model),
    )
    trainer.train()
    names = ("step", "epoch", "loss", "grad_norm", "num_tokens", "rewards/margins")
    return [{name: entry[name] for name in names} for entry in trainer.state.log_history if "loss" in entry]


def main():
    result = dict(
        versions=dict(datasets=datasets.__version__),
        rows=dict(
            shuffle_10=values(lambda d: d.shuffle(seed=42, buffer_size=10)),
            shuffle_7=values(lambda d: d.shuffle(seed=3, buffer_size=7)),
            shuffle_all=values(lambda d: d.shuffle(seed=1)),
            skip_take=values(lambda d: d.skip(5).take(4)),
            filter=values(lambda d: d.filter(lambda row: row["i"] % 3 == 1)),
            map=values(lambda d: d.map(lambda row: {"i": row["i"] + row["square"]})),
            take_shuffle=values(lambda d: d.take(9).shuffle(seed=5, buffer_size=4)),
        ),
    )
    if len(sys.argv) > 1:
        import trl

        result["versions"]["trl"] = trl.__version__
        result["log"] = dict(plain=trained(sys.argv[1]), accumulated=trained(sys.argv[1], gradient_accumulation_steps=5))
    with open(FIXTURE, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
