"""The configs of make_families_fixture.py: every key of each family that changes what the model computes, away from
its default, alone and with what it interacts with."""

DECODER = dict(
    hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=48, max_position_embeddings=64,
)
NEOX = {key: value for key, value in DECODER.items() if key != "num_key_value_heads"}
SHORT, LONG = [1.0, 1.3, 1.5, 2.0], [2.0, 3.0, 4.5, 8.0]
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32,
)
LONGROPE = dict(rope_type="longrope", short_factor=SHORT, long_factor=LONG)

# of any family whose heads of 8 channels rotate whole
ROPES = {
    "theta": dict(rope_theta=500.0),
    "rope_parameters": dict(rope_parameters=dict(rope_type="default", rope_theta=500.0)),
    "linear": dict(rope_scaling=dict(type="linear", factor=4.0), rope_theta=1000.0),
    "linear, new keys": dict(rope_parameters=dict(rope_type="linear", factor=2.5, rope_theta=1000.0)),
    "dynamic": dict(rope_scaling=dict(type="dynamic", factor=2.0)),
    "yarn": dict(rope_scaling=YARN),
    "yarn, not truncated": dict(rope_scaling={**YARN, "truncate": False, "beta_fast": 8, "beta_slow": 2}),
    "yarn, mscale": dict(rope_parameters={**YARN, "mscale": 1.0, "mscale_all_dim": 0.7}),
    "yarn, attention_factor": dict(rope_scaling={**YARN, "attention_factor": 0.8}),
    "llama3": dict(rope_scaling=LLAMA3),
    "longrope": dict(rope_scaling={**LONGROPE, "original_max_position_embeddings": 16}),
    "longrope, one set of factors": dict(
        rope_scaling={**LONGROPE, "long_factor": SHORT, "original_max_position_embeddings": 16, "factor": 4.0}
    ),
    "longrope, never long": dict(rope_scaling={**LONGROPE, "factor": 2.0}),
    "proportional": dict(rope_parameters=dict(rope_type="proportional", factor=2.0, partial_rotary_factor=0.5)),
    "partial": dict(partial_rotary_factor=0.5),
    "partial, linear": dict(rope_scaling=dict(type="linear", factor=4.0), partial_rotary_factor=0.5),
    "per layer type": dict(rope_parameters=dict(full_attention=dict(rope_type="linear", factor=4.0, rope_theta=500.0))),
}
ACTIVATIONS = [
    "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python", "gelu_python_tanh", "gelu_accurate", "gelu_10",
    "quick_gelu", "relu", "relu2", "relu6", "leaky_relu", "silu", "swish", "sigmoid", "tanh", "linear", "mish",
    "hardswish", "laplace", "sqrtsoftplus", "prelu", "xielu",
]
FEW_ACTIVATIONS = ["gelu", "gelu_new", "quick_gelu", "relu", "silu", "mish"]


def family(model_type, base, own, activation="hidden_act", activations=FEW_ACTIVATIONS):
    """`base` alone, with the family's own keys, with each activation and rope type."""
    shared = {
        "plain": {},
        "tied": dict(tie_word_embeddings=True),
        "untied": dict(tie_word_embeddings=False),
        "attention_bias": dict(attention_bias=True),
        "mlp_bias": dict(mlp_bias=True),
        "one key head": dict(num_key_value_heads=1),
        "as many key heads": dict(num_key_value_heads=4),
        "num_key_value_heads null": dict(num_key_value_heads=None),
        "head_dim": dict(head_dim=12),
        "head_dim null": dict(head_dim=None),
        "odd head_dim": dict(head_dim=7),
        "epsilon": dict(rms_norm_eps=0.05, layer_norm_eps=0.05, norm_epsilon=0.05),
        **{f"{activation} {name}": {activation: name} for name in activations},
        **{f"rope: {name}": keys for name, keys in ROPES.items()},
    }
    return {name: dict(model_type=model_type, **{**base, **keys}) for name, keys in {**shared, **own}.items()}


SLIDING, FULL = "sliding_attention", "full_attention"
GEMMA = dict(DECODER, head_dim=8)
LATER = dict(GEMMA, num_hidden_layers=4, sliding_window=6, query_pre_attn_scalar=12)
LATER_KEYS = {
    "no query_pre_attn_scalar": dict(query_pre_attn_scalar=256),
    "no windows": dict(sliding_window=None),
    "wide window": dict(sliding_window=32),
    "layer_types": dict(layer_types=[FULL, SLIDING, FULL, FULL]),
    "all sliding": dict(layer_types=[SLIDING] * 4),
    "hidden_act": dict(hidden_act="relu"),
    "bidirectional": dict(use_bidirectional_attention=True),
    "final cap": dict(final_logit_softcapping=2.0),
    "no final cap": dict(final_logit_softcapping=None),
    "attention cap": dict(attn_logit_softcapping=1.0),
    "no attention cap": dict(attn_logit_softcapping=None),
    "sliding_window_pattern": dict(sliding_window_pattern=2),
}
NESTED = {
    "rope: linear on full layers": dict(rope_scaling=dict(rope_type="linear", factor=8.0)),
    "rope: linear on full layers, other bases": dict(
        rope_scaling=dict(rope_type="linear", factor=8.0), rope_theta=300.0, rope_local_base_freq=50.0
    ),
    "rope: nested": dict(
        rope_parameters={
            FULL: dict(rope_type="linear", factor=8.0, rope_theta=300.0), SLIDING: dict(rope_type="default", rope_theta=50.0)
        }
    ),
    "rope: nested, one": dict(rope_parameters={FULL: dict(rope_type="linear", factor=8.0)}),
    "rope: nested, null": dict(rope_parameters={FULL: None, SLIDING: dict(rope_type="linear", factor=3.0)}),
    "rope: nested yarn": dict(rope_parameters={FULL: dict(YARN), SLIDING: dict(rope_type="default")}),
    "rope: nested yarn, not truncated": dict(rope_parameters={FULL: dict(YARN, truncate=False, beta_fast=8, beta_slow=2)}),
    "rope: nested llama3": dict(rope_parameters={FULL: dict(LLAMA3), SLIDING: dict(LLAMA3, factor=2.0)}),
    "rope: nested longrope": dict(rope_parameters={FULL: dict(LONGROPE, original_max_position_embeddings=16)}),
    "rope: nested, another base beside it": dict(
        rope_parameters={FULL: dict(rope_type="linear", factor=8.0), SLIDING: dict(rope_type="default")}, rope_theta=300.0
    ),
}


def vision(text, **whole):
    sizes = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)
    return dict(model_type="gemma3", text_config=dict(LATER, **text), vision_config=sizes, mm_tokens_per_image=4, **whole)


PHI_LONG = dict(original_max_position_embeddings=16, rope_scaling=LONGROPE)
PHI_PARTIAL = dict(LONGROPE, short_factor=SHORT[:3], long_factor=LONG[:3])
WINDOW = {"window": dict(sliding_window=6), "wide window": dict(sliding_window=32), "no window": dict(sliding_window=None)}

VARIANTS = {
    "gemma": family("gemma", GEMMA, {"bidirectional": dict(use_bidirectional_attention=True), **WINDOW}),
    "gemma2": family("gemma2", LATER, LATER_KEYS, "hidden_activation", ACTIVATIONS),
    "gemma3_text": family("gemma3_text", LATER, {**LATER_KEYS, **NESTED}, "hidden_activation"),
    "phi3": family(
        "phi3",
        dict(DECODER, pad_token_id=0),
        {
            **WINDOW,
            "partial": dict(partial_rotary_factor=0.75),
            "partial, in rope_parameters": dict(rope_parameters=dict(rope_type="default", partial_rotary_factor=0.75)),
            "partial longrope": dict(original_max_position_embeddings=16, rope_scaling=PHI_PARTIAL, partial_rotary_factor=0.75),
            "longrope by the config's original": PHI_LONG,
            "longrope as su": dict(PHI_LONG, rope_scaling=dict(LONGROPE, rope_type="su", original_max_position_embeddings=16)),
            "longrope as yarn": dict(PHI_LONG, rope_scaling=dict(type="yarn", short_factor=SHORT, long_factor=LONG)),
            "longrope, border within the answers": dict(PHI_LONG, original_max_position_embeddings=14),
            "longrope, border within the prompt": dict(PHI_LONG, original_max_position_embeddings=8),
            "longrope, border in generation": dict(PHI_LONG, original_max_position_embeddings=18),
            "longrope, two originals": dict(
                PHI_LONG, rope_scaling=dict(LONGROPE, original_max_position_embeddings=12),
            ),
            "longrope, factor and attention_factor": dict(PHI_LONG, rope_scaling=dict(LONGROPE, factor=3.0)),
            "longrope, attention_factor": dict(PHI_LONG, rope_scaling=dict(LONGROPE, attention_factor=1.2)),
            "longrope and a window": dict(PHI_LONG, sliding_window=6),
            "dropout": dict(embd_pdrop=0.1, resid_pdrop=0.1, attention_dropout=0.1),
        },
    ),
    "smollm3": family(
        "smollm3",
        dict(DECODER, num_hidden_layers=4, pad_token_id=0),
        {
            "no_rope_layers": dict(no_rope_layers=[0, 1, 1, 0]),
            "no_rope_layers of more layers": dict(no_rope_layers=[0, 1, 1, 0, 1, 1]),
            "no_rope_layers of fewer layers": dict(no_rope_layers=[0, 1]),
            "no_rope_layers empty": dict(no_rope_layers=[]),
            "no_rope_layer_interval": dict(no_rope_layer_interval=2),
            "no_rope_layer_interval 1": dict(no_rope_layer_interval=1),
            "no_rope_layer_interval beside layers": dict(no_rope_layer_interval=2, no_rope_layers=[1, 1, 1, 0]),
            "window": dict(sliding_window=6, use_sliding_window=True),
            "window unused": dict(sliding_window=6),
            "layer_types": dict(sliding_window=6, use_sliding_window=True, layer_types=[FULL, SLIDING, FULL, SLIDING]),
            "layer_types without use_sliding_window": dict(sliding_window=6, layer_types=[FULL, SLIDING, FULL, SLIDING]),
        },
    ),
    "olmo2": family("olmo2", dict(DECODER, pad_token_id=0), WINDOW),
    "granite": family(
        "granite",
        dict(DECODER, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.2, logits_scaling=2.0),
        {
            "no multipliers": dict(embedding_multiplier=1, residual_multiplier=1, attention_multiplier=1, logits_scaling=1),
            "embedding_multiplier": dict(embedding_multiplier=12.0),
            "residual_multiplier": dict(residual_multiplier=0.22),
            "attention_multiplier": dict(attention_multiplier=0.0078125),
            "logits_scaling": dict(logits_scaling=0.125),
            "multipliers of 0": dict(embedding_multiplier=0.0, residual_multiplier=0.0, attention_multiplier=0.0),
            "negative multipliers": dict(residual_multiplier=-0.5),
            "all multipliers negative": dict(embedding_multiplier=-2.0, residual_multiplier=-0.5, logits_scaling=-2.0),
            "negative attention_multiplier": dict(attention_multiplier=-0.2),
            **WINDOW,
        },
        activations=ACTIVATIONS,
    ),
    "gpt_neox": family(
        "gpt_neox",
        dict(NEOX, rotary_pct=0.5),
        {
            "serial": dict(use_parallel_residual=False),
            "serial, no attention_bias": dict(use_parallel_residual=False, attention_bias=False),
            "no attention_bias": dict(attention_bias=False),
            "rotary_pct default": dict(rotary_pct=None),
            "rotary_pct 1": dict(rotary_pct=1.0),
            "odd rotation": dict(rotary_pct=0.4),
            "odd rotation, one channel": dict(rotary_pct=0.125),
            "odd rotation, linear": dict(
                rope_parameters=dict(rope_type="linear", factor=2.0, partial_rotary_factor=0.625)
            ),
            "odd rotation, yarn": dict(rope_parameters={**YARN, "partial_rotary_factor": 0.4}),
            "no rotation": dict(rotary_pct=0.05),
            "rotary_emb_base": dict(rotary_emb_base=500),
            "rotary_emb_base and rope_theta": dict(rotary_emb_base=500, rope_theta=900.0),
            "partial_rotary_factor": dict(partial_rotary_factor=0.25),
            "partial_rotary_factor in rope_parameters": dict(
                rope_parameters=dict(rope_type="linear", factor=2.0, partial_rotary_factor=0.75)
            ),
            "linear": dict(rope_scaling=dict(type="linear", factor=4.0)),
            "dropout": dict(hidden_dropout=0.1, attention_dropout=0.1),
            **WINDOW,
        },
    ),
    "starcoder2": family(
        "starcoder2",
        DECODER,
        {
            **WINDOW,
            "no biases": dict(use_bias=False),
            "no biases, window": dict(use_bias=False, sliding_window=6),
            "dropout": dict(residual_dropout=0.1, embedding_dropout=0.1, attention_dropout=0.1),
        },
        activations=ACTIVATIONS,
    ),
    "gemma3": {
        "plain": vision({}),
        "untied": vision({}, tie_word_embeddings=False),
        "tied by the text part alone": vision(dict(tie_word_embeddings=True), tie_word_embeddings=False),
        "untied in the text part alone": vision(dict(tie_word_embeddings=False)),
        "final cap": vision(dict(final_logit_softcapping=2.0)),
        "linear rope": vision(dict(rope_scaling=dict(rope_type="linear", factor=8.0))),
        "bidirectional": vision(dict(use_bidirectional_attention=True)),
        "model_type": vision(dict(model_type="gemma3_text")),
    },
}
