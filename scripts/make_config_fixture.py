"""Writes test/fixtures/config-fields.json: what transformers' config classes have, and how models read odd configs.

    python scripts/make_config_fixture.py

Needs torch and transformers (versions are written into the file).
"""

import dataclasses
import json
import os
import tempfile

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, logging
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

FIXTURE = os.path.join(os.path.dirname(__file__), "..", "test", "fixtures", "config-fields.json")
FAMILIES = [
    "gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "gemma3", "phi3", "smollm3", "olmo2",
    "granite", "gpt_neox", "starcoder2",
]
DECODER = dict(
    hidden_size=16, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=1,
    vocab_size=32, max_position_embeddings=64, head_dim=8,
)
GPT2 = dict(n_embd=16, n_head=2, n_layer=2, n_positions=32, vocab_size=32)
ALTERNATING = ["full_attention", "sliding_attention"] * 2
FULL = ["full_attention"] * 4
ON = dict(use_sliding_window=True, sliding_window=4)

# config.json in addition to the sizes
WINDOWS = [
    dict(),
    dict(sliding_window=None),
    dict(sliding_window=4),
    dict(sliding_window=0, use_sliding_window=True, max_window_layers=0),
    dict(layer_types=None),
    dict(layer_types=ALTERNATING),
    dict(layer_types=ALTERNATING, **ON),
    dict(layer_types=ALTERNATING, sliding_window=4),
    dict(layer_types=ALTERNATING, sliding_window=None, use_sliding_window=True),
    dict(layer_types=ALTERNATING, use_sliding_window=False, sliding_window=4),
    dict(layer_types=["attention", "sliding_attention"] * 2, **ON),
    dict(layer_types=FULL, **ON),
    dict(layer_types=["sliding_attention"] * 4, max_window_layers=2, **ON),
    dict(layer_types=["chunked_attention"] * 4),
    dict(layer_types=["full_attention"] * 3),
    dict(layer_types=[]),
    dict(max_window_layers=1, **ON),
]
SIZES = [
    dict(),
    dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=64),
    dict(hidden_size=32),
    dict(num_hidden_layers=1),
]


def load(config):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(config, f)
        return AutoConfig.from_pretrained(folder)


def windows(family, extra):
    """The window of each layer; None where transformers fails on a prompt."""
    try:
        config = load(dict(model_type=family, **DECODER, **extra))
        model = AutoModelForCausalLM.from_config(config)
        model(torch.tensor([[1, 2, 3]]), use_cache=False)
    except Exception:
        return None
    attentions = [layer.self_attn for layer in model.model.layers]
    return [getattr(one, "sliding_window", getattr(config, "sliding_window", None)) for one in attentions]


def sizes(extra):
    config = load(dict(model_type="gpt2", **{**GPT2, **extra}))
    return {name: getattr(config, name) for name in ("n_embd", "n_layer", "n_head", "n_positions")}


def main():
    logging.set_verbosity_error()
    classes = {family: CONFIG_MAPPING[family] for family in FAMILIES}
    fixture = dict(
        made_by="scripts/make_config_fixture.py",
        versions={m.__name__: m.__version__ for m in (torch, transformers)},
        fields={family: sorted(f.name for f in dataclasses.fields(c)) for family, c in classes.items()},
        attribute_map={family: c.attribute_map for family, c in classes.items()},
        windows=[
            dict(family=family, config={**DECODER, **extra}, windows=windows(family, extra))
            for family in ("mistral", "qwen2", "qwen3")
            for extra in WINDOWS
        ],
        sizes=[dict(config={**GPT2, **extra}, sizes=sizes(extra)) for extra in SIZES],
    )
    with open(FIXTURE, "w") as f:
        json.dump(fixture, f)
        f.write("\n")


main()
