"""Writes test/fixtures/torch_random.json: draws of torch's CPU generator, and PEFT's initial lora_A.

    python scripts/make_random_fixture.py

Needs torch, transformers and peft (versions are written into the file). Everything is float32 on the CPU.
"""

import base64
import hashlib
import json
import os

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config

OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "torch_random.json")
SEED = 42


def draws():
    """A series of draws from one generator, in the order of the keys."""
    g = torch.Generator().manual_seed(SEED)
    result = dict(
        uniform=torch.empty(20).uniform_(-0.3, 0.7, generator=g).tolist(),
        normal_below_16=torch.empty(5).normal_(0.1, 2.0, generator=g).tolist(),
        state_with_spare_normal=base64.b64encode(bytes(g.get_state().tolist())).decode(),
        normal_32=torch.empty(32).normal_(0.1, 2.0, generator=g).tolist(),
        normal_37=torch.empty(37).normal_(generator=g).tolist(),
        normal_again=torch.empty(2).normal_(generator=g).tolist(),
        rand_float64=torch.rand(3, dtype=torch.float64, generator=g).tolist(),
        uniform_rounding=torch.empty(20).uniform_(-0.14, 0.19, generator=g).tolist(),
        randperm=torch.randperm(50, generator=g).tolist(),
    )
    g = torch.Generator().manual_seed(SEED)
    result["state_when_seeded"] = base64.b64encode(bytes(g.get_state().tolist())).decode()
    return result


def lora_a(seed, r, **size):
    """lora_A of every module that LoRA targets, in PEFT's order."""
    model = AutoModelForCausalLM.from_config(GPT2Config(vocab_size=50, n_positions=8, n_head=2, **size))
    torch.manual_seed(seed)
    model = get_peft_model(model, LoraConfig(r=r, target_modules=["c_proj", "c_attn"], task_type="CAUSAL_LM", fan_in_fan_out=True))
    modules = []
    for name, module in model.named_modules():
        if not hasattr(module, "lora_A"):
            continue
        weight = module.lora_A["default"].weight.detach()
        modules.append(dict(
            name=name.removeprefix("base_model.model."),
            in_features=module.in_features,
            out_features=module.out_features,
            first=weight.flatten()[:4].tolist(),
            sum=weight.double().sum().item(),
            sha256=hashlib.sha256(weight.numpy().astype("<f4").tobytes()).hexdigest(),
        ))
    return dict(seed=seed, r=r, **size, modules=modules)


def main():
    fixture = dict(
        made_by="scripts/make_random_fixture.py",
        versions={m.__name__: m.__version__ for m in (torch, transformers, peft)},
        seed=SEED,
        draws=draws(),
        lora_a=[lora_a(42, 4, n_embd=48, n_layer=2), lora_a(0, 16, n_embd=64, n_layer=1), lora_a(123456789, 4, n_embd=768, n_layer=1)],
    )
    with open(OUT, "w") as f:
        json.dump(fixture, f, indent=2)
        f.write("\n")


main()
