"""Writes test/fixtures/families.json: what transformers and PEFT compute for many configs of each model family.

    python scripts/make_families_fixture.py [FAMILY ...]   (with names: prints those and writes nothing)

Needs torch, transformers and peft (versions are written into the file). Weights are drawn by name from torch's
generator, so that no file has to hold them; gradients are kept as their norm and a sum with random signs.
"""

import json
import logging as python_logging
import os
import sys
import tempfile

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, logging

from families_variants import VARIANTS

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "families.json")
PROMPT, CHOSEN, REJECTED = 9, 8, 5
NEW_TOKENS = 12
REFERENCE_DELTA = 3.0


def seed_of(name):
    seed = 0
    for letter in name:
        seed = (seed * 31 + ord(letter)) % 2**31
    return seed


def uniform(name, shape):
    generator = torch.Generator().manual_seed(seed_of(name))
    return torch.rand(shape, generator=generator) * 2 - 1


def is_gemma(family):
    return family.startswith("gemma")


def fill(name, tensor, family):
    """Weights large enough that attention, MLPs and gradients matter."""
    values = uniform(name, tensor.shape)
    is_scaled = "embed" in name and (is_gemma(family) or family == "granite")
    if tensor.ndim == 2:
        values = values * (0.1 if is_scaled else 0.4)
    elif "norm" in name.lower() and name.endswith("weight"):
        values = values * 0.2 + (0.0 if is_gemma(family) else 1.0)
    else:
        values = values * 0.1
    with torch.no_grad():
        tensor.copy_(values)


def ids(seed, count, vocab):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, vocab, (count,), generator=generator).tolist()


def build(config):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(config, f)
        loaded = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_config(loaded, attn_implementation="eager").float().eval()
    for name, parameter in model.named_parameters():
        fill(name, parameter.data, config["model_type"])
    return model


def step(model, pair):
    """One DPO step as in TRL: both answers in one padded batch."""
    prompt, chosen, rejected = pair
    rows = [prompt + chosen, prompt + rejected]
    length = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    logits = model(input_ids=tokens, attention_mask=mask, use_cache=False).logits
    logps = torch.log_softmax(logits[:, :-1], -1).gather(-1, tokens[:, 1:, None])[..., 0]
    of = [logps[i, len(prompt) - 1 : len(row) - 1] for i, row in enumerate(rows)]
    loss = -torch.nn.functional.logsigmoid(0.1 * (of[0].sum() - of[1].sum() - REFERENCE_DELTA))
    loss.backward()
    last = [logits[i, len(row) - 1].detach() for i, row in enumerate(rows)]
    return loss, torch.cat(of).detach(), last


def sketches(parameters):
    """The norm of each gradient and its sum with random signs, in the order of the names."""
    found = []
    for name, parameter in sorted(parameters.items()):
        signs = torch.sign(uniform(name + ".signs", parameter.shape)).double()
        gradient = parameter.grad.double()
        found += numbers(torch.stack([gradient.norm(), (gradient * signs).sum()]))
    return found


def numbers(tensor):
    return [float(f"{value:.7g}") for value in tensor.tolist()]


def generate(model, prompts, pad=0, **options):
    length = max(map(len, prompts))
    tokens = torch.tensor([[pad] * (length - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in prompts])
    model.generation_config.eos_token_id = None
    outputs = model.generate(
        input_ids=tokens, attention_mask=mask, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=pad, **options
    )
    return [row[length:].tolist() for row in outputs]


def values(config):
    vocab = config.get("text_config", config)["vocab_size"]
    pair = [ids(5, PROMPT, vocab), ids(6, CHOSEN, vocab), ids(7, REJECTED, vocab)]
    prompts = [ids(8, 10, vocab), ids(9, 6, vocab)]
    model = build(config)
    loss, logps, last = step(model, pair)
    full = sketches({name: p for name, p in model.named_parameters() if p.grad is not None})
    result = dict(
        loss=loss.item(), logps=numbers(logps), logits=numbers(last[0]), gradients=full,
        greedy=generate(model, prompts), alone=generate(model, prompts[:1]), beams=generate(model, prompts, num_beams=3),
    )
    model.zero_grad()
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    trained = {name.replace(".default", ""): p for name, p in adapted.named_parameters() if p.requires_grad}
    for name, parameter in trained.items():
        with torch.no_grad():
            parameter.copy_(uniform(name, parameter.shape) * 0.2)
    loss, _, _ = step(adapted, pair)
    used = {name: p for name, p in trained.items() if p.grad is not None}
    result["lora"] = dict(loss=loss.item(), gradients=sketches(used))
    return result


def case(name, family, config):
    try:
        return dict(name=name, config=config, **values(config))
    except Exception as error:
        return dict(name=name, config=config, fails=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def main():
    logging.set_verbosity_error()
    python_logging.disable(python_logging.WARNING)
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    cases = [
        case(f"{family}, {name}", family, config)
        for family, variants in VARIANTS.items()
        if not wanted or family in wanted
        for name, config in variants.items()
    ]
    for one in cases:
        if "fails" in one:
            print(one["name"], "|", one["fails"])
    if wanted:
        return
    fixture = dict(
        made_by="scripts/make_families_fixture.py",
        versions={m.__name__: m.__version__ for m in (torch, transformers, peft)},
        prompt=PROMPT, chosen=CHOSEN, rejected=REJECTED, reference_delta=REFERENCE_DELTA,
        pair=[ids(5, PROMPT, 48), ids(6, CHOSEN, 48), ids(7, REJECTED, 48)], prompts=[ids(8, 10, 48), ids(9, 6, 48)],
        new_tokens=NEW_TOKENS, cases=cases,
    )
    with open(FIXTURE, "w") as f:
        f.write(json.dumps({**fixture, "cases": []})[:-3] + "[\n" + ",\n".join((json.dumps(one, separators=(",", ":")) for one in cases)) + "\n]}\n")


main()
