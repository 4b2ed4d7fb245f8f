/** @file Which shape the rows of a dataset have: by `data_format`, or by their columns and first rows. */
import { DATA_FORMATS, type DataFormat, dataFormatOf } from "../../config/options/dataFormats.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { renamedFrom, type Sample, type Shape } from "./shape.ts";
import { SHAPES } from "./shapes.ts";

export interface Recognized {
  shape: Shape;
  /** Why, for a line: `columns question, chosen, rejected`. */
  why: string;
  /** By `data_format`, not by the rows. */
  isChosen: boolean;
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
 * @returns trl for rows that no shape fits: its errors say which columns are missing.
 * @throws PrefineError("data") for rows of several shapes.
 */
export function recognize(sample: Sample, dataFormat: string | null | undefined, where: string): Recognized {
  if (dataFormat) return { shape: shapeNamed(dataFormat), why: "data_format says so", isChosen: true };
  const fits = fittingShapes(sample);
  if (fits.length === 0) return { shape: SHAPES.trl, why: "no other format fits", isChosen: false };
  if (fits.length === 1) return { ...fits[0], isChosen: false };
  const lines = fits.map(({ shape, why }) => `${shape.name} (${why})`);
  const message = `${where}: expected rows of one format, found rows that fit ${lines.join("; ")}`;
  throw new PrefineError("data", message, `Choose one: data_format: ${fits[0].shape.name}.`);
}

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
