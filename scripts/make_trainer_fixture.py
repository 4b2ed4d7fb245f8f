"""Writes test/fixtures/trainer_events.json: events of transformers' Trainer by step, for a grid of lengths and strategies.

    python scripts/make_trainer_fixture.py test/fixtures/trainer_events.json

Needs torch, transformers and accelerate; their versions are written into the file. The model is one weight: only the
order of rows and events is recorded.
"""
import json
import os
import sys
import tempfile

import accelerate
import torch
import transformers
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments


class OneWeight(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        return dict(loss=(self.w * x).mean(), logits=self.w * x)


class Recorder(TrainerCallback):
    """Events in order: [kind, global_step, epoch]."""

    def __init__(self):
        self.events = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        kind = "log" if "loss" in logs else "eval" if "eval_runtime" in logs else "end"
        self.events.append([kind, state.global_step, state.epoch])

    def on_save(self, args, state, control, **kwargs):
        self.events.append(["save", state.global_step, state.epoch])


class RecordingTrainer(Trainer):
    batches = None

    def compute_loss(self, model, inputs, **kwargs):
        if model.training:
            self.batches.append([int(v) for v in inputs["x"].tolist()])
        return super().compute_loss(model, inputs, **kwargs)


def run(rows, batch, accumulation, epochs=1.0, max_steps=-1, **extra):
    out = tempfile.mkdtemp()
    args = TrainingArguments(output_dir=out, use_cpu=True, per_device_train_batch_size=batch, gradient_accumulation_steps=accumulation,
                             num_train_epochs=epochs, max_steps=max_steps, report_to="none", disable_tqdm=True, seed=42,
                             remove_unused_columns=False, dataloader_pin_memory=False, **extra)
    data = [dict(x=torch.tensor(float(i))) for i in range(rows)]
    recorder = Recorder()
    trainer = RecordingTrainer(model=OneWeight(), args=args, train_dataset=data, eval_dataset=data[:2], callbacks=[recorder])
    trainer.remove_callback(PrinterCallback)
    trainer.batches = []
    trainer.train()
    s = trainer.state
    kept = sorted((d for d in os.listdir(out) if d.startswith("checkpoint-")), key=lambda d: int(d.split("-")[1]))
    state = {k: getattr(s, k) for k in ("epoch", "eval_steps", "global_step", "logging_steps", "max_steps", "num_train_epochs", "save_steps", "train_batch_size")}
    options = dict(per_device_train_batch_size=batch, gradient_accumulation_steps=accumulation, num_train_epochs=epochs, max_steps=max_steps, **extra)
    return dict(rows=rows, options=options, batches=trainer.batches, events=recorder.events, checkpoints=kept, state=state)


quiet = dict(logging_strategy="steps", logging_steps=1, save_strategy="no", train_sampling_strategy="sequential")
lengths = [run(n, b, a, epochs=e, max_steps=m, **quiet)
           for n, b, a in ((1, 1, 1), (7, 2, 1), (7, 2, 2), (8, 2, 3), (5, 8, 4), (11, 2, 2))
           for e, m in ((1.0, -1), (2.5, -1), (0.4, -1), (3.0, 5), (1.0, 9))]
common = dict(rows=7, batch=2, accumulation=2)
strategies = [
    run(**common, epochs=3.0, logging_steps=2, save_steps=3, eval_strategy="steps", eval_steps=2),
    run(**common, epochs=3.0, logging_steps=2, save_steps=4, eval_strategy="steps", eval_steps=5, logging_first_step=True),
    run(**common, epochs=2.0, logging_steps=10, save_strategy="epoch", eval_strategy="epoch"),
    run(**common, epochs=2.5, logging_strategy="epoch", save_strategy="epoch", eval_strategy="epoch"),
    run(**common, max_steps=5, logging_strategy="no", save_strategy="steps", save_steps=2, save_total_limit=2),
    run(**common, max_steps=7, logging_strategy="no", logging_first_step=True, save_strategy="steps", save_steps=0.3, save_total_limit=1),
    run(**common, max_steps=9, logging_steps=0.25, save_strategy="no", eval_strategy="steps", eval_steps=0.4, eval_on_start=True),
    run(**common, max_steps=6, logging_steps=3, save_strategy="no", eval_strategy="steps", eval_steps=2, eval_delay=3),
    run(**common, epochs=3.0, logging_steps=3, save_strategy="no", eval_strategy="epoch", eval_delay=1.5),
]
fixture = dict(maker="scripts/make_trainer_fixture.py", versions={m.__name__: m.__version__ for m in (torch, transformers, accelerate)},
               runs=lengths + strategies)
with open(sys.argv[1], "w") as f:
    f.write("{\n" + f' "maker": {json.dumps(fixture["maker"])},\n "versions": {json.dumps(fixture["versions"])},\n "runs": [\n')
    f.write(",\n".join("  " + json.dumps(r) for r in fixture["runs"]))
    f.write("\n ]\n}\n")
