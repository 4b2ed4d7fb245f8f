/** @file Reads and writes adapter_config.json in PEFT 0.21's format. */

import { PrefineError, show } from "../errors.ts";
import { parseJsonObject } from "../formats/parseJson.ts";

const BIASES = ["none", "all", "lora_only"] as const;
export type Bias = (typeof BIASES)[number];

/** The supported part of PEFT's LoraConfig; names as in the file. */
export interface AdapterConfig {
  /** Rank. */
  r: number;
  /** The adapter's output is multiplied by lora_alpha / r (lora_alpha / sqrt(r) with use_rslora). */
  lora_alpha: number;
  lora_dropout: number;
  /**
   * Names or last parts of names of the adapted layers; a string is a regular expression for full names; null: PEFT's
   * choice for the model type.
   */
  target_modules: string[] | string | null;
  exclude_modules?: string[] | string | null;
  layers_to_transform?: number[] | number | null;
  layers_pattern?: string[] | string | null;
  /** Ranks and alphas of layers whose name matches. */
  rank_pattern?: Record<string, number>;
  alpha_pattern?: Record<string, number>;
  use_rslora?: boolean;
  use_dora?: boolean;
  /** Suffixes of the names of modules that are saved in full. */
  modules_to_save?: string[] | null;
  /** Tokens whose rows of the embedding are trained in full: ids, or ids by the names of embeddings. */
  trainable_token_indices?: number[] | Record<string, number[]> | null;
  /** Biases saved with the adapter. */
  bias?: Bias;
  /** The adapter's initialization; "pissa" also means that the base's principal components are removed. */
  init_lora_weights?: boolean | string | null;
  /** Folder or hub id of the base model. */
  base_model_name_or_path: string | null;
  /** True if weights are stored [in, out], as in GPT-2's Conv1D. */
  fan_in_fan_out: boolean;
  task_type: string | null;
  /** The base model's class in Python, by which PEFT loads an adapter without a task_type. */
  auto_mapping?: Record<string, string> | null;
  /** Branch, tag or commit of the base model. */
  revision: string | null;
}

/** All other keys that PEFT 0.21.2 writes, with the values that mean "not used". */
const UNUSED = {
  alora_invocation_tokens: null,
  alpha_pattern: {},
  arrow_config: null,
  auto_mapping: null,
  bias: "none",
  corda_config: null,
  ensure_weight_tying: false,
  eva_config: null,
  exclude_modules: null,
  inference_mode: true,
  init_lora_weights: true,
  kasa_config: null,
  layer_replication: null,
  layers_pattern: null,
  layers_to_transform: null,
  loftq_config: {},
  lora_bias: false,
  lora_ga_config: null,
  megatron_config: null,
  megatron_core: "megatron.core",
  modules_to_save: null,
  monteclora_config: null,
  peft_type: "LORA",
  peft_version: "0.21.2",
  qalora_group_size: 16,
  rank_pattern: {},
  target_parameters: null,
  trainable_token_indices: null,
  use_bdlora: null,
  use_dora: false,
  use_qalora: false,
  use_rslora: false,
  velora_config: null,
} as const;

/** Keys about how the adapter was trained, which don't affect a finished adapter or prefine. */
const IRRELEVANT = new Set([
  "corda_config",
  "ensure_weight_tying",
  "eva_config",
  "inference_mode",
  "loftq_config",
  "lora_ga_config",
  "megatron_config",
  "megatron_core",
  "peft_version",
  "qalora_group_size",
  "runtime_config",
  "velora_config",
]);

/** Initializations that keep the base model, and "pissa", whose change of it is repeated on loading. */
const KNOWN_STARTS: ReadonlySet<unknown> = new Set([
  ...[true, false, null],
  ...["gaussian", "eva", "orthogonal", "lora_ga", "mica", "pissa"],
]);

/** The text of adapter_config.json; keys sorted, as PEFT sorts them. */
export function encodeAdapterConfig(config: AdapterConfig): string {
  const all: Record<string, unknown> = { ...UNUSED, ...config };
  const sorted = Object.fromEntries(
    Object.keys(all)
      .map((key) => [key, all[key]] as const)
      .sort(byKey),
  );
  return JSON.stringify(sorted, null, 2);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/**
 * @param where the file's path, for messages.
 * @throws PrefineError("model") for a broken file, PrefineError("not-yet") for unsupported features.
 */
export function parseAdapterConfig(
  text: string,
  where: string,
  onWarning: (line: string) => void = () => {},
): AdapterConfig {
  const json = parseJsonObject(text, where, REPAIR);
  if (json.peft_type !== "LORA") {
    throw new PrefineError("not-yet", `${where}: expected peft_type "LORA", found ${show(json.peft_type)}`, MERGE);
  }
  for (const [key, value] of Object.entries(json)) refuseUnbuilt(key, value, where);
  const unknown = Object.keys(json).filter(
    (key) => ![CONFIG_KEYS, IRRELEVANT].some((known) => known.has(key)) && !Object.hasOwn(UNUSED, key),
  );
  if (unknown.length > 0) {
    onWarning(
      `${where}: ${unknown.join(", ")}: unknown to PEFT 0.21's LoraConfig, which ignores them, as does prefine`,
    );
  }
  return {
    r: readNumber({ r: PEFT_DEFAULTS.r, ...json }, "r", where, WHOLE),
    lora_alpha: readNumber({ lora_alpha: PEFT_DEFAULTS.lora_alpha, ...json }, "lora_alpha", where, FINITE),
    lora_dropout: readNumber({ lora_dropout: 0, ...json }, "lora_dropout", where, SHARE),
    target_modules: readTargets(json.target_modules, where),
    ...readLayers(json, where),
    rank_pattern: readPattern(json, "rank_pattern", where, WHOLE),
    alpha_pattern: readPattern(json, "alpha_pattern", where, FINITE),
    use_rslora: json.use_rslora === true,
    use_dora: json.use_dora === true,
    modules_to_save: readNames(json, "modules_to_save", where),
    ...readTokens(json.trainable_token_indices, where),
    bias: readBias(json.bias ?? "none", where),
    init_lora_weights: readStart(json.init_lora_weights ?? true, where),
    base_model_name_or_path: readText(json, "base_model_name_or_path", where),
    fan_in_fan_out: json.fan_in_fan_out === true,
    task_type: readText(json, "task_type", where),
    ...readMapping(json.auto_mapping),
    revision: readText(json, "revision", where),
  };
}

/** Of settings that a file may lack. */
const PEFT_DEFAULTS = { r: 8, lora_alpha: 8 } as const;

const MERGE = "Merge this adapter into its base model with PEFT, and load the merged model.";

/** Refuses settings of PEFT that would change results and are not built; others have no effect on an adapter. */
function refuseUnbuilt(key: string, value: unknown, where: string): void {
  if (IRRELEVANT.has(key) || CONFIG_KEYS.has(key) || !Object.hasOwn(UNUSED, key) || !isUsed(value)) return;
  if (JSON.stringify(value) === JSON.stringify(UNUSED[key as keyof typeof UNUSED])) return;
  throw new PrefineError("not-yet", `${where}: ${key} is ${show(value)}, which prefine does not support yet`, MERGE);
}

const CONFIG_KEYS: ReadonlySet<string> = new Set<keyof AdapterConfig>([
  "r",
  "lora_alpha",
  "lora_dropout",
  "target_modules",
  "base_model_name_or_path",
  "fan_in_fan_out",
  "task_type",
  "auto_mapping",
  "revision",
  "exclude_modules",
  "layers_to_transform",
  "layers_pattern",
  "rank_pattern",
  "alpha_pattern",
  "use_rslora",
  "use_dora",
  "modules_to_save",
  "bias",
  "init_lora_weights",
  "trainable_token_indices",
]);

/** False for null, false and empty lists or mappings, with which newer PEFTs disable keys unknown to this list. */
function isUsed(value: unknown): boolean {
  if (value === null || value === false) return false;
  return typeof value !== "object" || Object.keys(value as object).length > 0;
}

/** The allowed values of a number, in words and as a predicate. */
type Range = [expected: string, accepts: (value: number) => boolean];
const WHOLE: Range = ["a whole number above 0", (value) => Number.isInteger(value) && value > 0];
const FINITE: Range = ["a finite number", Number.isFinite];
const SHARE: Range = ["a number from 0, below 1", (value) => value >= 0 && value < 1];
export const REPAIR = "Is the file damaged? Save or download the adapter again.";

function readNumber(json: Record<string, unknown>, key: string, where: string, [expected, accepts]: Range): number {
  const value = json[key];
  if (typeof value === "number" && accepts(value)) return value;
  throw new PrefineError("model", `${where}: ${key} is ${show(value)}, expected ${expected}`, REPAIR);
}

/** Nothing here reads it: a damaged one is left out. */
function readMapping(value: unknown): Pick<AdapterConfig, "auto_mapping"> {
  const isMapping = typeof value === "object" && value !== null && Object.values(value).every(isString);
  return isMapping ? { auto_mapping: value as Record<string, string> } : {};
}

const isString = (value: unknown) => typeof value === "string";

function readText(json: Record<string, unknown>, key: string, where: string): string | null {
  const value = json[key] ?? null;
  if (value === null || typeof value === "string") return value;
  throw new PrefineError("model", `${where}: ${key} is ${show(value)}, expected a string or null`, REPAIR);
}

/** PEFT stores a list, or a string: a regular expression, or "all-linear"; none: its choice for the model type. */
function readTargets(value: unknown, where: string): string[] | string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" && value !== "") return value;
  if (isTexts(value) && value.length > 0) return value;
  throw new PrefineError("model", `${where}: target_modules is ${show(value)}, expected a list of names`, REPAIR);
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === "string");

function readTokens(value: unknown, where: string): Pick<AdapterConfig, "trainable_token_indices"> {
  if (value === null || value === undefined) return {};
  const isIds = (ids: unknown) => Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && id >= 0);
  const isByName = typeof value === "object" && !Array.isArray(value) && Object.values(value).every(isIds);
  if (isIds(value) || isByName) return { trainable_token_indices: value as number[] | Record<string, number[]> };
  const expected = "expected ids, or ids by the names of embeddings";
  throw new PrefineError("model", `${where}: trainable_token_indices is ${show(value)}, ${expected}`, REPAIR);
}

function readNames(json: Record<string, unknown>, key: string, where: string): string[] | null {
  const value = json[key] ?? null;
  if (value === null || isTexts(value)) return value;
  throw new PrefineError("model", `${where}: ${key} is ${show(value)}, expected a list of names`, REPAIR);
}

const orText = (json: Record<string, unknown>, key: string, where: string) =>
  typeof json[key] === "string" ? json[key] : readNames(json, key, where);

function readLayers(json: Record<string, unknown>, where: string) {
  const numbers = json.layers_to_transform ?? null;
  if (![numbers].flat().every((number) => number === null || Number.isInteger(number))) {
    const found = show(numbers);
    throw new PrefineError("model", `${where}: layers_to_transform is ${found}, expected numbers of layers`, REPAIR);
  }
  return {
    exclude_modules: orText(json, "exclude_modules", where),
    layers_to_transform: numbers as number[] | number | null,
    layers_pattern: orText(json, "layers_pattern", where),
  };
}

function readPattern(json: Record<string, unknown>, key: string, where: string, range: Range): Record<string, number> {
  const value = json[key] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new PrefineError("model", `${where}: ${key} is ${show(value)}, expected numbers by name`, REPAIR);
  }
  const entries = Object.keys(value as object);
  const numbers = value as Record<string, unknown>;
  return Object.fromEntries(entries.map((name) => [name, readNumber(numbers, name, `${where}: ${key}`, range)]));
}

function readBias(value: unknown, where: string): Bias {
  const match = BIASES.find((bias) => bias === value);
  if (match) return match;
  throw new PrefineError("model", `${where}: bias is ${show(value)}, expected one of ${BIASES.join(", ")}`, REPAIR);
}

/** Other initializations change the base model with data or random numbers that no file stores. */
function readStart(value: unknown, where: string): boolean | string {
  if (KNOWN_STARTS.has(value)) return value as boolean | string;
  const message = `${where}: init_lora_weights is ${show(value)}, which prefine does not support yet`;
  throw new PrefineError("not-yet", message, MERGE);
}
