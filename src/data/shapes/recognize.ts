/** @file Which shape the rows of a dataset have: by `data_format`, or by their columns and first rows. */

import { DATA_FORMATS, type DataFormat, dataFormatOf } from "../../config/options/dataFormats.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { type RowName, rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import { changedSample, jsonMessages, type Layout, layoutsOf } from "./layouts.ts";
import { renamedFrom, type Sample, type Shape, within } from "./shape.ts";
import { SHAPES } from "./shapes.ts";

export interface Recognized {
  shape: Shape;
  /** Why, for a line: `columns question, chosen, rejected`. */
  why: string;
  /** By `data_format`, not by the rows. */
  isChosen: boolean;
  /** Changes a row into the shape's columns. @throws PrefineError("data") for a row that does not fit. */
  change(row: Row): Row;
}

export function sampleOf(rows: readonly unknown[]): Sample {
  const objects = rows.filter(isObject);
  return { columns: new Set(objects.flatMap((row) => Object.keys(row))), rows: objects };
}

/** The shape of this name. @throws PrefineError("config") */
export function shapeNamed(name: string): Shape {
  const format = dataFormatOf(name);
  if (format !== undefined) return SHAPES[format];
  const nearest = nearestName(name, DATA_FORMATS);
  const hint = nearest ? `Did you mean ${nearest}?` : `The formats are ${DATA_FORMATS.join(", ")}.`;
  throw new PrefineError("config", `data_format: expected the name of a format, found ${JSON.stringify(name)}`, hint);
}

/** All shapes that a sample fits, without those that another one is more specific than. */
function fittingShapes(sample: Sample): { shape: Shape; why: string }[] {
  const fits = Object.values(SHAPES).flatMap((shape) => {
    const why = shape.recognizes?.(sample);
    return why === undefined ? [] : [{ shape, why }];
  });
  const beaten = new Set<DataFormat>(fits.flatMap(({ shape }) => shape.beats ?? []));
  return fits.filter(({ shape }) => !beaten.has(shape.name));
}

/**
 * @param where the split, for messages.
 * @param nameOf names of its rows in messages; those of the sample are its first.
 * @returns trl for rows that no shape fits: its errors say which columns are missing.
 * @throws PrefineError("data") for rows of several shapes.
 */
export function recognize(
  sample: Sample,
  dataFormat: string | null | undefined,
  where: string,
  nameOf: RowName = rowNames(where),
): Recognized {
  const shape = dataFormat ? shapeNamed(dataFormat) : undefined;
  const isAsWritten = shape?.name === "trl" || shape?.name === "passthrough";
  const json = isAsWritten ? undefined : within(where, () => jsonMessages(sample));
  const written = json ? [json] : [];
  if (shape) return recognizedBy(shape, ["data_format says so"], written, true);
  const { fits, layouts } = bestFits(changedSample(sample, written, nameOf), nameOf);
  if (fits.length === 0) return recognizedBy(SHAPES.trl, ["no other format fits"], written, false);
  if (fits.length === 1) return recognizedBy(fits[0].shape, [fits[0].why], [...written, ...layouts], false);
  const lines = fits.map((one) => `${one.shape.name} (${one.why})`);
  const message = `${where}: expected rows of one format, found rows that fit ${lines.join("; ")}`;
  throw new PrefineError("data", message, `Choose one: data_format: ${fits[0].shape.name}.`);
}

/** The shapes that a sample fits, as it is or in a layout. Two texts without a prompt alone say little. */
function bestFits(sample: Sample, nameOf: RowName): { fits: ReturnType<typeof fittingShapes>; layouts: Layout[] } {
  const fits = fittingShapes(sample);
  const isImplicit = !sample.columns.has("prompt") && fits.every(({ shape }) => shape.name === "trl");
  const isWeak = fits.length === 0 || isImplicit;
  const layouts = isWeak ? layoutsOf(sample, nameOf) : [];
  const others = layouts.length === 0 ? [] : fittingShapes(changedSample(sample, layouts, nameOf));
  return others.length === 0 ? { fits, layouts: [] } : { fits: others, layouts };
}

const unchanged = (row: Row) => row;

function recognizedBy(shape: Shape, why: string[], layouts: readonly Layout[], isChosen: boolean): Recognized {
  const notes = layouts.map(({ note }) => note);
  const changeAll = (row: Row) => layouts.reduce((made, layout) => layout.change(made), row);
  const change = layouts.length === 0 ? unchanged : changeAll;
  return { shape, why: [...why, ...notes].join("; "), isChosen, change };
}

/** Equal for rows that can be joined and read as one format. */
export const formatKey = ({ shape, change, why }: Recognized): string =>
  change === unchanged ? shape.name : `${shape.name}: ${why}`;

/** Whether the rows are TRL's as they are, in its columns. */
export const isPlainTrl = ({ shape, change }: Recognized): boolean => shape.name === "trl" && change === unchanged;

/** The rows with the columns of `map` under their new names; a column of that name before gives way. */
export function renamedRow(row: Row, map: Readonly<Record<string, string>>): Row {
  const taken = new Set([...Object.keys(map), ...Object.values(map)]);
  const named = Object.entries(map).filter(([, from]) => Object.hasOwn(row, from));
  const others = Object.keys(row).filter((name) => !taken.has(name));
  return renamedFrom(row, [...named, ...others.map((name) => [name, name] as const)]);
}

/** @throws PrefineError("data") for a column of `map` that no row has. */
export function checkMap(map: Readonly<Record<string, string>>, { columns, rows }: Sample, where: string): void {
  if (rows.length === 0) return;
  for (const [to, from] of Object.entries(map)) {
    if (columns.has(from)) continue;
    const nearest = nearestName(from, columns);
    const message = `${where}: map: expected a column for ${to}, found no column ${JSON.stringify(from)}`;
    const hint = nearest ? `Did you mean ${nearest}?` : `The columns are ${[...columns].join(", ") || "none"}.`;
    throw new PrefineError("data", message, hint);
  }
}
