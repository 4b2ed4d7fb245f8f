"""Log-probabilities of completions under a base model with a PEFT adapter, by transformers and peft.

Reads {"base": folder, "adapter": folder, "sequences": [[prompt ids, completion ids], ...]} from standard input and
prints one JSON list: the sum of the completion's log-probabilities for each sequence.
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

job = json.load(sys.stdin)
base = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
model = PeftModel.from_pretrained(base, job["adapter"]).eval()
sums = []
with torch.no_grad():
    for prompt, completion in job["sequences"]:
        logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
        logps = torch.log_softmax(logits, -1).gather(1, torch.tensor(completion)[:, None])
        sums.append(logps.sum().item())
print(json.dumps(sums))
