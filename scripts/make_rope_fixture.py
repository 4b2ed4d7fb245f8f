"""Writes test/fixtures/rope.json: transformers' rotary frequencies for all kinds and spellings of configs.

    python scripts/make_rope_fixture.py

Needs torch and transformers (versions are written into the file).
"""

import json
import os

import torch
import transformers
from transformers import AutoConfig, logging
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "rope.json")
SIZES = dict(hidden_size=64, num_attention_heads=4, max_position_embeddings=4096)
LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=256)
YARN = dict(factor=4.0, original_max_position_embeddings=1024)
LONG = dict(
    rope_type="longrope", short_factor=[1.0, 1.5, 2.25, 4.0], long_factor=[1.0, 1.5, 2.25, 4.0],
    original_max_position_embeddings=1024,
)

# config.json in addition to SIZES; rope_parameters is transformers 5's spelling, rope_theta and rope_scaling that of 4
CONFIGS = [
    dict(),
    dict(rope_theta=500000.0),
    dict(rope_theta=10000, rope_scaling=None, head_dim=10),
    dict(rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
    dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5)),
    dict(rope_theta=20000.0, rope_scaling=dict(type="linear", factor=2.5)),
    dict(rope_parameters=dict(rope_type="linear", factor=8.0, rope_theta=10000.0)),
    dict(rope_theta=500000.0, rope_scaling=dict(rope_type="llama3", **LLAMA3), head_dim=128),
    dict(rope_parameters=dict(rope_type="llama3", rope_theta=10000.0, **LLAMA3)),
    dict(rope_scaling=dict(rope_type="llama3", **{**LLAMA3, "low_freq_factor": 0.7, "high_freq_factor": 5})),
    dict(rope_scaling=dict(type="dynamic", factor=2.0)),
    dict(rope_theta=1000000.0, rope_scaling=dict(type="yarn", **YARN), head_dim=128),
    dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, **YARN)),
    dict(rope_scaling=dict(rope_type="yarn", factor=4.0)),
    dict(rope_scaling=dict(rope_type="yarn", **{**YARN, "factor": None}), head_dim=32),
    dict(rope_scaling=dict(rope_type="yarn", **YARN, attention_factor=1.3, beta_fast=16, beta_slow=2), head_dim=64),
    dict(rope_scaling=dict(rope_type="yarn", **YARN, truncate=False), head_dim=64),
    dict(rope_scaling=dict(rope_type="yarn", **YARN, mscale=0.8, mscale_all_dim=1.3), head_dim=64),
    dict(rope_scaling=dict(rope_type="yarn", **YARN, mscale=0.8), head_dim=64),
    dict(rope_scaling=dict(rope_type="yarn", **{**YARN, "factor": 1.0}), head_dim=64),
    dict(rope_scaling=dict(rope_type="yarn", factor=4.0), original_max_position_embeddings=512, head_dim=64),
    dict(rope_scaling=LONG, head_dim=8),
    dict(rope_scaling=dict(**LONG, attention_factor=0.75), rope_theta=500000.0, head_dim=8),
    dict(rope_scaling=dict(**LONG, factor=4.0), original_max_position_embeddings=4096, head_dim=8),
    dict(rope_scaling=dict(type="linear", factor=2.0), rope_parameters=dict(rope_type="default", rope_theta=5000.0)),
]


def case(config):
    read = AutoConfig.for_model("llama", **json.loads(json.dumps({**SIZES, **config})))
    rope = LlamaRotaryEmbedding(read)
    return dict(config={**SIZES, **config}, frequencies=rope.inv_freq.tolist(), scale=float(rope.attention_scaling))


def main():
    logging.set_verbosity_error()
    fixture = dict(
        made_by="scripts/make_rope_fixture.py",
        versions={m.__name__: m.__version__ for m in (torch, transformers)},
        cases=[case(config) for config in CONFIGS],
    )
    with open(FIXTURE, "w") as f:
        json.dump(fixture, f)
        f.write("\n")


main()
