"""Log-probabilities of completions under a base model with a PEFT adapter, by transformers and peft.

Reads [{"base": folder, "adapter": folder, "sequences": [[prompt ids, completion ids], ...]}, ...] from standard input
and prints one JSON list for each: the sum of the completion's log-probabilities for each sequence. A job without an
adapter scores the base alone; one with "resave" writes the adapter again, as PEFT writes it, into that folder; one
with "merged" compares with the model in that folder instead: its largest difference of logits is printed.
"""
import json
import sys
import warnings

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

warnings.filterwarnings("ignore")


def load(folder, adapter=None):
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return (PeftModel.from_pretrained(base, adapter) if adapter else base).eval()


def logps(model, sequences):
    sums = []
    for prompt, completion in sequences:
        logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        found = torch.log_softmax(logits, -1).gather(1, torch.tensor(completion)[:, None])
        sums.append(found.sum().item())
    return sums


def run(job):
    model = load(job["base"], job.get("adapter"))
    if "resave" in job:
        model.save_pretrained(job["resave"])
    if "merged" in job:
        merged = load(job["merged"])
        ids = [torch.tensor([prompt + completion]) for prompt, completion in job["sequences"]]
        return max((model(each).logits - merged(each).logits).abs().max().item() for each in ids)
    return logps(model, job["sequences"])


with torch.no_grad():
    print(json.dumps([run(job) for job in json.load(sys.stdin)]))
