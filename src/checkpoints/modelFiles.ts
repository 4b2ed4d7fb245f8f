/** @file Trained weights as files: a PEFT adapter, or a full model in transformers' format. */
import type { ModelFiles, OpenFile } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import { readSafetensorsHeader, type SafetensorsEntry, toFloat32 } from "../formats/safetensors.ts";
import { adapterFiles, loadAdapter } from "./adapter.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { encodeTensors, type SavedTensor, type SavedTensors, type StateTensor, type StoredTensor } from "./tensors.ts";

const DAMAGED = "Is the checkpoint damaged? Resume from another one.";

export const MODEL_WEIGHTS = "model.safetensors";

/** The trained and saved weights. */
export type SavedModel =
  | { kind: "adapter"; config: AdapterConfig }
  | {
      kind: "full";
      /** The base model's config.json. */
      config: Readonly<Record<string, unknown>>;
      /** The base model's generation_config.json, if any. */
      generationConfig?: Readonly<Record<string, unknown>> | null;
      /** Tensors of the base model's files that it does not run: the vision part of Gemma 3. Saved unchanged. */
      leftOut?: SavedTensors | undefined;
      /** Padding token of the tokenizer, which TRL writes into the model's configs. */
      padTokenId?: number | null;
    };

/** The files of a model, weights first (read while writing: write them before training continues). */
export function modelFiles(model: SavedModel, weights: SavedTensors): [string, Content][] {
  if (model.kind === "adapter") return adapterFiles({ config: model.config, weights });
  const padded = model.padTokenId == null ? {} : { pad_token_id: model.padTokenId };
  const { torch_dtype: _, ...base } = model.config; // dtype's old name
  const files: [string, Content][] = [
    [MODEL_WEIGHTS, encodeTensors(new Map([...weights, ...(model.leftOut ?? [])]), { format: "pt" })],
    ["config.json", configText({ ...base, ...padded, dtype: "float32" })],
  ];
  const generation = model.generationConfig;
  if (generation) files.push(["generation_config.json", encodeJson({ ...generation, ...padded })]);
  return files;
}

/** Fields that transformers refuses, or warns of, as whole numbers. */
const FLOATS = [
  ...["attn_logit_softcapping", "final_logit_softcapping", "initializer_range"],
  ...["factor", "attention_factor", "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow"],
];

/** The text of a config.json: JavaScript writes 30.0 as 30, which is an int to Python. */
export function configText(config: Readonly<Record<string, unknown>>): string {
  const whole = new RegExp(`^( *"(?:${FLOATS.join("|")})": -?\\d+)(,?)$`, "gm");
  return encodeJson(config).replace(whole, "$1.0$2");
}

function encodeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The weights that `modelFiles` wrote into `folder`. */
export async function readModelWeights(
  folder: ModelFiles,
  kind: SavedModel["kind"],
): Promise<Map<string, SavedTensor>> {
  return kind === "adapter" ? (await loadAdapter(folder)).weights : readTensorFile(folder, MODEL_WEIGHTS);
}

/**
 * The tensors of a safetensors file, floats and bytes, to be read one by one (all weights and moments take several
 * times the model's memory).
 * @throws PrefineError("io" | "model") if it is absent or broken; so does reading a tensor.
 */
export async function readTensorFile(folder: ModelFiles, name: string): Promise<Map<string, StoredTensor>> {
  const where = folder.pathOf(name);
  const { tensors } = await withFile(folder, name, readSafetensorsHeader);
  const stored = [...tensors].map(([tensor, entry]): [string, StoredTensor] => {
    const read = () => withFile(folder, name, (file) => readTensor(file, where, [tensor, entry]));
    return [tensor, { shape: entry.shape, dtype: entry.dtype === "U8" ? "U8" : "F32", read }];
  });
  return new Map(stored);
}

/** @throws PrefineError("io" | "model") if the file is absent or contradicts its header. */
export async function checkSafetensorsFile(folder: ModelFiles, name: string): Promise<void> {
  await withFile(folder, name, readSafetensorsHeader);
}

async function withFile<T>(
  folder: ModelFiles,
  name: string,
  use: (file: OpenFile, where: string) => Promise<T>,
): Promise<T> {
  const where = folder.pathOf(name);
  const file = await folder.open(name);
  if (!file) throw new PrefineError("io", `${where}: expected a safetensors file, found none`, DAMAGED);
  try {
    return await use(file, where);
  } finally {
    await file.close();
  }
}

async function readTensor(
  file: OpenFile,
  where: string,
  [name, { dtype, start, end }]: [string, SafetensorsEntry],
): Promise<StateTensor["data"]> {
  const bytes = await readBytes(file, where, [start, end]);
  if (dtype === "U8") return bytes;
  if (dtype === "F32") return new Float32Array(bytes.buffer);
  return toFloat32(bytes, dtype, `${where}: tensor ${JSON.stringify(name)}`);
}

async function readBytes(
  file: OpenFile,
  where: string,
  [start, end]: [number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await file.slice(start, end));
  if (bytes.length === end - start) return bytes;
  throw new PrefineError("io", `${where}: the file ended at byte ${start + bytes.length}`, DAMAGED);
}
