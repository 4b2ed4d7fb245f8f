/**
 * @file Merges a run's adapter into its base model and writes a model folder that transformers loads. The merged model
 * is compared with the adapter on its base before the folder gets its name.
 */
import { bool, checkOptions, checkValue, either, objectWith, oneOf, optionsOf, text } from "../arguments.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { configText } from "../checkpoints/modelFiles.ts";
import { refuseOwned } from "../checkpoints/ownership.ts";
import { isModelFile } from "../checkpoints/ownFiles.ts";
import { AutoTokenizer } from "../data/tokenizers/loadTokenizer.ts";
import { openDevice } from "../device/openDevice.ts";
import { nearbyHint } from "../disk/nearbyNames.ts";
import { folderAt, nodeStorage } from "../disk/nodeStorage.ts";
import { exists } from "../disk/readFiles.ts";
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import { type FloatDtype, fromFloat32 } from "../formats/narrowFloats.ts";
import { type SafetensorsTensor, safetensorsPieces } from "../formats/safetensors.ts";
import { emitWarning } from "../host.ts";
import { type LoraAdapter, loraAdapter } from "../models/adapters/lora.ts";
import { takePrincipal } from "../models/adapters/pissa.ts";
import { findNonFinite } from "../models/findNonFinite.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { QuantizationSettings } from "../models/network.ts";
import { describeQuantization, quantizedUnder, quantizeModel } from "../models/precision/quantize.ts";
import { modelUnder, withoutLeftOut } from "../pretrained/checkAdapter.ts";
import { loadModel } from "../pretrained/loadModel.ts";
import {
  findModel,
  type ModelSourceOptions,
  SOURCE_CHECKS,
  SOURCE_NO_EFFECT,
  SOURCE_NOT_BUILT,
  tokenizerOptions,
} from "../pretrained/modelSource.ts";
import { compareLogits, logitsOf } from "./compareLogits.ts";
import { isUntied, mergeWeights } from "./mergeWeights.ts";

export interface MergeOptions extends ModelSourceOptions {
  /**
   * Folder to write.
   *
   * Default: the run's with "-merged" appended. PEFT: save_pretrained's `save_directory`.
   */
  output_dir?: string | undefined;
  /**
   * Type of the weights in the file.
   *
   * Default: the type of the base model's weights, tensor by tensor. transformers' `dtype`.
   */
  dtype?: "float32" | "float16" | "bfloat16" | undefined;
  /**
   * Replaces the model in an existing folder; other files in it stay.
   *
   * Default: `false`. Prefine's own.
   */
  overwrite_output_dir?: boolean | undefined;
  /**
   * Called with each warning about the result.
   *
   * Default: emits a process warning. Prefine's own.
   */
  onWarning?: ((line: string) => void) | undefined;
}

export interface MergedModel {
  output_dir: string;
  /** Type of the weights in the file; if they differ, the type of most of them. */
  dtype: "float32" | "float16" | "bfloat16";
  /** Largest difference between the logits of the merged model and of the adapter on its base, on one batch. */
  largest_difference: number;
  /** The same against the base used in training: larger if that base was quantized and the merged one is not. */
  largest_difference_to_training: number;
  /** Largest of those logits. */
  largest_logit: number;
}

const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;
/** Allowed change of logits, as a share of the largest: rounding of the weights' last digits. */
const TOLERANCE: Record<FloatDtype, number> = { F32: 1e-4, F16: 2e-2, BF16: 1e-1 };

const MERGE_OPTIONS = optionsOf<MergeOptions>("merge_and_unload", {
  ...SOURCE_CHECKS,
  output_dir: text,
  dtype: oneOf("float32", "float16", "bfloat16"),
  overwrite_output_dir: bool,
});
/** Arguments of PEFT's merge_and_unload and save_pretrained that are not built. */
const NOT_BUILT = {
  ...SOURCE_NOT_BUILT,
  adapter_names: "an adapter has no name here",
  push_to_hub: "upload the folder yourself",
  max_shard_size: "the weights are one file",
};
const RUN = either(
  { ...text, expected: "a run's folder or id" },
  objectWith("a model from from_pretrained", "name_or_path"),
);

/** A model from AutoModelForCausalLM.from_pretrained: its base is merged with the quantization it has there. */
interface MergeableModel {
  readonly name_or_path: string;
  readonly loaded?: { readonly quantization?: QuantizationSettings | undefined } | undefined;
}

interface MergeInputs {
  adapter: SavedAdapter;
  lora: LoraAdapter;
  /** The base that the adapter is merged into. */
  model: LoadedModel;
  /** The base that it was trained on. */
  trained: LoadedModel;
  /** Types of the base model's weights in its files. */
  dtypes: ReadonlyMap<string, FloatDtype>;
  /** Folder or hub id of the tokenizer. */
  tokenizer: string;
  /** Branch, tag or commit of the base model. */
  revision: string | undefined;
}

/**
 * PEFT's merge_and_unload and save_pretrained in one: writes config.json, model.safetensors, generation_config.json and
 * the tokenizer's files. Takes every kind of adapter that prefine trains; unties embeddings that were trained apart.
 *
 * An adapter trained on a quantized base is merged into the dequantized weights, exactly the numbers it was trained on,
 * and the result keeps the types of the base model's files: PEFT would quantize it again, with a second rounding. With
 * `quantization_config: null` it is merged into the weights of the files, which it was not trained on.
 * @param run folder of a run, a checkpoint or a PEFT adapter, a hub id, or a model loaded from one of them.
 * @throws PrefineError("config") for a run without an adapter, or an output_dir with files in it; "model" when the
 *   merged model differs from the adapter on its base by more than rounding. output_dir is then unchanged.
 */
export async function merge_and_unload(run: string | MergeableModel, options: MergeOptions = {}): Promise<MergedModel> {
  checkValue("merge_and_unload", run, RUN, 'For example: merge_and_unload("dpo").');
  checkOptions("merge_and_unload", options, MERGE_OPTIONS, { notBuilt: NOT_BUILT, noEffect: SOURCE_NO_EFFECT });
  const name = typeof run === "string" ? run : run.name_or_path;
  const output_dir = options.output_dir ?? `${name.replace(/[/\\]+$/, "")}-merged`;
  const ofModel = typeof run === "string" || !run.loaded ? undefined : (run.loaded.quantization ?? null);
  const { quantization_config = ofModel, onWarning = emitWarning } = options;
  const inputs = await readInputs(name, { ...options, quantization_config });
  const output = folderAt(output_dir);
  await refuseOwned(output, { inside: true });
  await checkFolder(output_dir, options.overwrite_output_dir ?? false, [name, inputs.model.directory]);
  if (isUntied(inputs.model, inputs.lora)) {
    onWarning("embedding and unembedding were trained apart: the merged model has tie_word_embeddings: false");
  }
  const expected = await logitsOf(inputs.model, inputs.adapter);
  const inTraining = inputs.trained === inputs.model ? expected : await logitsOf(inputs.trained, inputs.adapter);
  const { weights, dtype } = await mergedTensors(inputs, options.dtype);
  const files: [string, Content][] = [
    ["model.safetensors", safetensorsPieces(weights, { format: "pt" })],
    ...configFiles(inputs, nameOf(dtype)),
    ...(await tokenizerFiles(inputs, options, onWarning)),
  ];
  let merged = expected;
  const check = async ({ path }: RunFolder) => {
    merged = await logitsOf(await loadModel(path), null);
    const compared = compareLogits(expected, merged);
    if (!(compared.difference <= TOLERANCE[dtype] * compared.largest)) throw mergeError(name, compared);
    await refuseOwned(output, { inside: true }); // a training may have started there since
  };
  await output.fill(files, { check, keeps: (names) => names.filter((name) => !isModelFile(name)) });
  const { difference, largest } = compareLogits(expected, merged);
  const { difference: moved } = compareLogits(inTraining, merged);
  warnOfQuantization(inputs, moved, onWarning);
  const compared = { largest_difference: difference, largest_difference_to_training: moved, largest_logit: largest };
  return { output_dir, dtype: nameOf(dtype), ...compared };
}

/** PEFT's warning about merging into quantized weights, with the size of the effect here. */
function warnOfQuantization({ model, trained }: MergeInputs, moved: number, onWarning: (line: string) => void): void {
  const [into, before] = [model, trained].map(({ architecture }) => describeQuantization(architecture));
  if (into !== null) {
    onWarning(
      `merged into the base model dequantized from ${into}, not quantized again: that would round a second time; ` +
        "quantization_config null (--load_in_4bit false) merges into the weights of its files",
    );
  }
  if (trained === model) return;
  onWarning(
    `the adapter was trained on a base model in ${before ?? "the precision of its files"}, and merged into another: ` +
      `logits differ by up to ${moved.toPrecision(2)} from training`,
  );
}

async function readInputs(name: string, options: MergeOptions): Promise<MergeInputs> {
  const source = await findModel(name, options);
  const { base, baseRevision, adapterFiles, tokenizer } = source;
  if (!source.adapter || !adapterFiles) {
    const whole = "Only adapters can be merged; a run that trained all weights is a whole model already.";
    const hint = (await exists(name)) ? whole : await nearbyHint(name, whole);
    throw new PrefineError("config", `${name}: expected a run with an adapter, found none`, hint);
  }
  const own = await loadModel(base, { ...options, revision: baseRevision });
  const adapter = withoutLeftOut(source.adapter, adapterFiles, own, options.onWarning);
  const files = modelUnder(adapter, adapterFiles, own);
  const lora = loraAdapter(files.architecture, adapter.config);
  const quantized = (settings: QuantizationSettings | null) =>
    settings ? quantizedUnder(quantizeModel(files, settings), lora) : files;
  const [model, trained] = [quantized(source.quantization), quantized(source.recorded)];
  const revision = tokenizer === base ? baseRevision : undefined;
  const isSame = describeQuantization(model.architecture) === describeQuantization(trained.architecture);
  const trainedOn = isSame ? model : trained;
  return { adapter, lora, model, trained: trainedOn, dtypes: dtypesOf(own), tokenizer, revision };
}

function dtypesOf({ weights }: LoadedModel): MergeInputs["dtypes"] {
  return new Map([...weights].map(([name, { as }]) => [name, as === "F16" || as === "BF16" ? as : "F32"]));
}

/** @param inputs folders to read from: writing there would replace them. */
async function checkFolder(folder: string, mayReplace: boolean, inputs: readonly string[]): Promise<void> {
  if (inputs.some((input) => nodeStorage.wholePath(input) === nodeStorage.wholePath(folder))) {
    const message = `output_dir ${folder}: expected a folder other than the run's and the base model's`;
    throw new PrefineError("config", message);
  }
  if (mayReplace || (await folderAt(folder).list()).length === 0) return;
  const hint = "Choose another output_dir, or replace it: overwrite_output_dir: true.";
  throw new PrefineError("config", `output_dir ${folder}: expected an empty folder or none, found files there`, hint);
}

/** The merged parameters in the file's types; each is freed in the compute thread once it is read. */
async function mergedTensors({ model, adapter, lora, dtypes }: MergeInputs, requested: MergeOptions["dtype"]) {
  const device = await openDevice();
  try {
    await device.load([...model.weights]);
    await takePrincipal(device, lora);
    await device.put([...adapter.weights].map(([name, { shape, data }]) => [name, { dtype: "float32", shape, data }]));
    const weights = new Map<string, SafetensorsTensor>();
    const sizes: Record<FloatDtype, number> = { F32: 0, F16: 0, BF16: 0 };
    for (const name of await mergeWeights(device, model, lora)) {
      const weight = await findNonFinite(device, [name]);
      if (weight !== undefined) throw damaged(weight);
      const [{ shape, data }] = await device.read([name]);
      await device.free([name]);
      const ofFile = dtypes.get(name) ?? dtypes.get(model.architecture.head) ?? "F32";
      const dtype = requested ? DTYPES[requested] : ofFile;
      sizes[dtype] += data.length;
      weights.set(name, { dtype, shape, data: fromFloat32(data as Float32Array, dtype) });
    }
    for (const [name, { dtype, shape, read }] of model.leftOut ?? []) {
      weights.set(name, { dtype, shape, data: await read() });
    }
    const [[dtype]] = Object.entries(sizes).sort(([, a], [, b]) => b - a) as [FloatDtype, number][];
    return { weights, dtype };
  } finally {
    await device.dispose();
  }
}

function nameOf(dtype: FloatDtype): MergedModel["dtype"] {
  return dtype === "F16" ? "float16" : dtype === "BF16" ? "bfloat16" : "float32";
}

function configFiles({ model, lora }: MergeInputs, dtype: MergedModel["dtype"]): [string, Content][] {
  const { torch_dtype: _, quantization_config: __, ...config } = model.config; // dtype's old name; no longer quantized
  const tied = isUntied(model, lora) ? { tie_word_embeddings: false } : {};
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const files: [string, Content][] = [["config.json", configText({ ...config, ...tied, dtype })]];
  const hasGeneration = Object.keys(model.generationConfig).length > 0;
  return hasGeneration ? [...files, ["generation_config.json", json(model.generationConfig)]] : files;
}

/** A missing tokenizer is a warning: the model is merged anyway. */
async function tokenizerFiles(
  { tokenizer, revision }: MergeInputs,
  options: MergeOptions,
  onWarning: (line: string) => void,
): Promise<[string, Content][]> {
  try {
    const { files } = await AutoTokenizer.from_pretrained(tokenizer, { ...tokenizerOptions(options), revision });
    return [...files].map(([name, bytes]) => [name, [bytes]]);
  } catch (error) {
    if (!(error instanceof PrefineError) || error.code !== "model") throw error;
    onWarning(`the merged model has no tokenizer: ${error.message}`);
    return [];
  }
}

function damaged(weight: string): PrefineError {
  const hint = "The base model's file or the adapter's is damaged, or its training diverged: use another one.";
  return new PrefineError("model", `the merged model's ${weight}`, hint);
}

function mergeError(name: string, { difference, largest }: { difference: number; largest: number }): PrefineError {
  return new PrefineError(
    "model",
    `${folderAt(name).name}: the merged model's logits differ by up to ${difference} from the adapter's on its base ` +
      `(the largest logit is ${largest}): more than rounding`,
    "Try dtype float32.",
  );
}
