"""Writes test/fixtures/gguf-blocks.json: two random blocks of every quantization, and their values in the gguf package.

    python scripts/make_gguf_fixture.py test/fixtures/gguf-blocks.json
"""

import base64
import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

# Offsets of a block's half-precision scales: random bits there would sometimes be infinite.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def encode(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def main(path: str) -> None:
    rng = np.random.default_rng(7)
    found = {}
    for name, places in SCALES.items():
        kind = GGMLQuantizationType[name]
        _, size = GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, size=(2, size), dtype=np.uint8)
        for place in places:
            blocks[:, place : place + 2] = rng.standard_normal(2).astype("<f2").reshape(2, 1).view(np.uint8)
        found[name] = {"blocks": encode(blocks), "values": encode(quants.dequantize(blocks, kind).astype("<f4"))}
    with open(path, "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


main(sys.argv[1])
