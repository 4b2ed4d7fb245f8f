"""Writes test/fixtures/quantized.json: bitsandbytes' 4-bit codes and scales of normal numbers from torch's generator;
and test/fixtures/bitsandbytes: small models saved by transformers' save_pretrained in 4 and 8 bits, with the
logits of their dequantized float32 models.

python scripts/make_quantized_fixture.py (torch, transformers, accelerate, bitsandbytes on the CPU)
"""

import base64
import json
import shutil
import tempfile
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as F
import torch
import transformers
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GPT2Config, LlamaConfig

SEED, COUNT = 11, 20010  # 312 full blocks of 64 and a partial one; two blocks of scales


def text(tensor):
    return base64.b64encode(tensor.contiguous().view(torch.uint8).numpy().tobytes()).decode()


torch.manual_seed(SEED)
values = torch.randn(COUNT)
out = {
    "maker": f"bitsandbytes {bitsandbytes.__version__}, torch {torch.__version__}",
    "seed": SEED,
    "count": COUNT,
}
for kind in ("nf4", "fp4"):
    codes, state = F.quantize_4bit(values, blocksize=64, quant_type=kind)
    out[kind] = {"codes": text(codes), "absmax": text(state.absmax), "table": [float(value) for value in state.code]}
codes, state = F.quantize_4bit(values, blocksize=64, quant_type="nf4", compress_statistics=True)
out["nested"] = {
    "absmax": text(state.absmax),
    "nested_absmax": text(state.state2.absmax),
    "nested_offset": float(state.offset),
    "numbers": text(F.dequantize_4bit(codes, state).flatten()[:1000]),
}
fixtures = Path(__file__).parent.parent / "test" / "fixtures"
(fixtures / "quantized.json").write_text(json.dumps(out, indent=1) + "\n")

LLAMA = LlamaConfig(
    hidden_size=64, intermediate_size=192, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    vocab_size=48, max_position_embeddings=64, initializer_range=0.15, tie_word_embeddings=True,
)
def gpt2(width):
    return GPT2Config(n_embd=width, n_layer=1, n_head=2, vocab_size=48, n_positions=64, initializer_range=0.15)


MODELS = {
    "llama-nf4": (LLAMA, torch.bfloat16, dict(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)),
    "gpt2-fp4": (gpt2(64), torch.float32, dict(load_in_4bit=True)),  # on the CPU, 4-bit rows of 32 are read wrong
    "llama-int8": (LLAMA, torch.float16, dict(load_in_8bit=True)),
    "gpt2-int8": (gpt2(32), torch.float16, dict(load_in_8bit=True)),  # rows of 32 numbers: no full blocks
}
TOKENS = [3, 14, 15, 9, 26, 5]


def dequantized(module):
    if isinstance(module, bitsandbytes.nn.Linear4bit):
        module.weight.quant_state.dtype = torch.float32  # its own dtype would round the product of code and scale again
        return F.dequantize_4bit(module.weight.data, module.weight.quant_state)
    rows = module.weight.SCB if module.weight.SCB is not None else module.state.SCB
    return module.weight.data.float() * (rows.float() / 127)[:, None]


def write_model(folder, config, dtype, quantization):
    torch.manual_seed(SEED)
    with tempfile.TemporaryDirectory() as plain:
        AutoModelForCausalLM.from_config(config).to(dtype).save_pretrained(plain)
        settings = BitsAndBytesConfig(**quantization)
        model = AutoModelForCausalLM.from_pretrained(plain, quantization_config=settings, dtype=dtype)
        wide = AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    kinds = (bitsandbytes.nn.Linear4bit, bitsandbytes.nn.Linear8bitLt)
    layers = {name: module for name, module in model.named_modules() if isinstance(module, kinds)}
    for name, module in layers.items():
        weight = dequantized(module)
        target = wide.get_submodule(name).weight.data
        target.copy_(weight.T if isinstance(wide.get_submodule(name), transformers.pytorch_utils.Conv1D) else weight)
    with torch.no_grad():
        logits = wide(torch.tensor([TOKENS])).logits[0, -1]
    versions = f"transformers {transformers.__version__}, {out['maker']}"
    facts = {"maker": versions, "layers": sorted(layers), "tokens": TOKENS, "logits": logits.tolist()}
    (folder / "expected.json").write_text(json.dumps(facts, indent=1) + "\n")


for name, (config, dtype, quantization) in MODELS.items():
    write_model(fixtures / "bitsandbytes" / name, config, dtype, quantization)
