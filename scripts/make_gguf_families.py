"""Writes test/fixtures/gguf-families: a small random model of each family in a GGUF file, as llama.cpp's converter writes
it, and transformers' logits of the same numbers.

    python scripts/make_gguf_families.py test/fixtures/gguf-families
    python scripts/make_gguf_families.py FOLDER --f32 --llama-cpp    # no blocks; compares with llama.cpp as well

Names of tensors are the gguf package's; keys and layouts follow llama.cpp's conversion/*.py. Needs gguf, torch,
transformers, and for --llama-cpp llama_cpp.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from gguf import quants
from transformers import AutoModelForCausalLM
from transformers.models.auto import CONFIG_MAPPING

VOCABULARY = 97
TOKENS = [(7 * i * i + 3 * i + 5) % VOCABULARY for i in range(24)]
#: Logits are those after so many tokens.
LENGTHS = [10, 24]
WINDOW = 8
SHAPE = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
NEOX = {key: value for key, value in SHAPE.items() if key != "num_key_value_heads"}
LONG = dict(rope_type="longrope", rope_theta=10_000.0, partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.3],
            long_factor=[1.0, 2.0, 5.0], original_max_position_embeddings=16)
LOCAL_GLOBAL = dict(full_attention=dict(rope_type="linear", factor=4.0, rope_theta=1e6),
                    sliding_attention=dict(rope_type="default", rope_theta=10_000.0))
#: What the files can say: llama.cpp scales Gemma's queries by the width of a head, and has layers without rope or
#: windows at fixed places.
FAMILIES = {
    "gemma": ("gemma", dict(SHAPE, num_key_value_heads=1, head_dim=16)),
    "gemma2": ("gemma2", dict(SHAPE, num_hidden_layers=3, head_dim=16, query_pre_attn_scalar=16, sliding_window=WINDOW,
                              attn_logit_softcapping=2.0, final_logit_softcapping=3.0)),
    "gemma3": ("gemma3_text", dict(SHAPE, num_hidden_layers=7, head_dim=16, query_pre_attn_scalar=16,
                                   sliding_window=WINDOW, rope_parameters=LOCAL_GLOBAL)),
    "phi3": ("phi3", dict(SHAPE, sliding_window=WINDOW, tie_word_embeddings=False)),
    "phi3-long": ("phi3", dict(SHAPE, rope_parameters=LONG, original_max_position_embeddings=16, tie_word_embeddings=True)),
    "smollm3": ("smollm3", dict(SHAPE, num_hidden_layers=5, tie_word_embeddings=True)),
    "olmo2": ("olmo2", dict(SHAPE, tie_word_embeddings=False)),
    "granite": ("granite", dict(SHAPE, embedding_multiplier=3.0, residual_multiplier=0.4, attention_multiplier=0.2,
                                logits_scaling=2.0, attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "gptneox": ("gpt_neox", dict(NEOX, rotary_pct=0.5, use_parallel_residual=True)),
    "gptneox-serial": ("gpt_neox", dict(NEOX, rotary_pct=0.25, use_parallel_residual=False)),
    "starcoder2": ("starcoder2", dict(SHAPE, tie_word_embeddings=True)),
}
ARCHITECTURES = {"gemma3_text": "gemma3", "gpt_neox": "gptneox"}


def make_model(model_type, settings, seed):
    torch.manual_seed(seed)
    config = CONFIG_MAPPING[model_type](**settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "norm" in name:
                values.add_(0.2 * torch.randn_like(values))
            else:
                values.normal_(0.0, 0.3 if values.ndim == 2 else 0.1)
    return model


def kind_of(name, values, f32):
    """Attention in 8 bits, MLP in 4, embedding in 16: all arrangements of rows meet blocks."""
    if values.ndim == 1 or f32:
        return Kind.F32
    return Kind.F16 if "embd" in name else Kind.Q8_0 if "attn" in name else Kind.Q4_0


def permuted(values, heads):
    """Halves of a head that rotate together become neighbors."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def by_kind(values, heads):
    """[head, (q, k, v), ...] -> all queries, all keys, all values."""
    return values.reshape(heads, 3, -1, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


def arranged(config, name, values):
    kind = config.model_type
    if kind in ("smollm3", "granite") and ".q_proj." in name:
        return permuted(values, config.num_attention_heads)
    if kind in ("smollm3", "granite") and ".k_proj." in name:
        return permuted(values, config.num_key_value_heads)
    if ".query_key_value." in name:
        return by_kind(values, config.num_attention_heads)
    return values + np.float32(1) if kind.startswith("gemma") and name.endswith("norm.weight") else values


def write_keys(writer, config):
    kind, rope = config.model_type, config.rope_parameters
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    theta = rope.get("full_attention", rope)["rope_theta"]
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if kind == "gpt_neox":
        writer.add_rope_dimension_count(int(rope["partial_rotary_factor"] * head))
        writer.add_parallel_residual(config.use_parallel_residual)
        writer.add_layer_norm_eps(config.layer_norm_eps)
        return
    writer.add_head_count_kv(config.num_key_value_heads)
    if kind == "starcoder2":
        writer.add_layer_norm_eps(config.norm_epsilon)
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if kind not in ("gemma", "gemma2"):
        writer.add_rope_freq_base(theta)
    if kind.startswith("gemma"):
        writer.add_key_length(head)
        writer.add_value_length(head)
    if kind in ("gemma2", "gemma3_text"):
        writer.add_sliding_window(config.sliding_window)
    if kind == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if kind == "gemma3_text":
        writer.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["full_attention"]["factor"])
    if kind == "phi3":
        writer.add_rope_dimension_count(int(rope.get("partial_rotary_factor", 1.0) * head))
        original = rope.get("original_max_position_embeddings", config.original_max_position_embeddings)
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_sliding_window(config.sliding_window or 0)
    if kind in ("smollm3", "granite"):
        writer.add_vocab_size(config.vocab_size)
        writer.add_rope_dimension_count(head)
    if kind == "granite":
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)


def write_factors(writer, config):
    rope = config.rope_parameters
    if "long_factor" not in rope:
        return
    scale = config.max_position_embeddings / rope["original_max_position_embeddings"]
    writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(scale) / np.log(rope["original_max_position_embeddings"]))))
    for name in ("long", "short"):
        writer.add_tensor(f"rope_factors_{name}.weight", np.array(rope[f"{name}_factor"], dtype=np.float32))


def write_vocabulary(writer):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*(chr(33 + i) for i in range(94)), "ab", "\u0120", "\u010a"])
    writer.add_token_types([1] * VOCABULARY)
    writer.add_token_merges(["a b"])
    for name in ("bos", "eos", "pad"):
        getattr(writer, f"add_{name}_token_id")(SHAPE[f"{name}_token_id"])


def write_model(path, model, f32):
    """Writes the file, and gives the model the numbers in it."""
    config = model.config
    architecture = ARCHITECTURES.get(config.model_type, config.model_type)
    arch = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    write_keys(writer, config)
    write_vocabulary(writer)
    with torch.no_grad():
        for name, parameter in model.named_parameters():  # a tied head is not among them
            source = "embed_out.weight" if config.model_type == "gpt_neox" and name == "lm_head.weight" else name
            target = names.get_name(source, try_suffixes=(".weight", ".bias"))
            values = parameter.numpy()
            kind = kind_of(target, values, f32)
            parameter.copy_(torch.from_numpy(quants.dequantize(quants.quantize(values, kind), kind).astype(np.float32)))
            writer.add_tensor(target, quants.quantize(arranged(config, name, values), kind), raw_dtype=kind)
    write_factors(writer, config)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0, -1].tolist()


def compare(path, model):
    """llama.cpp's GELU is a table of 16-bit numbers, so that Gemma, GPT-NeoX and StarCoder2 differ by about 1e-3."""
    from llama_cpp import Llama

    tokens = TOKENS[: WINDOW] if model.config.model_type == "phi3" and model.config.sliding_window else TOKENS
    other = Llama(str(path), n_ctx=64, n_batch=64, n_ubatch=64, logits_all=True, verbose=False, type_k=0, type_v=0)
    other.eval(tokens)
    found, expected = np.array(other.scores[len(tokens) - 1]), np.array(logits_of(model, tokens))
    print(f"{path.name}: llama.cpp differs by at most {np.abs(found - expected).max():.1e} of {np.abs(expected).max():.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--f32", action="store_true")
    parser.add_argument("--llama-cpp", action="store_true")
    options = parser.parse_args()
    expected = {}
    for seed, (name, (model_type, settings)) in enumerate(FAMILIES.items()):
        model = make_model(model_type, settings, seed)
        path = options.folder / f"{name}.gguf"
        write_model(path, model, options.f32)
        expected[name] = [[float(f"{value:.7g}") for value in logits_of(model, TOKENS[:length])] for length in LENGTHS]
        if options.llama_cpp:
            compare(path, model)
    with open(options.folder / "logits.json", "w") as file:
        json.dump({"tokens": TOKENS, "lengths": LENGTHS, "logits": expected}, file)
        file.write("\n")


main()
