"""Random LoraConfigs on small models, for scripts/compareAdapters.ts, which says how to run both.

    python scripts/random_adapters.py make FOLDER SEED COUNT    adapters that PEFT saves, their logits and merged models
    python scripts/random_adapters.py check FOLDER              reads the adapters that prefine trained there

Needs torch, transformers and peft.
"""

import json
import os
import random
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast, logging

VOCABULARY = 40
LAYERS = 3
SIZES = dict(
    hidden_size=16, intermediate_size=24, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=VOCABULARY, max_position_embeddings=64, head_dim=4, bos_token_id=None, eos_token_id=1, pad_token_id=0,
)
GPT2 = dict(
    n_embd=16, n_layer=LAYERS, n_head=4, n_positions=64, vocab_size=VOCABULARY, bos_token_id=None, eos_token_id=1
)
FAMILIES = ["gpt2", "llama", "mistral", "qwen2", "qwen3"]
PROMPT = [3, 4, 5, 6, 7, 8, 9, 2, 20, 11]
LINEAR = {
    "gpt2": ["c_attn", "c_proj", "c_fc", "attn.c_proj", "mlp.c_proj"],
    "other": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "self_attn.q_proj"],
}
EMBEDDINGS = {"gpt2": ["wte", "wpe"], "other": ["embed_tokens"]}


def names(family, table):
    return table["gpt2" if family == "gpt2" else "other"]


def fill(model, generator):
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            moved = torch.randn(parameter.shape, generator=generator) * 0.3
            parameter.data.copy_(parameter.data.abs() + 0.5 if "magnitude" in name else moved)


def bases(folder, generator):
    tokens = Tokenizer(models.WordLevel({f"t{i}": i for i in range(VOCABULARY)}, unk_token="t0"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="t0", eos_token="t1", pad_token="t0")
    tokenizer.save_pretrained(os.path.join(folder, "tokenizer"))
    for family in FAMILIES:
        for tied in (False, True):
            for dtype in ("float32", "bfloat16"):
                sizes = {k: v for k, v in SIZES.items() if not (family == "qwen2" and k == "head_dim")}
                config = AutoConfig.for_model(family, **(GPT2 if family == "gpt2" else sizes), tie_word_embeddings=tied)
                model = AutoModelForCausalLM.from_config(config)
                fill(model, generator)
                name = os.path.join(folder, "bases", f"{family}-{'tied' if tied else 'apart'}-{dtype}")
                model.to(getattr(torch, dtype)).save_pretrained(name)


def some(rng, choices, least=1):
    return rng.sample(choices, rng.randint(least, min(3, len(choices))))


def layer_list(family):
    return "h" if family == "gpt2" else "layers"


def targets(rng, family):
    linear = names(family, LINEAR)
    kind = rng.choice(["list", "list", "list", "regex", "all-linear", "default", "embedding", "head", "whole"])
    if kind == "list":
        return some(rng, linear)
    if kind == "regex":
        one = rng.choice(linear).split(".")[-1]
        return rng.choice([rf".*\.{one}", rf".*{layer_list(family)}\.[02]\..*{one}", rf".*(?:{one}|lm_head)"])
    if kind == "all-linear":
        return "all-linear"
    if kind == "default":
        return None
    if kind == "embedding":
        return some(rng, names(family, EMBEDDINGS)) + some(rng, linear)
    if kind == "head":
        return ["lm_head"] + some(rng, linear)
    if family == "gpt2":
        return ["transformer.h.1.attn.c_attn", "c_fc"]
    return ["model.layers.1.self_attn.q_proj", "v_proj"]


def settings(rng, family):
    linear = names(family, LINEAR)
    chosen = dict(r=rng.choice([1, 2, 3, 4]), lora_alpha=rng.choice([1, 4, 7, 16]), task_type="CAUSAL_LM")
    chosen["target_modules"] = targets(rng, family)
    maybe = lambda share: rng.random() < share
    if maybe(0.3):
        chosen["use_rslora"] = True
    if maybe(0.3):
        chosen["use_dora"] = True
    if maybe(0.3):
        chosen["rank_pattern"] = {rng.choice(linear): 5, rf"^.*{layer_list(family)}\.1\..*": 2}
    if maybe(0.3):
        chosen["alpha_pattern"] = {rng.choice(linear + ["lm_head"]): 9, rf"{layer_list(family)}.0.*": 3}
    if maybe(0.2):
        chosen["exclude_modules"] = rng.choice([some(rng, linear), rf".*{layer_list(family)}\.1\..*"])
    if isinstance(chosen["target_modules"], list) and maybe(0.3):
        chosen["layers_to_transform"] = rng.choice([1, [0, 2], [2]])
        if maybe(0.5):
            chosen["layers_pattern"] = rng.choice([layer_list(family), [layer_list(family)]])
    if maybe(0.25):
        chosen["modules_to_save"] = rng.choice(
            [["lm_head"], names(family, EMBEDDINGS)[:1], ["ln_f" if family == "gpt2" else "norm"], ["lm_head", "ln_1"]]
        )
    if maybe(0.2):
        chosen["trainable_token_indices"] = rng.choice(
            [[2, 5], {names(family, EMBEDDINGS)[0]: [7, 3]}, {"lm_head": [4]}]
        )
    if maybe(0.3):
        chosen["bias"] = rng.choice(["all", "lora_only"])
    if family == "gpt2" and maybe(0.5):
        chosen["fan_in_fan_out"] = True
    return chosen


def logits_of(model):
    with torch.no_grad():
        return model.eval()(torch.tensor([PROMPT])).logits[0].float()


def load_base(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def one(folder, rng, generator):
    family, tied, dtype = rng.choice(FAMILIES), rng.choice(["apart", "tied"]), rng.choice(["float32", "bfloat16"])
    base = os.path.abspath(os.path.join(folder, "..", "bases", f"{family}-{tied}-{dtype}"))
    chosen = settings(rng, family)
    case = dict(base=base, settings=chosen, prompt=PROMPT)
    os.makedirs(folder)
    try:
        torch.manual_seed(42)
        model = get_peft_model(load_base(base), LoraConfig(**chosen))
        fill(model, generator)
        model.save_pretrained(os.path.join(folder, "peft"))
        loaded = PeftModel.from_pretrained(load_base(base), os.path.join(folder, "peft"))
        case["logits"] = logits_of(loaded).flatten().tolist()
        case["trainable"] = sorted(n for n, p in model.named_parameters() if p.requires_grad)
    except Exception as error:
        case["error"] = f"{type(error).__name__}: {error}"[:400]
    else:
        try:
            merged = loaded.merge_and_unload(safe_merge=rng.random() < 0.5)
            case["merged"] = logits_of(merged).flatten().tolist()
            torch.save({n: p.detach() for n, p in merged.state_dict().items()}, os.path.join(folder, "merged.pt"))
        except Exception as error:
            case["mergeError"] = f"{type(error).__name__}: {error}"[:400]
    json.dump(case, open(os.path.join(folder, "case.json"), "w"))


def make(folder, seed, count):
    rng, generator = random.Random(int(seed)), torch.Generator().manual_seed(int(seed))
    bases(folder, generator)
    for index in range(int(count)):
        one(os.path.join(folder, f"case-{index:04}"), rng, generator)


def difference(model, logits):
    found = logits_of(model)[-1]
    return (found - torch.tensor(logits)).abs().max().item() / max(1.0, found.abs().max().item())


def check(folder):
    counts = dict(same=0, different=0, merged_same=0, merged_different=0)
    for name in sorted(os.listdir(folder)):
        trained = os.path.join(folder, name, "trained.json")
        if not os.path.exists(trained):
            continue
        case = json.load(open(os.path.join(folder, name, "case.json")))
        result = json.load(open(trained))
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model = PeftModel.from_pretrained(load_base(case["base"]), os.path.join(folder, name, "trained"))
            missing = [str(w.message) for w in caught if "missing" in str(w.message)]
            worst = difference(model, result["logits"])
            problem = f"missing {missing}" if missing else None if worst < 2e-4 else f"logits differ by {worst}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"[:300]
        counts["different" if problem else "same"] += 1
        if problem:
            print(f"{name} trained: {problem}\n  {os.path.basename(case['base'])} {case['settings']}")
        merged = os.path.join(folder, name, "merged")
        if os.path.exists(merged) and "merged" in result:
            worst = difference(load_base(merged), result["merged"])
            counts["merged_same" if worst < 2e-4 else "merged_different"] += 1
            if worst >= 2e-4:
                print(f"{name} merged: logits differ by {worst}\n  {os.path.basename(case['base'])} {case['settings']}")
    print(json.dumps(counts))


logging.set_verbosity_error()
dict(make=make, check=check)[sys.argv[1]](*sys.argv[2:])
