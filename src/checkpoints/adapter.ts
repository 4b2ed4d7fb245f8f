/** @file A PEFT adapter folder: adapter_model.safetensors and adapter_config.json, which must agree. */
import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import { decodeSafetensors, type SafetensorsEntry, type SafetensorsTensor, toFloat32 } from "../formats/safetensors.ts";
import { type AdapterConfig, encodeAdapterConfig, parseAdapterConfig, REPAIR } from "./adapterConfig.ts";
import { standardKeys } from "./adapterKeys.ts";
import { encodeTensors, type NamedTensor, type NamedTensors, type SavedTensors } from "./tensors.ts";

export const ADAPTER_WEIGHTS = "adapter_model.safetensors";
export const ADAPTER_CONFIG = "adapter_config.json";
/** PEFT's older format, a Python pickle. */
export const ADAPTER_PICKLE = "adapter_model.bin";

export interface SavedAdapter {
  config: AdapterConfig;
  /** PEFT's file keys -> lora_A [r, in], lora_B [out, r] and other trained tensors. */
  weights: Map<string, NamedTensor>;
  /**
   * Locations of weights of the base model that PEFT saved with the adapter (embeddings that it adapts, or that were
   * resized), by the model's names. They replace the base model's.
   */
  embeddings?: ReadonlyMap<string, SavedEmbedding>;
}

export type SavedEmbedding = SafetensorsEntry & { file: string };

const MAGNITUDE = /^base_model\.model\..+\.lora_magnitude_vector$/;
/** With bias "all", PEFT saves a bias of a module in modules_to_save three times. */
const DUPLICATE = /\.(original_module\.(.+\.bias|[^.]+)|modules_to_save\.[^.]+|trainable_tokens_original)$/;
const KEY = /^base_model\.model\.(.+)\.lora_(?:([AB])\.weight|embedding_([AB]))$/;
const TOKENS = /^base_model\.model\..+\.token_adapter\.trainable_tokens_delta$/;
/** A weight of the base model, under an adapter or a module trained in full, or plain. */
const BASE = /^base_model\.model\.(.+?)(?:\.(base_layer|original_module|token_adapter\.base_layer))?\.weight$/;

/** The two files of an adapter folder, to be written by the caller. */
export function adapterFiles(adapter: { config: AdapterConfig; weights: SavedTensors }): [string, Content][] {
  return [
    [ADAPTER_WEIGHTS, encodeTensors(adapter.weights, { format: "pt" })],
    [ADAPTER_CONFIG, encodeAdapterConfig(adapter.config)],
  ];
}

/** Writes an adapter folder that PEFT's `PeftModel.from_pretrained` loads; keeps other files in it. */
export async function saveAdapter(
  folder: RunFolder,
  adapter: { config: AdapterConfig; weights: NamedTensors },
): Promise<void> {
  for (const [name, content] of adapterFiles(adapter)) await folder.write(name, content);
}

/** Whether `files` are an adapter's (of a run, a checkpoint or a PEFT folder). */
export function isAdapterFolder(files: ModelFiles): Promise<boolean> {
  return files.has(ADAPTER_CONFIG);
}

/**
 * Reads an adapter folder of prefine, PEFT or a tool that writes PEFT's files.
 * @param onWarning receives a line for keys of the config that PEFT ignores with a warning.
 * @throws PrefineError("model") if a file is missing or broken, or the two disagree; "not-yet" for types other
 *   than LoRA.
 */
export async function loadAdapter(files: ModelFiles, onWarning?: (line: string) => void): Promise<SavedAdapter> {
  const configPath = files.pathOf(ADAPTER_CONFIG);
  const where = files.pathOf(ADAPTER_WEIGHTS);
  const config = parseAdapterConfig(required(await files.readText(ADAPTER_CONFIG), configPath), configPath, onWarning);
  const bytes = (await files.read(ADAPTER_WEIGHTS)) ?? (await noWeights(files, where));
  const { tensors } = decodeSafetensors(bytes, where);
  const weights = new Map<string, NamedTensor>();
  const embeddings = new Map<string, SavedEmbedding>();
  const idle: string[] = [];
  for (const [name, own] of standardKeys(tensors.keys(), where)) {
    const { dtype, shape, data } = tensors.get(own) as SafetensorsTensor & { data: Uint8Array };
    const parameter = baseWeight(name, config, tensors);
    if (parameter !== null) {
      const start = data.byteOffset - bytes.byteOffset;
      embeddings.set(parameter, { dtype, shape: [...shape], file: where, start, end: start + data.byteLength });
    } else if (config.use_dora !== true && MAGNITUDE.test(name)) {
      idle.push(own);
    } else if (!DUPLICATE.test(name)) {
      const float32 = toFloat32(data, dtype, `${where}: tensor ${JSON.stringify(own)}`);
      weights.set(name, { shape: [...shape], data: float32 });
    }
  }
  if (idle.length > 0) {
    const others = idle.length > 1 ? ` and ${idle.length - 1} more` : "";
    onWarning?.(`${where}: "${idle[0]}"${others}: ignored, as in PEFT: ${configPath} has no use_dora`);
  }
  checkTensors({ config, weights }, `${where} (with ${configPath})`);
  return { config, weights, ...(embeddings.size > 0 ? { embeddings } : {}) };
}

/** The base model's parameter that a tensor replaces; null for a tensor of the adapter. */
function baseWeight(name: string, config: AdapterConfig, tensors: ReadonlyMap<string, unknown>): string | null {
  const [, module, wrapper] = BASE.exec(name) ?? [];
  if (module === undefined || /\.(lora_\w+|modules_to_save|token_adapter)$/.test(module)) return null;
  if (wrapper === "original_module" || wrapper === "token_adapter.base_layer") return `${module}.weight`;
  if (wrapper === "base_layer") {
    const isAdapted = [...tensors.keys()].some((other) => other.includes(`${module}.lora_`));
    return isAdapted ? `${module}.weight` : null;
  }
  return isSavedModule(module, config) ? null : `${module}.weight`;
}

/** PEFT trains every module in full whose name ends with one of modules_to_save, with what is inside. */
function isSavedModule(module: string, { modules_to_save }: AdapterConfig): boolean {
  const parts = module.split(".");
  const outer = parts.map((_, i) => parts.slice(0, i + 1).join("."));
  return (modules_to_save ?? []).some((name) => outer.some((folder) => folder.endsWith(name)));
}

async function noWeights(files: ModelFiles, where: string): Promise<never> {
  if (!(await files.has(ADAPTER_PICKLE))) required(undefined, where);
  throw onlyPickle(where);
}

/** @param where the safetensors file that is missing. */
export function onlyPickle(where: string): PrefineError {
  return new PrefineError(
    "model",
    `${where}: expected an adapter's file, found only ${ADAPTER_PICKLE}, whose format can run code when it is read`,
    "Convert it in Python: import torch; from safetensors.torch import save_file; " +
      `save_file(torch.load("${ADAPTER_PICKLE}", weights_only=True), "${ADAPTER_WEIGHTS}")`,
  );
}

function required<T>(content: T | undefined, path: string): T {
  if (content !== undefined) return content;
  const hint = `An adapter folder has ${ADAPTER_WEIGHTS} and ${ADAPTER_CONFIG}.`;
  throw new PrefineError("model", `${path}: expected an adapter's file, found none`, hint);
}

/**
 * Checks PEFT's names, A and B of each layer, the config's rank, and that every layer is in target_modules. The
 * required layers and modules depend on the model, which is not known here.
 */
function checkTensors({ config, weights }: { config: AdapterConfig; weights: NamedTensors }, where: string): void {
  if (weights.size === 0)
    throw new PrefineError("model", `${where}: expected lora_A and lora_B tensors, found none`, REPAIR);
  for (const [name, { shape }] of weights) {
    const [, layer, linearSide, embeddingSide] = KEY.exec(name) ?? [];
    const side = linearSide ?? embeddingSide;
    if (!layer) {
      if (!isFurther(name, config)) throw unexpected(name, where);
      continue;
    }
    if (config.target_modules !== null && !isTarget(layer, config.target_modules))
      throw notTargeted(name, config.target_modules, where);
    const other = side === "A" ? "B" : "A";
    const partner = `base_model.model.${layer}.${linearSide ? `lora_${other}.weight` : `lora_embedding_${other}`}`;
    if (!weights.has(partner)) throw new PrefineError("model", `${where}: found ${name}, but no ${partner}`, REPAIR);
    const rank = side === "A" ? shape[0] : shape[1];
    const isMixed = Object.keys(config.rank_pattern ?? {}).length > 0;
    if (shape.length === 2 && (isMixed || rank === config.r)) continue;
    const expected = side === "A" ? `[${config.r}, in]` : `[out, ${config.r}]`;
    throw new PrefineError(
      "model",
      `${where}: tensor "${name}" has shape [${shape.join(", ")}], the config says r=${config.r} (expects ${expected})`,
      "Was this adapter trained with another r? Then the two files are not from the same run.",
    );
  }
}

/** DoRA's magnitudes, fully trained modules, tokens and biases, if the config has any. */
function isFurther(name: string, config: AdapterConfig): boolean {
  const { use_dora, bias, trainable_token_indices } = config;
  if (TOKENS.test(name)) return (trainable_token_indices ?? null) !== null;
  if (!name.startsWith("base_model.model.") || /\.lora_\w+(\.|$)/.test(name)) {
    return use_dora === true && MAGNITUDE.test(name);
  }
  const module = name.slice("base_model.model.".length, name.lastIndexOf("."));
  return isSavedModule(module, config) || (bias !== "none" && name.endsWith(".bias"));
}

/** PEFT's rule for a list: the layer's full name or its last parts. A string is a pattern, checked with the model. */
function isTarget(layer: string, targets: string[] | string): boolean {
  return typeof targets === "string" || targets.some((target) => layer === target || layer.endsWith(`.${target}`));
}

function notTargeted(name: string, targets: string[] | string, where: string): PrefineError {
  return new PrefineError(
    "model",
    `${where}: tensor "${name}" matches none of the config's target_modules (${[targets].flat().join(", ")})`,
    "Are the two files from the same run?",
  );
}

function unexpected(name: string, where: string): PrefineError {
  return new PrefineError(
    "model",
    `${where}: expected tensors named base_model.model.LAYER.lora_A.weight or .lora_B.weight, found "${name}"`,
    "Only LoRA adapters can be loaded, with the parts named in adapter_config.json.",
  );
}
