"""Writes test/fixtures/peft_lora.json: which layers PEFT adapts for a LoraConfig, their ranks, scales and initial weights.

    python scripts/make_lora_fixture.py

Needs torch, transformers and peft (versions are written into the file). Everything is float32 on the CPU.
"""

import hashlib
import json
import os
import re
import tempfile
import warnings

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig
from transformers.pytorch_utils import Conv1D

warnings.filterwarnings("ignore")
OUT = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "peft_lora.json")
SEED = 7
MODELS = {
    "gpt2": GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=2, n_head=2),
    "gpt2-deep": GPT2Config(vocab_size=20, n_positions=8, n_embd=4, n_layer=12, n_head=2),
    "llama": LlamaConfig(vocab_size=20, hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=8, tie_word_embeddings=False),
}
CASES = [
    ("gpt2", {}),
    ("llama", {}),
    ("gpt2", dict(target_modules="all-linear")),
    ("gpt2-deep", dict(target_modules="all-linear")),
    ("llama", dict(target_modules="All-Linear", exclude_modules=["mlp.down_proj", "k_proj"])),
    ("gpt2", dict(target_modules=["c_proj"], r=3)),
    ("gpt2", dict(target_modules=["mlp.c_proj", "transformer.h.0.attn.c_attn"])),
    ("gpt2", dict(target_modules=["attn.c_proj", "nowhere"])),
    ("gpt2", dict(target_modules=["nowhere"])),
    ("gpt2", dict(target_modules=r".*\.attn\.c_\w+")),
    ("gpt2", dict(target_modules=r"transformer\.h\.[1-9]\.(?P<part>attn|mlp)\.c_(proj|fc)")),
    ("gpt2", dict(target_modules="c_attn$")),
    ("gpt2", dict(target_modules="transformer.h.0.attn")),
    ("gpt2", dict(target_modules=["mlp"])),
    ("llama", dict(target_modules=r"(?i)MODEL\.LAYERS\.\d+\.self_attn\.[qv]_PROJ")),
    ("llama", dict(target_modules=["q_proj", "up_proj"], layers_to_transform=[0, 2])),
    ("llama", dict(target_modules=["q_proj", "model.layers.1.mlp.up_proj"], layers_to_transform=[2])),
    ("gpt2", dict(target_modules=["c_attn"], layers_to_transform=1, layers_pattern="h")),
    ("gpt2", dict(target_modules=["c_attn"], layers_to_transform=[1], layers_pattern=["layers", "h"])),
    ("gpt2", dict(target_modules=["c_attn"], layers_to_transform=[1], layers_pattern="layers")),
    ("gpt2", dict(target_modules=["c_attn", "c_proj"], layers_to_transform=[])),
    ("gpt2", dict(target_modules=["c_attn", "c_proj"], exclude_modules=r".*h\.0.*")),
    ("gpt2", dict(target_modules=["c_attn"], exclude_modules=["c_attn"])),
    ("gpt2", dict(target_modules="all-linear", rank_pattern={"c_attn": 5, r"h\.1\..*": 6, "attn.c_proj": 2},
                  alpha_pattern={"h.0.mlp.c_fc": 3, "mlp.c_fc": 16}, use_rslora=True)),
    ("llama", dict(target_modules=["q_proj", "k_proj"], rank_pattern={"^model.layers.1.self_attn.q_proj": 4, "proj": 3})),
    ("gpt2", dict(target_modules=["c_attn"], init_lora_weights="gaussian", r=3)),
    ("gpt2", dict(target_modules="all-linear", init_lora_weights="gaussian", r=1)),
    ("gpt2", dict(target_modules=["c_attn", "c_fc"], init_lora_weights=False)),
    ("gpt2", dict(target_modules=["c_attn"], use_dora=True)),
    ("gpt2", dict(target_modules=["c_attn"], use_dora=True, use_rslora=True, rank_pattern={"h.1.attn.c_attn": 3}, init_lora_weights=False)),
    ("gpt2", dict(target_modules=["c_attn"], bias="all")),
    ("gpt2", dict(target_modules=["c_attn"], bias="lora_only")),
    ("llama", dict(target_modules=["q_proj"], bias="all")),
    ("gpt2", dict(target_modules=["c_attn"], modules_to_save=["ln_f"], bias="all")),
    ("gpt2", dict(target_modules=["c_attn"], modules_to_save=["wte", "lm_head"])),
    ("gpt2", dict(target_modules=["c_attn"], modules_to_save=["lm_head", "nowhere"])),
    ("gpt2", dict(target_modules="all-linear", modules_to_save=["mlp", "ln_1"])),
    ("gpt2", dict(target_modules=["c_attn", "c_proj"], modules_to_save=["mlp.c_proj", "wpe"])),
    ("llama", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head", "norm"])),
    ("llama", dict(target_modules="all-linear", modules_to_save=["layers.1"])),
    ("gpt2", dict(target_modules=["wte", "c_attn"])),
    ("gpt2", dict(target_modules=["wpe", "wte"], r=3, rank_pattern={"wpe": 1, r".*\.wte": 5}, alpha_pattern={"wte": 1}, use_rslora=True)),
    ("gpt2", dict(target_modules=["wte", "c_attn"], init_lora_weights=False, use_dora=True)),
    ("gpt2", dict(target_modules=["wte", "c_attn"], init_lora_weights="gaussian", bias="lora_only")),
    ("gpt2", dict(target_modules=["wte", "lm_head"], exclude_modules=["lm_head"])),
    ("gpt2", dict(target_modules=["transformer.wte", "c_attn"], layers_to_transform=[1])),
    ("gpt2", dict(target_modules=["wte", "c_attn"], modules_to_save=["wte"])),
    ("llama", dict(target_modules=["embed_tokens", "q_proj"])),
    ("llama", dict(target_modules=["model.embed_tokens", "q_proj"])),
    ("llama", dict(target_modules=r".*(embed_tokens|o_proj)")),
    ("llama", dict(target_modules=["embed_tokens", "q_proj"], use_dora=True, modules_to_save=["lm_head"], bias="all")),
    ("llama", dict(target_modules=["embed_tokens", "q_proj"], layers_to_transform=[1])),
    ("llama", dict(target_modules=["embed_tokens", "q_proj"], modules_to_save=["embed_tokens"])),
    ("llama", dict(target_modules=["embed_tokens", "q_proj"], exclude_modules=["embed_tokens"])),
    ("gpt2", dict(target_modules=["c_attn"], trainable_token_indices=[3, 0, 19])),
    ("gpt2", dict(target_modules=["c_attn"], trainable_token_indices={"wte": [3, 1], "wpe": [7]})),
    ("gpt2", dict(target_modules=["c_attn"], trainable_token_indices={"transformer.wte": [3, 1], "lm_head": [3, 1]})),
    ("gpt2", dict(target_modules=["c_attn"], trainable_token_indices={"wte": [3, 1], "lm_head": [2]})),
    ("gpt2", dict(target_modules=["c_attn", "wte"], trainable_token_indices={"lm_head": [2]})),
    ("llama", dict(target_modules=["q_proj"], trainable_token_indices=[4])),
    ("llama", dict(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [4], "lm_head": [4]})),
    ("llama", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"], trainable_token_indices={"lm_head": [4, 5]})),
    ("gpt2", dict(target_modules=["c_attn"], trainable_token_indices={"nowhere": [2]})),
    ("gpt2", dict(target_modules=["c_attn"], modules_to_save=["wte"], trainable_token_indices={"wte": [2]})),
]


def build(name):
    torch.manual_seed(1)
    return AutoModelForCausalLM.from_config(MODELS[name])


def describe(name):
    """The fields of prefine's Architecture for such a model."""
    model = build(name)
    parameters = dict(model.named_parameters())  # tied ones once
    linears = [(key, m) for key, m in model.named_modules() if isinstance(m, (torch.nn.Linear, Conv1D)) and key != "lm_head"]
    def linear(key, m):
        conv = isinstance(m, Conv1D)
        rows, columns = m.weight.shape
        return dict(name=key, inFeatures=rows if conv else columns, outFeatures=columns if conv else rows,
                    layout="in,out" if conv else "out,in", bias=m.bias is not None)
    return dict(modelType=model.config.model_type, parameters={key: list(p.shape) for key, p in parameters.items()},
                linears=[linear(key, m) for key, m in linears], head="lm_head.weight" if "lm_head.weight" in parameters else "transformer.wte.weight")


def digest(tensor):
    return hashlib.sha256(tensor.contiguous().numpy().astype("<f4").tobytes()).hexdigest()


def run(name, settings):
    model = build(name)
    torch.manual_seed(SEED)
    try:
        model = get_peft_model(model, LoraConfig(**{**dict(r=2, lora_alpha=4, task_type="CAUSAL_LM"), **settings}))
    except ValueError as error:
        return dict(model=name, settings=settings, error=str(error)[:120])
    layers = {key.removeprefix("base_model.model."): [m.r["default"], m.scaling["default"]]
              for key, m in model.named_modules() if hasattr(m, "lora_A") and not key.endswith("lora_A")}
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tensors = load_file(f"{folder}/adapter_model.safetensors")
        config = json.load(open(f"{folder}/adapter_config.json"))
    tensors = {k: v for k, v in tensors.items() if ".original_module." not in k and ".modules_to_save." not in k}
    target_modules = config["target_modules"]
    return dict(
        model=name, settings=settings, layers=layers, tensors={key: list(t.shape) for key, t in tensors.items()},
        drawn={key: digest(t) for key, t in tensors.items() if re.search(r"\.lora_(embedding_)?[AB]\b", key)},
        target_modules=target_modules if isinstance(target_modules, str) else sorted(target_modules),
    )


result = dict(
    made_by="scripts/make_lora_fixture.py",
    versions={m.__name__: m.__version__ for m in (torch, transformers, peft)},
    seed=SEED, models={name: describe(name) for name in MODELS}, cases=[run(*case) for case in CASES],
)
with open(OUT, "w") as f:
    lines = lambda values: "[\n" + ",\n".join(json.dumps(v) for v in values) + "\n]"
    head = {key: value for key, value in result.items() if key != "cases"}
    f.write(json.dumps(head)[:-1] + ',\n"cases": ' + lines(result["cases"]) + "}\n")
