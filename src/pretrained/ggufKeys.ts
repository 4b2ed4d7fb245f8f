/**
 * @file Keys of a GGUF file that would change results and are not built: refused by name unless they have the value
 * that means "not used". Names are those of llama.cpp's llama-arch.cpp; keys that it reads only for other
 * architectures are refused too, since the original model has them. llama.cpp itself writes all keys when it saves a
 * model, most of them with its defaults.
 */
import { PrefineError, show } from "../errors.ts";
import type { GgufReader } from "./ggufReader.ts";

/** Sizes that values are compared with. */
interface Sizes {
  headDim: number;
  positions: number;
  width: number;
}

type IsNeutral = (value: unknown, sizes: Sizes, read: GgufReader) => boolean;

const only =
  (...values: unknown[]): IsNeutral =>
  (value) =>
    values.includes(value);
const isAny: IsNeutral = () => true;
const isHeadSize: IsNeutral = (value, { headDim }) => value === headDim;
const isWide: IsNeutral = (value, { positions }) => value === 0 || (typeof value === "number" && value >= positions);
const isEmpty: IsNeutral = (value) => Array.isArray(value) && value.every((one) => one === 0 || one === false);
const isDefaultScale: IsNeutral = (value, { headDim }) =>
  value === 0 || (typeof value === "number" && Math.abs(value * Math.sqrt(headDim) - 1) < 1e-6);
const isFullExtrapolation: IsNeutral = (value, _, read) =>
  value === (read.value("rope.scaling.type") === "yarn" ? 1 : 0) || (typeof value === "number" && value < 0);
const isOn: IsNeutral = (value) => (Array.isArray(value) ? value : [value]).every((one) => one === 1 || one === true);
/** Not used, or llama.cpp's default in a file that it saved itself: these have all keys, that of routers included. */
const isUnusedCap =
  (usual: number): IsNeutral =>
  (value, _, read) =>
    value === 0 || (value === usual && read.value("router_logit_softcapping") === 30);
const hasNoWindow: IsNeutral = (_, sizes, read) => isWide(read.value("attention.sliding_window") ?? 0, sizes, read);
/** Of any key that is not known: off in every architecture. */
const isOff: IsNeutral = (value) =>
  (Array.isArray(value) ? value : [value]).every((one) => [0, false, "", -1].includes(one));

/** By the key without the architecture. */
const NEUTRAL: Record<string, IsNeutral> = {
  "attention.causal": only(true),
  "attention.scale": isDefaultScale,
  "attention.clamp_kqv": only(0),
  "attention.max_alibi_bias": only(0),
  "attention.output_scale": only(0, 1),
  "attention.value_scale": only(0, 1),
  "attention.value_length": isHeadSize,
  "attention.key_length_swa": isHeadSize,
  "attention.value_length_swa": isHeadSize,
  "attention.rope_pattern": isOn,
  "attention.sliding_window": isWide,
  "attention.sliding_window_pattern": (value, sizes, read) =>
    hasNoWindow(value, sizes, read) || value === 1 || isEmpty(value, sizes, read),
  "rope.dimension_count_swa": (value, { headDim }, read) => value === read.number("rope.dimension_count", headDim),
  "rope.freq_base_swa": (value, sizes, read) =>
    value === read.number("rope.freq_base", 10_000) || (value === 10_000 && hasNoWindow(value, sizes, read)),
  "rope.dimension_sections": isEmpty,
  "rope.scaling.alpha": only(0),
  "rope.scaling.yarn_log_multiplier": only(0),
  "rope.scaling.yarn_ext_factor": isFullExtrapolation,
  "rope.scaling.yarn_attn_factor": only(1),
  "rope.scaling.yarn_beta_fast": only(32),
  "rope.scaling.yarn_beta_slow": only(1),
  attn_logit_softcapping: isUnusedCap(50),
  final_logit_softcapping: isUnusedCap(30),
  router_logit_softcapping: isUnusedCap(30),
  logit_scale: only(0, 1),
  residual_scale: only(0, 1),
  embedding_scale: only(0, 1),
  embedding_length_out: (value, { width }) => value === 0 || value === width,
  expert_count: only(0),
  expert_used_count: only(0),
  expert_shared_count: only(0),
  nextn_predict_layers: only(0),
  use_parallel_residual: only(false),
  // settings of parts whose sizes are other keys, with llama.cpp's defaults where they are not 0
  token_shift_count: only(2),
  "activation.situ_beta": only(1),
  "attention.indexer.kpool_select_tail": isAny,
  "kda.gate_lower_bound": isAny,
};

/** Read for every family, or without effect on results. */
const USED = new Set([
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.layer_norm_epsilon",
  "attention.layer_norm_rms_epsilon",
  "rope.dimension_count",
  "rope.freq_base",
  "rope.scale_linear",
  "rope.scaling.type",
  "rope.scaling.factor",
  "rope.scaling.attn_factor",
  "rope.scaling.original_context_length",
  "rope.scaling.finetuned", // a note on the training
  "block_count",
  "context_length",
  "embedding_length",
  "feed_forward_length",
  "vocab_size", // the embedding says
  "tensor_data_layout", // a note on the converter
  "pooling_type", // of embeddings
]);

/**
 * @param own keys that the family reads itself.
 * @throws PrefineError("not-yet") for a key that would change results.
 */
export function refuseGgufKeys(read: GgufReader, sizes: Sizes, own: readonly string[] = []): void {
  // of no effect without experts
  const isExpert = (key: string) => /^experts?_/.test(key) && !Object.hasOwn(NEUTRAL, key);
  for (const [key, value] of read.own()) {
    if (own.includes(key)) continue;
    const isNeutral = USED.has(key) || isExpert(key) ? isAny : Object.hasOwn(NEUTRAL, key) ? NEUTRAL[key] : isOff;
    if (isNeutral(value, sizes, read)) continue;
    const message = `${read.where}: ${read.architecture}.${key} ${show(value)} is not supported`;
    throw new PrefineError("not-yet", message, "Use the model's safetensors, or a GGUF file without it.");
  }
}
