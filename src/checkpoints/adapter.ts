/** @file A PEFT adapter folder: adapter_model.safetensors and adapter_config.json, which must agree. */
import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import { decodeSafetensors, type SafetensorsEntry, toFloat32 } from "../formats/safetensors.ts";
import { type AdapterConfig, encodeAdapterConfig, parseAdapterConfig, REPAIR } from "./adapterConfig.ts";
import { encodeTensors, type NamedTensor, type NamedTensors, type SavedTensors } from "./tensors.ts";

export const ADAPTER_WEIGHTS = "adapter_model.safetensors";
export const ADAPTER_CONFIG = "adapter_config.json";

export interface SavedAdapter {
  config: AdapterConfig;
  /** PEFT's file keys -> lora_A [r, in], lora_B [out, r] and other trained tensors. */
  weights: Map<string, NamedTensor>;
  /**
   * Locations of embeddings that PEFT saved with the adapter, by the model's names. They replace the base model's.
   */
  embeddings?: ReadonlyMap<string, SavedEmbedding>;
}

export type SavedEmbedding = SafetensorsEntry & { file: string };

const MAGNITUDE = /^base_model\.model\..+\.lora_magnitude_vector$/;
/** With bias "all", PEFT saves a bias of a module in modules_to_save three times. */
const DUPLICATE = /\.(original_module|modules_to_save)\.[^.]+$/;
const KEY = /^base_model\.model\.(.+)\.lora_(?:([AB])\.weight|embedding_([AB]))$/;
const TOKENS = /^base_model\.model\..+\.token_adapter\.trainable_tokens_delta$/;
const EMBEDDING = /^base_model\.model\.(.+)\.base_layer\.weight$/;

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
 * Reads an adapter folder of prefine or PEFT.
 * @throws PrefineError("model") if a file is missing or broken, or the two disagree; "not-yet" for types other
 *   than LoRA.
 */
export async function loadAdapter(files: ModelFiles): Promise<SavedAdapter> {
  const configPath = files.pathOf(ADAPTER_CONFIG);
  const weightsPath = files.pathOf(ADAPTER_WEIGHTS);
  const config = parseAdapterConfig(required(await files.readText(ADAPTER_CONFIG), configPath), configPath);
  const bytes = required(await files.read(ADAPTER_WEIGHTS), weightsPath);
  const { tensors } = decodeSafetensors(bytes, weightsPath);
  const weights = new Map<string, NamedTensor>();
  const embeddings = new Map<string, SavedEmbedding>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (DUPLICATE.test(name)) continue;
    const [, embedding] = EMBEDDING.exec(name) ?? [];
    if (embedding && tensors.has(`base_model.model.${embedding}.lora_embedding_A`)) {
      const start = data.byteOffset - bytes.byteOffset;
      const place = { file: weightsPath, start, end: start + data.byteLength };
      embeddings.set(`${embedding}.weight`, { dtype, shape: [...shape], ...place });
      continue;
    }
    const float32 = toFloat32(data as Uint8Array, dtype, `${weightsPath}: tensor ${JSON.stringify(name)}`);
    weights.set(name, { shape: [...shape], data: float32 });
  }
  checkTensors({ config, weights }, `${weightsPath} (with ${configPath})`);
  return { config, weights, ...(embeddings.size > 0 ? { embeddings } : {}) };
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
    if (!isTarget(layer, config.target_modules)) throw notTargeted(name, config.target_modules, where);
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
  const { use_dora, modules_to_save, bias, trainable_token_indices } = config;
  if (TOKENS.test(name)) return (trainable_token_indices ?? null) !== null;
  if (!name.startsWith("base_model.model.") || /\.lora_\w+(\.|$)/.test(name)) {
    return use_dora === true && MAGNITUDE.test(name);
  }
  return (modules_to_save ?? []).length > 0 || (bias !== "none" && name.endsWith(".bias"));
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
