/** @file AutoModelForCausalLM: loads a model from the hub, a folder or a run, for training and generation. */
import { checkOptions, checkValue, text } from "../arguments.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { AutoTokenizer } from "../data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { throwIfStopped } from "../errors.ts";
import { CausalLM } from "../generation/causalLM.ts";
import { emitWarning } from "../host.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { alreadyQuantized, quantizeModel } from "../models/precision/quantize.ts";
import { modelUnder, withoutLeftOut } from "./checkAdapter.ts";
import { loadModel } from "./loadModel.ts";
import {
  findModel,
  type ModelSourceOptions,
  noEffectLine,
  SOURCE_CHECKS,
  SOURCE_NO_EFFECT,
  SOURCE_NOT_BUILT,
  tokenizerOptions,
} from "./modelSource.ts";
import { openDecoder } from "./openDecoder.ts";
import "./tokenizerThreads.ts"; // enables threads for slow texts

const PLACE = { ...text, expected: "a hub id or a folder" };

/** A model that has been found: what a CausalLM is made of, but for its decoder. */
export interface LocatedModel {
  /** Folder or hub id of the (base) model. */
  base: string;
  loaded: LoadedModel;
  /** `loaded` as it is without the adapter, which may replace some of its weights. */
  baseModel: LoadedModel;
  adapter: SavedAdapter | undefined;
  loadTokenizer: () => Promise<Tokenizer>;
}

/** Reads configs and the places of weights, which stay on disk. */
export async function locateModel(idOrPath: string, options: ModelSourceOptions = {}): Promise<LocatedModel> {
  const source = await findModel(idOrPath, options);
  throwIfStopped(options.signal, `while loading ${idOrPath}`);
  const model = await loadModel(source.base, { ...options, revision: source.baseRevision });
  throwIfStopped(options.signal, `while loading ${idOrPath}`);
  if (options.quantization_config && model.quantization) options.onWarning?.(alreadyQuantized(model, source.base));
  const base = source.quantization ? quantizeModel(model, source.quantization) : model;
  const { adapterFiles } = source;
  const adapter =
    source.adapter && adapterFiles && withoutLeftOut(source.adapter, adapterFiles, base, options.onWarning);
  const loaded = adapter && adapterFiles ? modelUnder(adapter, adapterFiles, base) : base;
  const inBase = source.tokenizer === source.base ? { gguf_file: options.gguf_file } : {};
  const revision = source.tokenizer === source.base ? source.baseRevision : undefined;
  const loadTokenizer = () =>
    AutoTokenizer.from_pretrained(source.tokenizer, { ...tokenizerOptions(options), ...inBase, revision });
  return { base: source.base, loaded, baseModel: base, adapter, loadTokenizer };
}

/**
 * Loads a model by hub id, folder, or the folder of a run or checkpoint (adapter_config.json names an adapter's base
 * model, training_args.json its quantization). Weights stay on disk until they are needed.
 */
async function fromPretrained(idOrPath: string, options: ModelSourceOptions = {}): Promise<CausalLM> {
  checkValue("AutoModelForCausalLM.from_pretrained", idOrPath, PLACE, 'For example: from_pretrained("gpt2").');
  checkOptions("AutoModelForCausalLM.from_pretrained", options, SOURCE_CHECKS, {
    notBuilt: SOURCE_NOT_BUILT,
    noEffect: SOURCE_NO_EFFECT,
  });
  const line = noEffectLine("from_pretrained", options);
  if (line !== undefined) (options.onWarning ?? emitWarning)(line);
  const { loaded, adapter, loadTokenizer } = await locateModel(idOrPath, options);
  return new CausalLM({
    nameOrPath: idOrPath,
    loaded,
    adapter,
    loadTokenizer,
    openDecoder: () => openDecoder(loaded, { adapter, isExact: options.exact ?? false }),
  });
}

/** transformers' AutoModelForCausalLM. */
export const AutoModelForCausalLM = { from_pretrained: fromPretrained };
