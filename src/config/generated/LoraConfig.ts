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
   * Rank: each adapted layer gets matrices A [r, in] and B [out, r].
   *
   * Default: `8`. Same as PEFT.
   */
  readonly r?: number | undefined;
  /**
   * Scale: the adapter's output is multiplied by lora_alpha / r.
   *
   * Default: `8`. Same as PEFT.
   */
  readonly lora_alpha?: number | undefined;
  /**
   * Dropout before A, but on embeddings; needs disable_dropout: false.
   *
   * Default: `0`. Same as PEFT.
   */
  readonly lora_dropout?: number | undefined;
  /**
   * Layers and embeddings to adapt: names, a regular expression, or all-linear; unset: the usual (GPT-2: c_attn).
   *
   * Default: `null`. Differs from PEFT: as in PEFT a text is a regular expression for whole names; one that matches
   * nothing and looks like a name means the layers of that name; a name in a list that means no layer gets a warning;
   * the frozen copy of a trained adapter that is its reference has its embeddings' adapters, too, which TRL's leaves as
   * they are drawn.
   */
  readonly target_modules?: OneOrMore<string> | null | undefined;
  /**
   * Biases to train: none, all, those of adapted layers.
   *
   * Default: `"none"`. Differs from PEFT: as in PEFT; the reference keeps the original biases, where TRL's, with the
   * adapter off, moves along with the trained ones (unless it is precomputed); GPT-2's key biases have no gradient but
   * rounding, of which adaptive optimizers make whole steps: they end elsewhere than TRL's (by 1e-3 after 6 steps at
   * 2e-3), to no effect on logits.
   */
  readonly bias?: "none" | "all" | "lora_only" | undefined;
  /**
   * Kind of task.
   *
   * Default: `null`. Same as PEFT. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly task_type?: "CAUSAL_LM" | null | undefined;
  /**
   * Layers to leave out: names or a regular expression.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly exclude_modules?: OneOrMore<string> | null | undefined;
  /**
   * Modules to train in full: ends of their names, such as ln_f.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly modules_to_save?: OneOrMore<string> | null | undefined;
  /**
   * How A and B start: true, false, gaussian or pissa.
   *
   * Default: `true`. Differs from PEFT: pissa: the reference is the adapter as it started, which is the base model and
   * ties with the policy; TRL's is the base without its principal components; pissa_niter_N is computed as pissa, which
   * PEFT then approximates from random numbers.
   */
  readonly init_lora_weights?: true | false | "gaussian" | "pissa" | `pissa_niter_${string}` | undefined;
  /**
   * Scale by lora_alpha / sqrt(r).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_rslora?: boolean | undefined;
  /**
   * Train magnitude and direction apart (DoRA).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_dora?: boolean | undefined;
  /**
   * Numbers of the layers to adapt.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_to_transform?: OneOrMore<number> | null | undefined;
  /**
   * Name of the list that layers_to_transform counts in (h, layers).
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_pattern?: OneOrMore<string> | null | undefined;
  /**
   * Ranks of layers whose name matches.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly rank_pattern?: Record<string, number> | null | undefined;
  /**
   * Alphas of layers whose name matches.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly alpha_pattern?: Record<string, number> | null | undefined;
  /**
   * Rows of the embedding to train in full: ids of tokens, or ids by the names of embeddings.
   *
   * Default: `null`. Differs from PEFT: as in PEFT; also of a head, tied or not, where TRL 1.16 ends with an error;
   * tokens of a tied head alone untie it when they are merged; an id that comes twice is refused, and so is an
   * embedding that is trained in another way, too; the frozen copy of a trained adapter has its tokens, which TRL's
   * leaves as the base's.
   */
  readonly trainable_token_indices?: OneOrMore<number> | Record<string, OneOrMore<number>> | null | undefined;
  /**
   * Weights are [in, out].
   *
   * Default: `false`. No effect: found from the layer.
   */
  readonly fan_in_fan_out?: boolean | undefined;
  /**
   * Its group size.
   *
   * Default: `16`. No effect: used with use_qalora only, which is not built yet.
   */
  readonly qalora_group_size?: number | undefined;
  /**
   * Kind of adapter.
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
   * The model that the adapter belongs to.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly base_model_name_or_path?: string | null | undefined;
  /**
   * Its revision.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly revision?: string | null | undefined;
  /**
   * Frozen adapter.
   *
   * Default: `false`. No effect: written by prefine into adapter_config.json.
   */
  readonly inference_mode?: boolean | undefined;
  /**
   * Settings of Megatron.
   *
   * Default: `null`. No effect: there is no Megatron here.
   */
  readonly megatron_config?: Record<string, unknown> | null | undefined;
  /**
   * Module of Megatron.
   *
   * Default: `"megatron.core"`. No effect: there is no Megatron here.
   */
  readonly megatron_core?: string | null | undefined;
  /**
   * Offloading on GPUs.
   *
   * Default: `null`. No effect: there is no GPU here.
   */
  readonly runtime_config?: Record<string, unknown> | null | undefined;
}

/** peft.LoraConfig: all options, checked and complete; frozen. */
export interface LoraConfig {
  /**
   * Rank: each adapted layer gets matrices A [r, in] and B [out, r].
   *
   * Default: `8`. Same as PEFT.
   */
  readonly r: number;
  /**
   * Scale: the adapter's output is multiplied by lora_alpha / r.
   *
   * Default: `8`. Same as PEFT.
   */
  readonly lora_alpha: number;
  /**
   * Dropout before A, but on embeddings; needs disable_dropout: false.
   *
   * Default: `0`. Same as PEFT.
   */
  readonly lora_dropout: number;
  /**
   * Layers and embeddings to adapt: names, a regular expression, or all-linear; unset: the usual (GPT-2: c_attn).
   *
   * Default: `null`. Differs from PEFT: as in PEFT a text is a regular expression for whole names; one that matches
   * nothing and looks like a name means the layers of that name; a name in a list that means no layer gets a warning;
   * the frozen copy of a trained adapter that is its reference has its embeddings' adapters, too, which TRL's leaves as
   * they are drawn.
   */
  readonly target_modules: string | string[] | null;
  /**
   * Biases to train: none, all, those of adapted layers.
   *
   * Default: `"none"`. Differs from PEFT: as in PEFT; the reference keeps the original biases, where TRL's, with the
   * adapter off, moves along with the trained ones (unless it is precomputed); GPT-2's key biases have no gradient but
   * rounding, of which adaptive optimizers make whole steps: they end elsewhere than TRL's (by 1e-3 after 6 steps at
   * 2e-3), to no effect on logits.
   */
  readonly bias: "none" | "all" | "lora_only";
  /**
   * Kind of task.
   *
   * Default: `null`. Same as PEFT. Not built: SEQ_CLS, SEQ_2_SEQ_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.
   */
  readonly task_type: "CAUSAL_LM" | null;
  /**
   * Layers to leave out: names or a regular expression.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly exclude_modules: string | string[] | null;
  /**
   * Modules to train in full: ends of their names, such as ln_f.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly modules_to_save: string[] | null;
  /**
   * How A and B start: true, false, gaussian or pissa.
   *
   * Default: `true`. Differs from PEFT: pissa: the reference is the adapter as it started, which is the base model and
   * ties with the policy; TRL's is the base without its principal components; pissa_niter_N is computed as pissa, which
   * PEFT then approximates from random numbers.
   */
  readonly init_lora_weights: true | false | "gaussian" | "pissa" | `pissa_niter_${string}`;
  /**
   * Scale by lora_alpha / sqrt(r).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_rslora: boolean;
  /**
   * Train magnitude and direction apart (DoRA).
   *
   * Default: `false`. Same as PEFT.
   */
  readonly use_dora: boolean;
  /**
   * Numbers of the layers to adapt.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_to_transform: number[] | null;
  /**
   * Name of the list that layers_to_transform counts in (h, layers).
   *
   * Default: `null`. Same as PEFT.
   */
  readonly layers_pattern: string | string[] | null;
  /**
   * Ranks of layers whose name matches.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly rank_pattern: Record<string, number> | null;
  /**
   * Alphas of layers whose name matches.
   *
   * Default: `{}`. Same as PEFT.
   */
  readonly alpha_pattern: Record<string, number> | null;
  /**
   * Rows of the embedding to train in full: ids of tokens, or ids by the names of embeddings.
   *
   * Default: `null`. Differs from PEFT: as in PEFT; also of a head, tied or not, where TRL 1.16 ends with an error;
   * tokens of a tied head alone untie it when they are merged; an id that comes twice is refused, and so is an
   * embedding that is trained in another way, too; the frozen copy of a trained adapter has its tokens, which TRL's
   * leaves as the base's.
   */
  readonly trainable_token_indices: number[] | Record<string, number[]> | null;
  /**
   * Bias on B.
   *
   * Default: `false`. Not built: only the default is taken.
   */
  readonly lora_bias: boolean;
  /**
   * Weights are [in, out].
   *
   * Default: `false`. No effect: found from the layer.
   */
  readonly fan_in_fan_out: boolean;
  /**
   * Parameters to adapt that are no layers.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly target_parameters: string[] | null;
  /**
   * Layers to repeat.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly layer_replication: number[][] | null;
  /**
   * Settings of LoftQ.
   *
   * Default: `{}`. Not built: only the default is taken.
   */
  readonly loftq_config: Record<string, unknown> | null;
  /**
   * Settings of EVA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly eva_config: Record<string, unknown> | null;
  /**
   * Settings of CorDA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly corda_config: Record<string, unknown> | null;
  /**
   * Settings of LoRA-GA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly lora_ga_config: Record<string, unknown> | null;
  /**
   * Settings of VeLoRA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly velora_config: Record<string, unknown> | null;
  /**
   * Settings of MonteCLoRA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly monteclora_config: Record<string, unknown> | null;
  /**
   * Settings of Arrow.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly arrow_config: Record<string, unknown> | null;
  /**
   * Settings of KaSA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly kasa_config: Record<string, unknown> | null;
  /**
   * Settings of block-diagonal LoRA.
   *
   * Default: `null`. Not built: only the default is taken.
   */
  readonly use_bdlora: Record<string, unknown> | null;
  /**
   * Tokens that switch the adapter on (aLoRA).
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
   * Its group size.
   *
   * Default: `16`. No effect: used with use_qalora only, which is not built yet.
   */
  readonly qalora_group_size: number;
  /**
   * Tie the adapters of tied layers.
   *
   * Default: `false`. Not built: a tied unembedding stays as it is under an adapted embedding, and is trained apart
   * with modules_to_save; PEFT would adapt both, which TRL refuses, or train both as one.
   */
  readonly ensure_weight_tying: boolean;
  /**
   * Kind of adapter.
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
   * The model that the adapter belongs to.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly base_model_name_or_path: string | null;
  /**
   * Its revision.
   *
   * Default: `null`. Same as PEFT.
   */
  readonly revision: string | null;
  /**
   * Frozen adapter.
   *
   * Default: `false`. No effect: written by prefine into adapter_config.json.
   */
  readonly inference_mode: boolean;
  /**
   * Settings of Megatron.
   *
   * Default: `null`. No effect: there is no Megatron here.
   */
  readonly megatron_config: Record<string, unknown> | null;
  /**
   * Module of Megatron.
   *
   * Default: `"megatron.core"`. No effect: there is no Megatron here.
   */
  readonly megatron_core: string | null;
  /**
   * Offloading on GPUs.
   *
   * Default: `null`. No effect: there is no GPU here.
   */
  readonly runtime_config: Record<string, unknown> | null;
}
