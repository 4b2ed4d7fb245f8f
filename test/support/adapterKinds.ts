/** @file Adapters of every kind, for a small GPT-2: what they change of LoRA on c_attn and c_proj. */
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";

export type AdapterKind = Partial<AdapterConfig>;
export const ADAPTER_KINDS: Record<string, AdapterKind> = {
  "all-linear, rslora, ranks and alphas by name": {
    target_modules: "all-linear",
    use_rslora: true,
    rank_pattern: { c_attn: 2, "h.1.mlp.*": 5 },
    alpha_pattern: { "mlp.c_proj": 3 },
  },
  "a regular expression": { target_modules: ".*attn\\.c_(attn|proj)", exclude_modules: ["h.0.attn.c_proj"] },
  "layers by number": { layers_to_transform: [1], layers_pattern: "h", init_lora_weights: "gaussian" },
  DoRA: { use_dora: true },
  "DoRA with everything": {
    use_dora: true,
    use_rslora: true,
    bias: "all",
    modules_to_save: ["ln_f"],
    rank_pattern: { c_proj: 3 },
  },
  "biases of adapted layers": { bias: "lora_only", target_modules: ["c_attn", "mlp.c_proj"] },
  "all biases": { bias: "all" },
  "the embedding in full": { modules_to_save: ["wte"] },
  "embedding and unembedding in full, untied": { modules_to_save: ["wte", "lm_head"] },
  "the embedding": { target_modules: ["wte", "c_attn"] },
  "words and positions, DoRA, rslora": {
    target_modules: ["wte", "wpe", "c_proj"],
    use_dora: true,
    use_rslora: true,
    rank_pattern: { wpe: 3, "h.0.*": 2 },
    alpha_pattern: { wte: 3 },
    bias: "lora_only",
  },
  "the embedding, the unembedding in full": { target_modules: ".*(wte|wpe)", modules_to_save: ["lm_head"] },
  "tokens of the embedding and the head that it is tied to": { trainable_token_indices: [40, 0, 96, 7, 8, 9, 31] },
  "tokens of the embedding, places, others of the head, DoRA": {
    use_dora: true,
    trainable_token_indices: { wte: [5, 50], wpe: [0, 4], lm_head: [5, 6, 77] },
  },
  "a whole MLP and the norms": { modules_to_save: ["mlp", "ln_1", "ln_2"], target_modules: ["c_attn"] },
};

/** Kinds that change the base model itself: with the adapter off, the model is not the base. */
export const PISSA_KINDS: Record<string, AdapterKind> = {
  PiSSA: { init_lora_weights: "pissa" },
  "PiSSA, and the embedding": { init_lora_weights: "pissa", target_modules: ["wte", "c_attn"] },
  "PiSSA and DoRA": { init_lora_weights: "pissa", use_dora: true, use_rslora: true, rank_pattern: { c_proj: 2 } },
};
