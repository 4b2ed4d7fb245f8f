/**
 * @file Rows of an embedding or of the unembedding that are trained individually: PEFT's trainable_token_indices. They
 * replace the base's rows. K tokens, C channels.
 */
import { PrefineError } from "../../errors.ts";
import { HEAD_MODULE } from "../network.ts";
import { embeddingNames, type ModelModules } from "./loraTargets.ts";

/** Tokens of the word embedding, or of modules by name. */
export type TrainableTokens = readonly number[] | Readonly<Record<string, readonly number[]>> | null;

export interface TokenRows {
  /** PEFT's file key. */
  name: string;
  shape: [tokens: number, channels: number];
  ids: readonly number[];
  /** The parameter whose rows they start from. */
  from: string;
  /** Names that the network reads: the embedding's, the head's, or both if they are tied. */
  places: readonly string[];
}

const HEAD = `${HEAD_MODULE}.weight`;
const WHERE = "trainable_token_indices";

/**
 * A tied head uses its embedding's tokens unless it has its own: then both are trained separately.
 * @param taken modules with an adapter, and parameters trained in full.
 * @throws PrefineError("config") for names that are no embedding, or tokens out of range or trained already.
 */
export function tokenRows(
  model: ModelModules,
  tokens: TrainableTokens | undefined,
  taken: ReadonlySet<string>,
): TokenRows[] {
  const [words] = embeddingNames(model);
  const byName = Array.isArray(tokens) ? { [words]: tokens } : ((tokens ?? {}) as Record<string, readonly number[]>);
  const modules = [...embeddingNames(model), HEAD_MODULE];
  const byModule = new Map<string, readonly number[]>();
  for (const [name, ids] of Object.entries(byName)) {
    const matching = modules.filter((module) => module.endsWith(name));
    if (matching.length === 0 || name === "") throw noEmbedding(name, modules);
    for (const module of matching) byModule.set(module, ids);
  }
  const isTied = model.head === `${words}.weight`;
  const own = byModule.get(HEAD_MODULE);
  const goesWith = isTied && byModule.has(words) && (!own || own.join() === byModule.get(words)?.join());
  if (goesWith) byModule.delete(HEAD_MODULE);
  return [...byModule]
    .filter(([, ids]) => ids.length > 0)
    .map(([module, ids]) => {
      const isHead = module === HEAD_MODULE;
      const from = isHead ? model.head : `${module}.weight`;
      const places = isHead ? [HEAD] : [`${module}.weight`, ...(goesWith && module === words ? [HEAD] : [])];
      const [rows, channels] = model.parameters.get(from) as readonly number[];
      checkIds(ids, module, rows);
      const other = [module, ...places].find((name) => taken.has(name));
      if (other) throw trainedAlready(module, other);
      const name = `base_model.model.${module}.token_adapter.trainable_tokens_delta`;
      return { name, shape: [ids.length, channels], ids, from, places };
    });
}

function checkIds(ids: readonly number[], module: string, rows: number): void {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= rows);
  if (wrong !== undefined) {
    const message = `${WHERE}: expected tokens from 0 to ${rows - 1} of ${module}, found ${wrong}`;
    throw new PrefineError("config", message);
  }
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice === undefined) return;
  throw new PrefineError("config", `${WHERE}: expected each token once, found ${twice} twice for ${module}`);
}

function noEmbedding(name: string, modules: readonly string[]): PrefineError {
  const message = `${WHERE}: expected an embedding, found ${JSON.stringify(name)}`;
  return new PrefineError("config", message, `This model has ${modules.join(", ")}.`);
}

function trainedAlready(module: string, other: string): PrefineError {
  const message = `${WHERE}: ${module}: expected only one way to train it, found ${other} trained too`;
  return new PrefineError("config", message, "Remove it from target_modules and modules_to_save, or its tokens here.");
}
