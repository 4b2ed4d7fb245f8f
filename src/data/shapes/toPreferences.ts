/** @file Datasets of any shape -> datasets of TRL's rows. */

import { anyFunction, checkOptions, checkValue, type OptionChecks, objectWith } from "../../arguments.ts";
import { turnTaker } from "../../host.ts";
import { rowNames } from "../../phrases.ts";
import { Dataset } from "../datasets/dataset.ts";
import type { Row } from "../datasets/features.ts";
import { placesOf } from "../datasets/places.ts";
import { contentInMemory, withPlaces } from "../datasets/storedRows.ts";
import { readingLine } from "./readingLine.ts";
import { openPairs } from "./readPairs.ts";
import { formatKey, isPlainTrl } from "./recognize.ts";
import type { ShapeOptions } from "./shape.ts";
import { checkShapeOptions, choosesShape, SHAPE_CHECKS, shapeOptionsOf } from "./shapeOptions.ts";
import { trlRow } from "./trl.ts";

export interface ToPreferencesOptions extends ShapeOptions {
  /**
   * Receives a line that says which format the rows have, and one per kind of rows that were skipped.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onLine?: ((line: string) => void) | undefined;
}

const CHECKS: OptionChecks<ToPreferencesOptions> = { ...SHAPE_CHECKS, onLine: anyFunction };
const DATASET = objectWith("a Dataset, such as (await loadDataset(name)).train", "rows", "num_rows", "name");

/**
 * The rows as TRL has them: prompt, chosen, rejected, and the columns that are no part of these. The result is in
 * memory, unless the rows are TRL's already: then it is the same dataset.
 * @throws PrefineError("data") for rows that fit several formats or none, for a row that does not fit, for an empty
 *   prompt next to a text that nothing uses.
 */
export async function toPreferences(dataset: Dataset, options: ToPreferencesOptions = {}): Promise<Dataset> {
  checkValue("toPreferences", dataset, DATASET, "Load it first, and pass one split.");
  checkOptions<ToPreferencesOptions>("toPreferences", options, CHECKS);
  const { onLine, ...shape } = options;
  checkShapeOptions("toPreferences", shape);
  const stream = await openPairs(dataset.rows(), {
    ...shape,
    split: dataset.name,
    nameOf: rowNames(dataset.name, dataset),
  });
  onLine?.(readingLine(stream, shape));
  const isSame = isPlainTrl(stream) && !shape.map;
  const rows: Row[] = [];
  const numbers: number[] = [];
  const turn = turnTaker();
  for await (const pair of stream.pairs()) {
    if (!isSame) numbers[rows.push(trlRow(pair)) - 1] = pair.index;
    await turn();
  }
  for (const line of stream.lines()) onLine?.(line);
  if (isSame) return dataset;
  return new Dataset(withPlaces(contentInMemory(rows, dataset.name), placesOf(dataset.places(), numbers)));
}

/**
 * Reads the datasets of a mixture into TRL's rows where their formats differ: joined as they are, their columns would
 * be null in rows of the others.
 */
export function alikeWith(onLine: (line: string) => void) {
  return async (datasets: readonly Dataset[]): Promise<Dataset[]> => {
    const formats = new Set<string>();
    for (const dataset of datasets)
      if (dataset.num_rows > 0) formats.add(formatKey(await openPairs(dataset.rows(), { split: dataset.name })));
    if (formats.size < 2) return [...datasets];
    const read = (dataset: Dataset) => toPreferences(dataset, { onLine: (line) => onLine(`${dataset.name}: ${line}`) });
    const made: Dataset[] = [];
    for (const dataset of datasets) made.push(await read(dataset));
    return made;
  };
}

/** Reads the datasets of a mixture whose entries say how; the others are recognized when they are mixed. */
export function convertWith(onLine: (line: string) => void) {
  return async (dataset: Dataset, entry: object): Promise<Dataset> => {
    const options = shapeOptionsOf(entry);
    if (!choosesShape(options)) return dataset;
    return toPreferences(dataset, { ...options, onLine: (line) => onLine(`${dataset.name}: ${line}`) });
  };
}
