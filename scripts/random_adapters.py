"""Random LoraConfigs on small models, for scripts/compareAdapters.ts, which says how to run both.

    python scripts/random_adapters.py make FOLDER SEED COUNT [FAMILY...]   adapters that PEFT saves, with their logits
                                                                           and those of the merged models
    python scripts/random_adapters.py check FOLDER                         reads the adapters that prefine trained there

Bases are of every family, in float32 and bfloat16, and in 8 and 4 bits: then torch has the dequantized numbers.

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
from transformers.pytorch_utils import Conv1D

VOCABULARY = 40
LAYERS = 3
SIZES = dict(
    hidden_size=16, intermediate_size=24, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=VOCABULARY, max_position_embeddings=64, head_dim=4, bos_token_id=None, eos_token_id=1, pad_token_id=0,
)
GPT2 = dict(
    n_embd=16, n_layer=LAYERS, n_head=4, n_positions=64, vocab_size=VOCABULARY, bos_token_id=None, eos_token_id=1
)
ALTERNATING = dict(sliding_window=4, query_pre_attn_scalar=6, layer_types=["sliding_attention", "full_attention"] * 2)
ALTERNATING["layer_types"] = ALTERNATING["layer_types"][:LAYERS]
VISION = dict(
    hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4
)
# what config.json has besides SIZES
FAMILIES = dict(
    gpt2=GPT2, llama={}, mistral={}, qwen2={}, qwen3={}, gemma={}, gemma2=ALTERNATING, gemma3_text=ALTERNATING,
    gemma3=dict(vision_config=VISION, mm_tokens_per_image=4), phi3=dict(partial_rotary_factor=0.5),
    smollm3=dict(no_rope_layers=[1, 0, 1]), olmo2={}, gpt_neox=dict(rotary_pct=0.5), starcoder2=dict(use_bias=True),
    granite=dict(embedding_multiplier=3.0, residual_multiplier=0.8, attention_multiplier=0.2, logits_scaling=1.25),
)
PROMPT = [3, 4, 5, 6, 7, 8, 9, 2, 20, 11]
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj", "self_attn.q_proj"]
# modules by family: linear layers, embeddings, the last norm, a norm of each layer
MODULES = {
    "gpt2": (["c_attn", "c_proj", "c_fc", "attn.c_proj", "mlp.c_proj"], ["wte", "wpe"], "ln_f", "ln_1"),
    "phi3": (
        ["qkv_proj", "o_proj", "gate_up_proj", "down_proj", "self_attn.qkv_proj", "mlp.gate_up_proj"],
        ["embed_tokens"], "model.norm", "input_layernorm",
    ),
    "gpt_neox": (
        ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h", "attention.query_key_value"],
        ["embed_in"], "final_layer_norm", "input_layernorm",
    ),
    "starcoder2": (ATTENTION + ["c_fc", "c_proj", "mlp.c_fc"], ["embed_tokens"], "model.norm", "input_layernorm"),
    "olmo2": (
        ATTENTION + ["gate_proj", "up_proj", "down_proj"], ["embed_tokens"], "model.norm", "post_attention_layernorm"
    ),
    "other": (ATTENTION + ["gate_proj", "up_proj", "down_proj"], ["embed_tokens"], "norm", "input_layernorm"),
}
PATHS = dict(gpt2="transformer.h", gpt_neox="gpt_neox.layers", gemma3="model.language_model.layers")
QUANTIZATIONS = [
    dict(load_in_8bit=True), dict(load_in_4bit=True, bnb_4bit_quant_type="nf4"), dict(load_in_4bit=True)
]


def linear_of(family):
    return MODULES.get(family, MODULES["other"])[0]


def embeddings_of(family):
    return MODULES.get(family, MODULES["other"])[1]


def path_of(family):
    return PATHS.get(family, "model.layers")


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
                model = AutoModelForCausalLM.from_config(config_of(family, tied))
                fill(model, generator)
                name = os.path.join(folder, "bases", f"{family}-{'tied' if tied else 'apart'}-{dtype}")
                model.to(getattr(torch, dtype)).save_pretrained(name)


def config_of(family, tied):
    if family == "gemma3":
        text = {**SIZES, **ALTERNATING}
        return AutoConfig.for_model(family, text_config=text, **FAMILIES[family], tie_word_embeddings=tied)
    sizes = {k: v for k, v in SIZES.items() if not (family in ("qwen2", "gpt_neox") and k == "head_dim")}
    sizes = {} if family == "gpt2" else sizes
    return AutoConfig.for_model(family, **{**sizes, **FAMILIES[family]}, tie_word_embeddings=tied)


def some(rng, choices, least=1):
    return rng.sample(choices, rng.randint(least, min(3, len(choices))))


def layer_list(family):
    return path_of(family).split(".")[-1]


def targets(rng, family):
    linear = linear_of(family)
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
        return some(rng, embeddings_of(family)) + some(rng, linear)
    if kind == "head":
        return ["lm_head"] + some(rng, linear)
    return [f"{path_of(family)}.1.{whole_name(family, linear[0])}", linear[2]]


def whole_name(family, module):
    return f"{dict(gpt2='attn', gpt_neox='attention').get(family, 'self_attn')}.{module}"


def settings(rng, family, tied):
    linear, embeddings, last_norm, norm = MODULES.get(family, MODULES["other"])
    chosen = dict(r=rng.choice([1, 2, 3, 4]), lora_alpha=rng.choice([1, 4, 7, 16]), task_type="CAUSAL_LM")
    chosen["target_modules"] = targets(rng, family)
    maybe = lambda share: rng.random() < share
    if maybe(0.3):
        chosen["use_rslora"] = True
    if maybe(0.3):
        chosen["use_dora"] = True
    if maybe(0.3):
        # PEFT saves them sorted, and the first that matches counts
        chosen["rank_pattern"] = {rf"^.*{layer_list(family)}\.1\..*": 2, rng.choice(linear): 5}
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
            [["lm_head"], embeddings[:1], [last_norm], ["lm_head", norm], ["mlp"]]
        )
    if maybe(0.2):
        chosen["trainable_token_indices"] = rng.choice([[2, 5], {embeddings[0]: [7, 3]}, {"lm_head": [4]}])
    if maybe(0.3):
        chosen["bias"] = rng.choice(["all", "lora_only"])
    if maybe(0.3):
        chosen["init_lora_weights"] = rng.choice(["gaussian", False, "pissa", "pissa"])
        if tied and "lm_head" in str(chosen["target_modules"]):
            chosen["init_lora_weights"] = False  # PiSSA would change the embedding, too: refused
    if family == "gpt2" and maybe(0.5):
        chosen["fan_in_fan_out"] = True
    return chosen


NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
HALF_FP4 = [0.0052083333, 0.16666667, 0.25, 0.33333333, 0.5, 0.66666667, 1.0]
FP4 = [-value for value in reversed(HALF_FP4)] + [0.0] + HALF_FP4


def rounded(weight, quantization):
    """The numbers that blocks of 64 in 8 or 4 bits represent, as bitsandbytes defines them."""
    flat = torch.nn.functional.pad(weight.flatten(), (0, -weight.numel() % 64)).view(-1, 64)
    absmax = flat.abs().amax(1, keepdim=True)
    if quantization.get("load_in_8bit"):
        found = torch.round(flat * (127 / absmax)) * (absmax / 127)
    else:
        table = torch.tensor(NF4 if quantization.get("bnb_4bit_quant_type") == "nf4" else FP4)
        found = table[torch.bucketize(flat * (1 / absmax), (table[1:] + table[:-1]) / 2)] * absmax
    return found.flatten()[: weight.numel()].view(weight.shape)


def quantize(model, quantization, kept):
    """All linear layers but the head and those that are trained in full."""
    for name, module in model.named_modules():
        if name == "lm_head" or "vision_tower" in name or any(f".{each}." in f".{name}." for each in kept):
            continue
        if isinstance(module, torch.nn.Linear):
            module.weight.data = rounded(module.weight.data, quantization)
        elif isinstance(module, Conv1D):
            module.weight.data = rounded(module.weight.data.T.contiguous(), quantization).T.contiguous()


def logits_of(model):
    with torch.no_grad():
        return model.eval()(torch.tensor([PROMPT])).logits[0].float()


def load_base(case):
    model = AutoModelForCausalLM.from_pretrained(case["base"], dtype=torch.float32)
    if case.get("quantization"):
        quantize(model, case["quantization"], case["settings"].get("modules_to_save") or [])
    return model


def one(folder, rng, generator, families):
    family, tied, dtype = rng.choice(families), rng.choice(["apart", "tied"]), rng.choice(["float32", "bfloat16"])
    base = os.path.abspath(os.path.join(folder, "..", "bases", f"{family}-{tied}-{dtype}"))
    chosen = settings(rng, family, tied == "tied")
    case = dict(base=base, settings=chosen, prompt=PROMPT)
    if rng.random() < 0.4 and chosen.get("init_lora_weights") != "pissa":
        case["quantization"] = rng.choice(QUANTIZATIONS)
    os.makedirs(folder)
    try:
        torch.manual_seed(42)
        model = get_peft_model(load_base(case), LoraConfig(**chosen))
        fill(model, generator)
        model.save_pretrained(os.path.join(folder, "peft"))
        loaded = PeftModel.from_pretrained(load_base(case), os.path.join(folder, "peft"))
        case["logits"] = logits_of(loaded).flatten().tolist()
        case["trainable"] = sorted(n for n, p in model.named_parameters() if p.requires_grad)
    except Exception as error:
        case["error"] = f"{type(error).__name__}: {error}"[:400]
    else:
        try:
            merged = loaded.merge_and_unload(safe_merge=rng.random() < 0.5)
            case["merged"] = logits_of(merged).flatten().tolist()
        except Exception as error:
            case["mergeError"] = f"{type(error).__name__}: {error}"[:400]
    json.dump(case, open(os.path.join(folder, "case.json"), "w"))


def make(folder, seed, count, *families):
    rng, generator = random.Random(int(seed)), torch.Generator().manual_seed(int(seed))
    bases(folder, generator)
    for index in range(int(count)):
        one(os.path.join(folder, f"case-{index:04}"), rng, generator, families or list(FAMILIES))


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
                model = PeftModel.from_pretrained(load_base(case), os.path.join(folder, name, "trained"))
            missing = [w for w in (str(w.message) for w in caught) if "missing" in w and "vision" not in w]
            worst = difference(model, result["logits"])
            problem = f"missing {missing}" if missing else None if worst < 2e-4 else f"logits differ by {worst}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"[:300]
        counts["different" if problem else "same"] += 1
        if problem:
            print(f"{name} trained: {problem}\n  {os.path.basename(case['base'])} {case['settings']}")
        merged = os.path.join(folder, name, "merged")
        if os.path.exists(merged) and "merged" in result:
            worst = difference(load_base(dict(base=merged)), result["merged"])
            counts["merged_same" if worst < 2e-4 else "merged_different"] += 1
            if worst >= 2e-4:
                print(f"{name} merged: logits differ by {worst}\n  {os.path.basename(case['base'])} {case['settings']}")
    print(json.dumps(counts))


logging.set_verbosity_error()
dict(make=make, check=check)[sys.argv[1]](*sys.argv[2:])
