/** @file The public function `doctor`: a dataset, or rows in memory, and what is wrong with them. */
import {
  abortSignal,
  anyFunction,
  checkOptions,
  checkValue,
  integerFrom,
  nullable,
  type OptionChecks,
  objectWith,
  oneOf,
  oneOrMoreTexts,
  text,
} from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { TruncationMode } from "../preferences/packPair.ts";
import type { ShapeOptions } from "../shapes/shape.ts";
import { checkShapeOptions, SHAPE_CHECKS, shapeOptionsOf } from "../shapes/shapeOptions.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type DoctorReport, type DoctorRows, examine } from "./doctor.ts";

export interface DoctorOptions extends ShapeOptions {
  /**
   * Tokenizer of the model to train.
   *
   * Default: none, and checks of tokens are skipped, by name. Prefine's own.
   */
  tokenizer?: Tokenizer | undefined;
  /**
   * Longest sequence (prompt + answer) in tokens; null: no limit.
   *
   * Default: `1024`, as in TRL. Prefine's own.
   */
  max_length?: number | null | undefined;
  /**
   * Side that stays of longer sequences.
   *
   * Default: `"keep_start"`, as in TRL. Prefine's own.
   */
  truncation_mode?: TruncationMode | undefined;
  /**
   * Split that is trained on.
   *
   * Default: train_prefs, train, or the first. Prefine's own.
   */
  split?: string | undefined;
  /**
   * Splits that are evaluated on.
   *
   * Default: the first of test_prefs, test, validation, valid, val, dev and eval that is there. Prefine's own.
   */
  eval_split?: string | string[] | undefined;
  /**
   * Called every 25 ms or so with a split's name and its number of rows done.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onProgress?: ((split: string, rows: number) => void) | undefined;
  /**
   * Ends the examination.
   *
   * Default: never. Prefine's own.
   */
  signal?: AbortSignal | undefined;
}

const OPTIONS: OptionChecks<DoctorOptions> = {
  ...SHAPE_CHECKS,
  tokenizer: objectWith("a tokenizer, from AutoTokenizer.from_pretrained", "encode", "decode"),
  max_length: nullable(integerFrom(1)),
  truncation_mode: oneOf("keep_start", "keep_end"),
  split: text,
  eval_split: oneOrMoreTexts,
  onProgress: anyFunction,
  signal: abortSignal,
};

/** A Dataset, a DatasetDict, rows in memory, or rows by the name of their split. */
export type DoctorInput =
  | DoctorRows
  | Iterable<Row>
  | { readonly splitNames: readonly string[]; split(name: string): DoctorRows }
  | Readonly<Record<string, Iterable<Row>>>;

/** Usual names of splits, likeliest first. */
const TRAIN = ["train_prefs", "train"];
const EVALUATION = ["test_prefs", "test", "validation", "valid", "val", "dev", "eval"];

/** The split to train on, then those to evaluate on. @throws PrefineError("data") for an unknown one. */
export function chooseSplits(
  names: readonly string[],
  { split, eval_split }: Pick<DoctorOptions, "split" | "eval_split">,
): [train: string, ...evaluation: string[]] {
  const train = split ?? TRAIN.find((name) => names.includes(name)) ?? names[0];
  const usual = EVALUATION.filter((name) => names.includes(name) && name !== train).slice(0, 1);
  const evaluation = eval_split === undefined ? usual : [eval_split].flat();
  const unknown = [train, ...evaluation].find((name) => !names.includes(name));
  if (unknown === undefined && names.length > 0) return [train, ...evaluation];
  const found = `${counted(names.length, "split")}: ${names.join(", ")}`;
  throw new PrefineError("data", `doctor: expected a split ${unknown ?? "to train on"}, found ${found}`);
}

const isNamed = (input: object): input is DoctorRows => "rows" in input && typeof input.rows === "function";
const isIterable = (input: object): input is Iterable<Row> => Symbol.iterator in input;
/** Rows that can be iterated once are listed: they are read more than once. */
function inMemory(name: string, rows: Iterable<Row>): DoctorRows {
  const all = Array.isArray(rows) ? rows : [...rows];
  return { name, rows: () => all };
}

function splitsOf(input: DoctorInput): Map<string, DoctorRows> {
  if (isNamed(input)) return new Map([[input.name, input]]);
  if (isIterable(input)) return new Map([["train", inMemory("train", input)]]);
  if ("splitNames" in input && Array.isArray(input.splitNames)) {
    const { splitNames: names } = input;
    return new Map(names.map((name) => [name, (input as { split(name: string): DoctorRows }).split(name)]));
  }
  return new Map(
    Object.entries(input as Record<string, Iterable<Row>>).map(([name, rows]) => [name, inMemory(name, rows)]),
  );
}

/**
 * Examines preference data, of any format that a training reads: answers that are empty or equal, duplicates,
 * contradictions, leakage, markers, damaged texts, biases. Texts are not kept; time and memory are linear in the rows.
 * @param dataset a Dataset, its splits, a list of rows, or lists by the name of their split.
 * @returns the findings, severe ones first, with the numbers of their rows and what to do.
 * @throws PrefineError("config") for unknown options, ("data") for a split that is not there or a format that can't be
 *   told, ("interrupted") by `signal`.
 */
export async function doctor(dataset: DoctorInput, options: DoctorOptions = {}): Promise<DoctorReport> {
  checkValue("doctor", dataset, { expected: "a dataset or a list of rows", accepts: isObject });
  checkOptions<DoctorOptions>("doctor", options, OPTIONS);
  const { split, eval_split, max_length = 1024, truncation_mode, tokenizer, onProgress, signal } = options;
  const to_preferences = shapeOptionsOf({ ...options });
  checkShapeOptions("doctor", to_preferences);
  const splits = splitsOf(dataset);
  const [train, ...evaluation] = chooseSplits([...splits.keys()], { split, eval_split });
  return examine({
    train: splits.get(train) as DoctorRows,
    evaluation: evaluation.map((name) => splits.get(name) as DoctorRows),
    max_length,
    ...(truncation_mode && { truncation_mode }),
    ...{ tokenizer, onProgress, signal, to_preferences },
  });
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;
