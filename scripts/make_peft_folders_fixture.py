"""Writes test/fixtures/peft-folders: small bases and adapters as PEFT and other tools save them, with what PEFT computes.

    python scripts/make_peft_folders_fixture.py

Needs torch, transformers and peft (versions are written into expected.json).
"""

import json
import os
import shutil

import peft
import torch
import transformers
from peft import AutoPeftModelForCausalLM, LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast, logging

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "peft-folders")
SIZES = dict(
    hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
    vocab_size=24, max_position_embeddings=48, bos_token_id=None, eos_token_id=None,
)
PROMPT = [3, 4, 5, 6, 7, 8, 9, 1, 2, 20]
DEFAULT = dict(r=2, lora_alpha=8, task_type="CAUSAL_LM")

# base, LoraConfig, rows to add to the vocabulary, edits of the saved files
CASES = {
    "head": ("apart", dict(target_modules=["q_proj", "lm_head"]), 0),
    "head-tied": ("tied", dict(target_modules=["q_proj", "lm_head"]), 0),
    "head-dora-rslora": ("apart", dict(target_modules=["lm_head", "v_proj"], use_dora=True, use_rslora=True), 0),
    "head-dora-tied": ("tied", dict(target_modules=["lm_head"], use_dora=True), 0),
    "head-and-embedding-tied": ("tied", dict(target_modules=["lm_head", "embed_tokens"]), 0),
    "head-by-pattern": ("apart", dict(target_modules=".*(lm_head|o_proj)", rank_pattern={"lm_head": 3}), 0),
    "saved": ("apart", dict(target_modules=["q_proj"]), 0),
    "resized": ("apart", dict(target_modules=["q_proj"]), 3),
    "resized-tied": ("tied", dict(target_modules=["q_proj"]), 3),
    "resized-head": ("apart", dict(target_modules=["q_proj", "lm_head"], modules_to_save=["embed_tokens"]), 2),
    "resized-in-full": ("apart", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]), 2),
    "resized-in-full-tied": ("tied", dict(target_modules=["v_proj"], modules_to_save=["embed_tokens"]), 2),
    "resized-adapted": ("tied", dict(target_modules=["embed_tokens", "q_proj"]), 2),
    "resized-tokens": ("apart", dict(target_modules=["q_proj"], trainable_token_indices=[25, 3]), 2),
    "named": ("apart", dict(target_modules=["q_proj"], use_dora=True), 0),
    "defaults": ("apart", dict(r=8, lora_alpha=8), 0),
    "other-tools": ("apart", dict(target_modules=["q_proj", "down_proj"]), 0),
    "fused-phi3": (
        "phi3", dict(target_modules=["qkv_proj", "gate_up_proj"], use_dora=True, rank_pattern={"gate_up_proj": 3}), 0
    ),
    "fused-neox": ("gpt_neox", dict(use_rslora=True, bias="lora_only"), 0),
    "scaled-gemma3": ("gemma3_text", dict(target_modules=["embed_tokens", "q_proj"], alpha_pattern={"q_proj": 3}), 0),
}
# bases of other families
FAMILIES = dict(
    phi3=dict(pad_token_id=None), gpt_neox=dict(rotary_pct=0.5),
    gemma3_text=dict(head_dim=4, query_pre_attn_scalar=6, sliding_window=4, pad_token_id=None,
                     layer_types=["sliding_attention", "full_attention"]),
)


def fill(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            moved = torch.randn(parameter.shape, generator=generator) * 0.4
            parameter.data.copy_(parameter.data.abs() + 0.5 if "magnitude" in name else moved)


def base(kind):
    family = kind if kind in FAMILIES else "llama"
    sizes = {**SIZES, **FAMILIES.get(kind, {})}
    config = AutoConfig.for_model(family, **sizes, tie_word_embeddings=kind in ("tied", "gemma3_text"))
    model = AutoModelForCausalLM.from_config(config)
    fill(model, 1 if kind == "tied" else 2)
    return model


def tokenizer(size):
    vocabulary = {f"t{i}": i for i in range(size)}
    tokens = Tokenizer(models.WordLevel(vocabulary, unk_token="t0"))
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="t0")


def edit(name, folder):
    weights, config = (os.path.join(folder, file) for file in ("adapter_model.safetensors", "adapter_config.json"))
    settings = json.load(open(config))
    tensors = load_file(weights)
    if name == "named":
        renamed = {}
        for key, value in tensors.items():
            end = ".default.weight" if "magnitude" in key else ".default"
            renamed[key.replace(".weight", ".default.weight") if "lora_A" in key or "lora_B" in key else key + end] = value
        save_file(renamed, weights)
    if name == "defaults":
        for key in ("r", "lora_alpha", "target_modules", "lora_dropout", "bias"):
            del settings[key]
    if name == "other-tools":
        settings.update(unsloth_fixed=True, some_group_size=16, runtime_config={"ephemeral_gpu_offload": False})
    settings["base_model_name_or_path"] = "../" + os.path.basename(settings["base_model_name_or_path"])
    json.dump(settings, open(config, "w"), indent=1)


def outputs(model):
    return model(torch.tensor([PROMPT])).logits[0, -1].tolist()


def case(name, kind, settings, rows):
    folder = os.path.join(FIXTURE, name)
    base_folder = os.path.join(FIXTURE, kind)
    model = AutoModelForCausalLM.from_pretrained(base_folder)
    if rows:
        model.resize_token_embeddings(SIZES["vocab_size"] + rows, mean_resizing=False)
        tokenizer(SIZES["vocab_size"] + rows).save_pretrained(folder)
    config = LoraConfig(**{**DEFAULT, **settings})
    adapted = get_peft_model(model, config)
    fill(adapted, 3)
    adapted.save_pretrained(folder, save_embedding_layers=True if name == "saved" else "auto")
    os.remove(os.path.join(folder, "README.md"))
    edit(name, folder)
    # loaded as a user does; the base's folder is relative to the adapter's
    cwd = os.getcwd()
    os.chdir(folder)
    try:
        loaded = AutoPeftModelForCausalLM.from_pretrained(".").eval()
    finally:
        os.chdir(cwd)
    logits = outputs(loaded)
    assert torch.allclose(torch.tensor(logits), torch.tensor(outputs(adapted.eval())), atol=1e-5), name
    return dict(logits=logits, vocab_size=len(logits))


def main():
    logging.set_verbosity_error()
    shutil.rmtree(FIXTURE, ignore_errors=True)
    for kind in ("apart", "tied", *FAMILIES):
        base(kind).save_pretrained(os.path.join(FIXTURE, kind))
        os.remove(os.path.join(FIXTURE, kind, "generation_config.json"))
    with torch.no_grad():
        cases = {name: case(name, *rest) for name, rest in CASES.items()}
    expected = dict(
        made_by="scripts/make_peft_folders_fixture.py",
        versions={m.__name__: m.__version__ for m in (torch, transformers, peft)},
        prompt=PROMPT,
        cases=cases,
    )
    with open(os.path.join(FIXTURE, "expected.json"), "w") as f:
        json.dump(expected, f)
        f.write("\n")


main()
