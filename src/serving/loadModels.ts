/** @file Loads the models of a server: a base model and its adapters share weights, batches and memory. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isCheckpointName } from "../checkpoints/checkpointNames.ts";
import type { BitsAndBytesConfigInput } from "../config/BitsAndBytesConfig.ts";
import { AutoTokenizer } from "../data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { availableMemory } from "../device/memory.ts";
import { PrefineError, throwIfStopped } from "../errors.ts";
import type { ForkingDecoder } from "../generation/decoder.ts";
import { settingsOf } from "../generation/modelSettings.ts";
import type { Architecture } from "../models/network.ts";
import { counted } from "../phrases.ts";
import { type LocatedModel, locateModel } from "../pretrained/autoModel.ts";
import { openDecoders } from "../pretrained/openDecoder.ts";
import { Scheduler } from "./batching/scheduler.ts";
import { Turns } from "./batching/turns.ts";
import type { ServedModel } from "./servedModel.ts";

export interface ModelToServe {
  /**
   * Hub id, folder, run or checkpoint.
   *
   * Required. Prefine's own.
   */
  model: string;
  /**
   * The `model` of requests.
   *
   * Default: the hub id, or the folder's name. Prefine's own.
   */
  name?: string | undefined;
  /**
   * Branch, tag or commit of a hub model.
   *
   * Default: `"main"`. Same as transformers.
   */
  revision?: string | undefined;
  /**
   * An adapter's base model, instead of the one in its adapter_config.json.
   *
   * Default: base_model_name_or_path of adapter_config.json. Prefine's own.
   */
  base?: string | undefined;
  /**
   * Quantizes the (base) model's linear layers to 8 or 4 bits.
   *
   * Default: a run's base model as in its training, any other model as in the files. Same as transformers.
   */
  quantization_config?: BitsAndBytesConfigInput | null | undefined;
}

export interface LoadOptions {
  /** Without products of integers. */
  exact?: boolean | undefined;
  /** For the hub. */
  token?: string | false | undefined;
  signal?: AbortSignal | undefined;
  onWarning?: ((line: string) => void) | undefined;
}

/** A model with a name, before its weights are read. */
interface NamedModel extends Omit<LocatedModel, "base" | "baseModel" | "loadTokenizer"> {
  name: string;
  parent: string | null;
  tokenizer: Tokenizer;
}

/** Answers of a base model at once. */
const MOST_ROWS = 16;
/** Share of the free memory, after the weights, for caches of keys and values. */
const SHARE_FOR_CACHES = 0.5;
/** Share of that for conversations that may go on. */
const SHARE_KEPT = 0.25;
const MOST_KEPT = 65_536;
/** A shorter context answers nothing. */
const SHORTEST_CONTEXT = 64;

export interface LoadedModels {
  models: ReadonlyMap<string, ServedModel>;
  dispose(): Promise<void>;
}

/**
 * @returns the models by name: those given, and the base models of adapters, which cost nothing more.
 * @throws PrefineError if one can't be loaded, or memory is too small for all
 */
export async function loadModels(given: readonly ModelToServe[], options: LoadOptions): Promise<LoadedModels> {
  const groups = await locateGroups(given, options);
  const opened: ForkingDecoder[] = [];
  const dispose = async () => {
    for (const decoder of opened) await decoder.dispose();
  };
  try {
    const loaded: { named: NamedModel[]; decoders: ForkingDecoder[] }[] = [];
    for (const named of groups) {
      throwIfStopped(options.signal, "while loading");
      const decoders = await openDecoders(named, { isExact: options.exact ?? false });
      opened.push(decoders[0]);
      loaded.push({ named, decoders });
      if (decoders[0].notice) options.onWarning?.(decoders[0].notice);
    }
    const turns = new Turns();
    const bytes = (SHARE_FOR_CACHES * availableMemory()) / loaded.length;
    const models = loaded.flatMap(({ named, decoders }) => serveGroup(named, decoders, { turns, bytes }));
    return { models: new Map(models.map((model) => [model.name, model])), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The models in groups of one base model each. */
async function locateGroups(given: readonly ModelToServe[], options: LoadOptions): Promise<NamedModel[][]> {
  const groups = new Map<string, NamedModel[]>();
  const bases: { named: NamedModel; located: LocatedModel; key: string }[] = [];
  const add = (key: string, model: NamedModel) => groups.set(key, [...(groups.get(key) ?? []), model]);
  for (const one of given) {
    const { model, name, ...access } = one;
    const located = await locateModel(model, { ...access, ...options });
    const { loaded, adapter, base } = located;
    const key = loaded.configFile;
    const tokenizer = await located.loadTokenizer();
    const parent = adapter ? await nameOf(base) : null;
    const named = { name: name ?? (await nameOf(model)), parent, loaded, adapter, tokenizer };
    add(key, named);
    if (adapter) bases.push({ named, located, key });
    else if (one.base) options.onWarning?.(`${named.name}: base has no effect: it is a whole model`);
  }
  refuseSameNames([...groups.values()].flat());
  for (const { named, located, key } of bases) {
    const bits = JSON.stringify(located.baseModel.quantization);
    const isBase = ({ adapter, loaded }: NamedModel) => !adapter && JSON.stringify(loaded.quantization) === bits;
    const served = groups.get(key)?.find(isBase);
    const name = served?.name ?? (await nameOf(located.base));
    const isTaken = !served && [...groups.values()].flat().some((model) => model.name === name);
    named.parent = isTaken ? located.base : name;
    if (isTaken) options.onWarning?.(`${named.name}: its base model is not served: ${name} is another model here`);
    if (served || isTaken) continue;
    const tokenizer = await AutoTokenizer.from_pretrained(located.base).catch(() => located.loadTokenizer());
    add(key, { name, parent: null, loaded: located.baseModel, adapter: undefined, tokenizer });
  }
  return [...groups.values()];
}

/** `gpt2`, `org/name`; the name of a folder; that of a run and its checkpoint. */
async function nameOf(place: string): Promise<string> {
  if (!(await stat(place).then(Boolean, () => false))) return place;
  const path = resolve(place);
  return isCheckpointName(basename(path)) ? join(basename(dirname(path)), basename(path)) : basename(path);
}

function refuseSameNames(models: readonly NamedModel[]): void {
  const names = models.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new PrefineError("config", `two models are named ${twice}`, "Name one of them: NAME=FOLDER.");
}

/** Bytes of the keys and values of a token. */
const tokenBytes = ({ layers, kvHeads, headSize }: Architecture) => 2 * layers * kvHeads * headSize * 4;

interface Sharing {
  turns: Turns;
  /** For caches. */
  bytes: number;
}

function serveGroup(named: readonly NamedModel[], decoders: readonly ForkingDecoder[], { turns, bytes }: Sharing) {
  const { architecture } = named[0].loaded;
  const perToken = tokenBytes(architecture);
  // a step has the old caches and the new ones
  const mostTokens = Math.floor(((1 - SHARE_KEPT) * bytes) / (2 * perToken));
  const mostKept = Math.min(MOST_KEPT, Math.floor((SHARE_KEPT * bytes) / perToken));
  if (mostTokens < SHORTEST_CONTEXT) {
    const message = `${named[0].name}: memory has room for the keys and values of ${counted(mostTokens, "token")} only`;
    throw new PrefineError("training", message, "Serve fewer or smaller models, or free memory.");
  }
  const { cacheLimit } = architecture;
  const scheduler = new Scheduler({ decoders, cacheLimit, turns, mostRows: MOST_ROWS, mostTokens, mostKept });
  const created = Math.floor(Date.now() / 1000);
  return named.map(({ name, parent, loaded, tokenizer }, variant): ServedModel => {
    const { vocabSize, maxPositions } = loaded.architecture;
    const contextLength = Math.min(maxPositions, mostTokens);
    const settings = settingsOf(loaded);
    return { name, parent, tokenizer, settings, vocabSize, contextLength, scheduler, variant, created };
  });
}
