/** @file Checks the options of toPreferences, also where others pass them on. */
import {
  checkOptions,
  nullable,
  numberFrom0,
  type OptionChecks,
  oneOf,
  options,
  optionsOf,
  text,
  type ValueCheck,
} from "../../arguments.ts";
import { PAIRINGS, TIES } from "../../config/options/dataFormats.ts";
import { isObject } from "../../formats/parseJson.ts";
import { shapeNamed } from "./recognize.ts";
import type { ShapeOptions } from "./shape.ts";

const columns: ValueCheck = {
  expected: 'columns by name, such as { prompt: "question" }',
  accepts: (value) => isObject(value) && Object.values(value).every((column) => typeof column === "string"),
};

export const SHAPE_CHECKS: OptionChecks<ShapeOptions> = optionsOf<ShapeOptions>("toPreferences", {
  data_format: nullable(text),
  map: nullable(columns),
  data_format_options: nullable(options),
  pairing: nullable(oneOf(...PAIRINGS)),
  pairing_margin: nullable(numberFrom0),
  ties: nullable(oneOf(...TIES)),
});

/** @throws PrefineError("config") with all unknown options and values of a wrong kind; for an unknown format. */
export function checkShapeOptions(where: string, given: unknown): void {
  checkOptions<ShapeOptions>(where, given, SHAPE_CHECKS);
  const { data_format } = (given ?? {}) as ShapeOptions;
  if (data_format) shapeNamed(data_format);
}

const NAMES = Object.keys(SHAPE_CHECKS) as (keyof ShapeOptions)[];

/** The options of toPreferences among those of a run, or of a dataset of a mixture. */
export function shapeOptionsOf(given: Readonly<Partial<Record<keyof ShapeOptions, unknown>>>): ShapeOptions {
  return Object.fromEntries(NAMES.map((name) => [name, given[name] ?? null])) as ShapeOptions;
}

/** Whether any of them is set. */
export const choosesShape = (given: ShapeOptions): boolean => NAMES.some((name) => (given[name] ?? null) !== null);
