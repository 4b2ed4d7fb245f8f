"""Writes test/fixtures/quantized.json: bitsandbytes' 4-bit codes and scales of normal numbers from torch's generator.

python scripts/make_quantized_fixture.py (torch, bitsandbytes on the CPU)
"""

import base64
import json
from pathlib import Path

import bitsandbytes
import bitsandbytes.functional as F
import torch

SEED, COUNT = 11, 20010  # 312 whole blocks of 64 and a part of one; two blocks of scales


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
path = Path(__file__).parent.parent / "test" / "fixtures" / "quantized.json"
path.write_text(json.dumps(out, indent=1) + "\n")
