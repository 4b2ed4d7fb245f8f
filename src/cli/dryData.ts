/** @file The part of --dry-run that reads the model's config, its tokenizer, and the data's first rows. */

import { lossTraits } from "../config/options/lossTypes.ts";
import type { RunConfig } from "../config/run.ts";
import { Dataset } from "../data/datasets/dataset.ts";
import type { Row } from "../data/datasets/features.ts";
import { IterableDataset } from "../data/datasets/iterableDataset.ts";
import { shapeOptionsOf } from "../data/shapes/shapeOptions.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { nodeStorage } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";
import { largest, pushAll } from "../lists.ts";
import { counted, grouped } from "../phrases.ts";
import { checkModelConfig, refuseAdapter } from "../pretrained/modelConfig.ts";
import type { Logger } from "../terminal/logging.ts";
import { loadSplits, loadTokenizer, rowsOfRecipe, streamSplits } from "../train.ts";
import { checkStreaming } from "../training/checkOptions.ts";
import { checkFreshOutput } from "../training/prepare/outputFolder.ts";
import { tokenizeRows } from "../training/prepare/rows.ts";
import type { RunObserver } from "../training/run.ts";

/** Rows of each split that are read as pairs. */
const FIRST = 64;

interface Line {
  outcome: "read" | "changed" | "wrong";
  key: string;
  note: string;
}

/** A line per part of the run that is read before its weights; those that can't be are `wrong`. */
export async function checkData(run: RunConfig): Promise<Line[]> {
  const lines: Line[] = [];
  const logger = linesOnly((note) => lines.push({ outcome: "changed", key: "note", note }));
  const attempt = async <T>(key: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PrefineError) || error.code === "interrupted") throw error;
      lines.push({ outcome: "wrong", key, note: [error.message, error.hint ?? ""].join("\n").trim() });
      return undefined;
    }
  };
  await attempt("output_dir", () => checkFreshOutput(run.args, nodeStorage));
  const model = await attempt("model", () => modelOf(run));
  pushAll(lines, model?.lines ?? []);
  const max_length = Math.min(run.args.max_length ?? Number.POSITIVE_INFINITY, model?.maxPositions ?? 1e9);
  const place = run.model.adapter_name_or_path ?? "";
  const tokenizer = await attempt("tokenizer", () => loadTokenizer(run, place, { logger }));
  if (run.script.dataset_streaming) await attempt("streaming", async () => checkStreaming(run.args));
  const load = run.script.dataset_streaming ? firstOfStreams : loadSplits;
  const splits = await attempt("data", () => load(run, logger, { first: FIRST }));
  if (!splits) return lines;
  const { train_dataset, eval_dataset } = splits;
  const evals = eval_dataset instanceof Dataset ? { evaluation: eval_dataset } : (eval_dataset ?? {});
  for (const [key, rows] of [["training", train_dataset] as const, ...Object.entries(evals)])
    pushAll(lines, (await attempt(key, () => rowLines(key, rows, { run, tokenizer, max_length }))) ?? []);
  return lines;
}

/** The first rows of each stream. */
async function firstOfStreams(run: RunConfig, logger: Logger, { first }: { first: number }) {
  const { train_dataset, eval_dataset } = await streamSplits(run, logger);
  const some = async (stream: IterableDataset) => {
    const rows: Row[] = [];
    for await (const row of stream.take(first)) rows.push(row);
    return Dataset.from_list(rows, stream.name);
  };
  const evals = eval_dataset instanceof IterableDataset ? { evaluation: eval_dataset } : (eval_dataset ?? {});
  const bySplit: Record<string, Dataset> = {};
  for (const [name, stream] of Object.entries(evals)) bySplit[name] = await some(stream);
  return { train_dataset: await some(train_dataset), eval_dataset: eval_dataset && bySplit };
}

interface ModelCheck {
  lines: Line[];
  /** Undefined where the config is not read. */
  maxPositions?: number;
}

async function modelOf({ model, script, peft_config, args }: RunConfig): Promise<ModelCheck> {
  const place = model.model_name_or_path ?? model.adapter_name_or_path ?? "";
  const revision = model.model_revision === "main" ? undefined : model.model_revision;
  const access = { token: script.token || undefined, revision };
  if (peft_config) await refuseAdapter(place, access);
  const config = await checkModelConfig(place, access);
  if (config === undefined)
    return { lines: [{ outcome: "read", key: "model", note: `${place}, an adapter or a GGUF file` }] };
  const { type, maxPositions } = config;
  const line: Line = { outcome: "read", key: "model", note: `${place}, ${type}; no weights were read` };
  const { max_length } = args;
  if (max_length !== null && max_length <= maxPositions) return { lines: [line], maxPositions };
  const from = max_length === null ? "no limit" : grouped(max_length);
  const note = `lowered from ${from} to the ${counted(maxPositions, "position")} of the model`;
  return { lines: [line, { outcome: "changed", key: "max_length", note }], maxPositions };
}

/** The first rows of a split as pairs of ids, with the findings that a run would warn of. */
async function rowLines(
  key: string,
  rows: Dataset,
  { run, tokenizer, max_length }: { run: RunConfig; tokenizer: Tokenizer | undefined; max_length: number },
): Promise<Line[]> {
  const columns = rows.column_names.join(", ");
  if (!tokenizer) return [{ outcome: "read", key, note: `columns ${columns}` }];
  const { truncation_mode, max_prompt_length, drop_degenerate, loss_type } = run.args;
  const lines: Line[] = [];
  const warn = (note: string) => void lines.push({ outcome: "changed", key, note });
  const { store, cut, reading } = await tokenizeRows(rowsOfRecipe(run, tokenizer)(rows), tokenizer, {
    ...{ max_length, truncation_mode, max_prompt_length, drop_degenerate },
    winRates: loss_type.some((type) => lossTraits(type).winRates),
    to_preferences: shapeOptionsOf(run.script),
    split: rows.name,
    observer: linesOnly(warn),
  });
  const pairs = await store.tokens(Array.from({ length: store.length }, (_, index) => index));
  const longest = largest(pairs.map((pair) => lengthOf(pair)));
  const size = `${grouped(longest)} tokens${cut ? `, ${cut} of them cut` : ""}`;
  const note = `the first ${counted(pairs.length, "pair")} of at most ${size}; ${reading}`;
  return [{ outcome: "read", key, note }, ...lines];
}

const lengthOf = ({
  prompt_ids,
  chosen_ids,
  rejected_ids,
}: Record<"prompt_ids" | "chosen_ids" | "rejected_ids", number[]>) =>
  prompt_ids.length + Math.max(chosen_ids.length, rejected_ids.length);

/** A logger that keeps lines of information and warnings. */
function linesOnly(keep: (line: string) => void): Logger & RunObserver {
  const nothing = () => {};
  return {
    ...{ info: keep, warn: keep, start: nothing, step: nothing, status: nothing },
    ...{ metrics: nothing, end: nothing, close: nothing },
  };
}
