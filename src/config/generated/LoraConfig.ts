/** @file peft.LoraConfig as interfaces. Written by `npm run docs`: edit the table of options. */
import type { OneOrMore } from "../kinds.ts";

/**
 * Input of {@link LoraConfig}: the options of peft.LoraConfig, all optional; undefined is as left out.
 *
 * Not built, and an error where they are set: lora_bias, target_parameters, layer_replication, loftq_config,
 * eva_config, corda_config, lora_ga_config, velora_config, monteclora_config, arrow_config, kasa_config, use_bdlora,
 * alora_invocation_tokens, use_qalora, ensure_weight_tying.
 */
export interface LoraConfigInput {
  /**
   * Rank of the adapter: each adapted layer gets matrices A [r, in] and B [out, r].
   *
   * Default: `8`. Same as PEFT.
   */
  readonly r?: number | undefined;
  /**
   * Scaling: the adapter's output is multiplied by lora_alpha / r.
   *
   * Default: `8`. Same as PEFT.
   */
  readonly lora_alpha?: number | undefined;
  /**
   * Dropout before A, except on embeddings; requires disable_dropout: false.
   *
   * Default: `0`. Differs from PEFT: refused for an adapter on lm_head, unless disable_dropout is true (TRL's default):
   * the head is computed in blocks of the vocabulary, which have no dropout.
   */
  readonly lora_dropout?: number | undefined;
  /**
   * Layers to adapt: names, a regular expression, or all-linear; unset: PEFT's choice for the model type.
   *
   * Default: `null`. Differs from PEFT: as in PEFT a text is a regular expression for whole names; if it matches
   * nothing and looks like a name, it means the layers with that name; a name in a list that matches no layer gets a
   * warning; the frozen copy of a trained adapter that serves as its reference includes the adapters of embeddings,
   * which TRL leaves freshly initialized; lm_head may be one of them, tied or not, where TRL would never train it:
   * merging a tied one unties it.
   */
  readonly target_modules?: OneOrMore<string> | null | undefined;
  /**
   * Biases to train: none, all, or those of adapted layers (lora_only).
   *
   * Default: `"none"`. Differs from PEFT: as in PEFT; the reference keeps the untrained biases, while TRL's, with the
   * adapter off, uses the trained ones (unless it is precomputed); GPT-2's key biases have only rounding errors as
   * gradients, which adaptive optimizers turn into full steps: they end up different from TRL's (by 1e-3 after 6 steps
   * at 2e-3), without effect on logits.
   */
  readonly bias?: "none" | "all" | "lora_only" | undefined;
  /**
   * Task type.
   *
   * Default: `null`. Same as PEFT. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly task_type?: "CAUSAL_LM" | null | undefined;
  /**
   * Layers to exclude: names or a regular expression.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly exclude_modules?: OneOrMore<string> | null | undefined;
  /**
   * Modules to train in full, by the ends of their names: ln_f.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly modules_to_save?: OneOrMore<string> | null | undefined;
  /**
   * Initialization of A and B: true (B is zero), false, gaussian or pissa.
   *
   * Default: `true`. Differs from PEFT: pissa: the reference is the initial adapter, which equals the base model and
   * ties with the policy; TRL's is the base without its principal components; pissa_niter_N is computed exactly, as
   * pissa, where PEFT uses a randomized approximation.
   */
  readonly init_lora_weights?: true | false | "gaussian" | "pissa" | `pissa_niter_${string}` | undefined;
  /**
   * Rank-stabilized LoRA: scale by lora_alpha / sqrt(r).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_rslora?: boolean | undefined;
  /**
   * DoRA: train magnitude and direction of the weights separately.
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_dora?: boolean | undefined;
  /**
   * Indices of the layers to adapt.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_to_transform?: OneOrMore<number> | null | undefined;
  /**
   * Name of the list of layers that layers_to_transform indexes: h, layers.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_pattern?: OneOrMore<string> | null | undefined;
  /**
   * Ranks for layers whose names match a pattern.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly rank_pattern?: Record<string, number> | null | undefined;
  /**
   * Alphas for layers whose names match a pattern.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly alpha_pattern?: Record<string, number> | null | undefined;
  /**
   * Token ids whose embeddings are trained in full, or such ids by the name of the embedding.
   *
   * Default: `null`. Differs from PEFT: as in PEFT; also for a head, tied or not, where TRL 1.16 fails; tokens of a
   * tied head alone untie it when merged; duplicate ids are an error, as is an embedding that is also trained another
   * way; the frozen copy of a trained adapter includes its tokens, where TRL keeps the base model's.
   */
  readonly trainable_token_indices?: OneOrMore<number> | Record<string, OneOrMore<number>> | null | undefined;
  /**
   * Weights are stored as [in, out].
   *
   * Default: `false`. No effect: detected from the layer.
   */
  readonly fan_in_fan_out?: boolean | undefined;
  /**
   * Group size of QALoRA.
   *
   * Default: `16`. No effect: read only with use_qalora, which is not built.
   */
  readonly qalora_group_size?: number | undefined;
  /**
   * Adapter type.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly peft_type?: "LORA" | null | undefined;
  /**
   * Python classes of the base model.
   *
   * Default: `null`. No effect: written by prefine into adapter_config.json.
   */
  readonly auto_mapping?: Record<string, unknown> | null | undefined;
  /**
   * Version of PEFT that wrote the adapter.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly peft_version?: string | null | undefined;
  /**
   * Base model of the adapter.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly base_model_name_or_path?: string | null | undefined;
  /**
   * Revision of the base model.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly revision?: string | null | undefined;
  /**
   * Load the adapter frozen.
   *
   * Default: `false`. No effect: written by prefine into adapter_config.json.
   */
  readonly inference_mode?: boolean | undefined;
  /**
   * Megatron settings.
   *
   * Default: `null`. No effect: prefine does not use Megatron.
   */
  readonly megatron_config?: Record<string, unknown> | null | undefined;
  /**
   * Megatron module.
   *
   * Default: `"megatron.core"`. No effect: prefine does not use Megatron.
   */
  readonly megatron_core?: string | null | undefined;
  /**
   * Offloading at run time.
   *
   * Default: `null`. No effect: prefine runs on the CPU.
   */
  readonly runtime_config?: Record<string, unknown> | null | undefined;
}

/** peft.LoraConfig: all options, checked and complete; frozen. */
export interface LoraConfig {
  /**
   * Rank of the adapter: each adapted layer gets matrices A [r, in] and B [out, r].
   *
   * Default: `8`. Same as PEFT.
   */
  readonly r: number;
  /**
   * Scaling: the adapter's output is multiplied by lora_alpha / r.
   *
   * Default: `8`. Same as PEFT.
   */
  readonly lora_alpha: number;
  /**
   * Dropout before A, except on embeddings; requires disable_dropout: false.
   *
   * Default: `0`. Differs from PEFT: refused for an adapter on lm_head, unless disable_dropout is true (TRL's default):
   * the head is computed in blocks of the vocabulary, which have no dropout.
   */
  readonly lora_dropout: number;
  /**
   * Layers to adapt: names, a regular expression, or all-linear; unset: PEFT's choice for the model type.
   *
   * Default: `null`. Differs from PEFT: as in PEFT a text is a regular expression for whole names; if it matches
   * nothing and looks like a name, it means the layers with that name; a name in a list that matches no layer gets a
   * warning; the frozen copy of a trained adapter that serves as its reference includes the adapters of embeddings,
   * which TRL leaves freshly initialized; lm_head may be one of them, tied or not, where TRL would never train it:
   * merging a tied one unties it.
   */
  readonly target_modules: string | string[] | null;
  /**
   * Biases to train: none, all, or those of adapted layers (lora_only).
   *
   * Default: `"none"`. Differs from PEFT: as in PEFT; the reference keeps the untrained biases, while TRL's, with the
   * adapter off, uses the trained ones (unless it is precomputed); GPT-2's key biases have only rounding errors as
   * gradients, which adaptive optimizers turn into full steps: they end up different from TRL's (by 1e-3 after 6 steps
   * at 2e-3), without effect on logits.
   */
  readonly bias: "none" | "all" | "lora_only";
  /**
   * Task type.
   *
   * Default: `null`. Same as PEFT. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly task_type: "CAUSAL_LM" | null;
  /**
   * Layers to exclude: names or a regular expression.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly exclude_modules: string | string[] | null;
  /**
   * Modules to train in full, by the ends of their names: ln_f.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly modules_to_save: string[] | null;
  /**
   * Initialization of A and B: true (B is zero), false, gaussian or pissa.
   *
   * Default: `true`. Differs from PEFT: pissa: the reference is the initial adapter, which equals the base model and
   * ties with the policy; TRL's is the base without its principal components; pissa_niter_N is computed exactly, as
   * pissa, where PEFT uses a randomized approximation.
   */
  readonly init_lora_weights: true | false | "gaussian" | "pissa" | `pissa_niter_${string}`;
  /**
   * Rank-stabilized LoRA: scale by lora_alpha / sqrt(r).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_rslora: boolean;
  /**
   * DoRA: train magnitude and direction of the weights separately.
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_dora: boolean;
  /**
   * Indices of the layers to adapt.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_to_transform: number[] | null;
  /**
   * Name of the list of layers that layers_to_transform indexes: h, layers.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_pattern: string | string[] | null;
  /**
   * Ranks for layers whose names match a pattern.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly rank_pattern: Record<string, number> | null;
  /**
   * Alphas for layers whose names match a pattern.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly alpha_pattern: Record<string, number> | null;
  /**
   * Token ids whose embeddings are trained in full, or such ids by the name of the embedding.
   *
   * Default: `null`. Differs from PEFT: as in PEFT; also for a head, tied or not, where TRL 1.16 fails; tokens of a
   * tied head alone untie it when merged; duplicate ids are an error, as is an embedding that is also trained another
   * way; the frozen copy of a trained adapter includes its tokens, where TRL keeps the base model's.
   */
  readonly trainable_token_indices: number[] | Record<string, number[]> | null;
  /**
   * Add a bias to B.
   *
   * Default: `false`. Not built: only the default is taken.
   */
  readonly lora_bias: boolean;
  /**
   * Weights are stored as [in, out].
   *
   * Default: `false`. No effect: detected from the layer.
   */
  readonly fan_in_fan_out: boolean;
  /**
   * Parameters to adapt that are not layers.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly target_parameters: string[] | null;
  /**
   * Layers to replicate.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly layer_replication: number[][] | null;
  /**
   * LoftQ settings.
   *
   * Default: `{}`. Not built: only the default is taken.
   */
  readonly loftq_config: Record<string, unknown> | null;
  /**
   * EVA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly eva_config: Record<string, unknown> | null;
  /**
   * CorDA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly corda_config: Record<string, unknown> | null;
  /**
   * LoRA-GA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly lora_ga_config: Record<string, unknown> | null;
  /**
   * VeLoRA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly velora_config: Record<string, unknown> | null;
  /**
   * MonteCLoRA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly monteclora_config: Record<string, unknown> | null;
  /**
   * Arrow settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly arrow_config: Record<string, unknown> | null;
  /**
   * KaSA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly kasa_config: Record<string, unknown> | null;
  /**
   * Block-diagonal LoRA settings.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly use_bdlora: Record<string, unknown> | null;
  /**
   * Tokens that activate the adapter (aLoRA).
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly alora_invocation_tokens: number[] | null;
  /**
   * Quantization-aware LoRA.
   *
   * Default: `false`. Not built: only the default is taken.
   */
  readonly use_qalora: boolean;
  /**
   * Group size of QALoRA.
   *
   * Default: `16`. No effect: read only with use_qalora, which is not built.
   */
  readonly qalora_group_size: number;
  /**
   * Tie the adapters of tied weights.
   *
   * Default: `false`. Not built: a tied unembedding stays frozen under an adapted embedding, and is trained separately
   * with modules_to_save; PEFT would adapt both, which TRL refuses, or train both as one.
   */
  readonly ensure_weight_tying: boolean;
  /**
   * Adapter type.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly peft_type: "LORA" | null;
  /**
   * Python classes of the base model.
   *
   * Default: `null`. No effect: written by prefine into adapter_config.json.
   */
  readonly auto_mapping: Record<string, unknown> | null;
  /**
   * Version of PEFT that wrote the adapter.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly peft_version: string | null;
  /**
   * Base model of the adapter.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly base_model_name_or_path: string | null;
  /**
   * Revision of the base model.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly revision: string | null;
  /**
   * Load the adapter frozen.
   *
   * Default: `false`. No effect: written by prefine into adapter_config.json.
   */
  readonly inference_mode: boolean;
  /**
   * Megatron settings.
   *
   * Default: `null`. No effect: prefine does not use Megatron.
   */
  readonly megatron_config: Record<string, unknown> | null;
  /**
   * Megatron module.
   *
   * Default: `"megatron.core"`. No effect: prefine does not use Megatron.
   */
  readonly megatron_core: string | null;
  /**
   * Offloading at run time.
   *
   * Default: `null`. No effect: prefine runs on the CPU.
   */
  readonly runtime_config: Record<string, unknown> | null;
}
