/** @file The types of functions for `map`: a function, or a module that exports one. */
import type { Row } from "./features.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

/**
 * Receives a copy of a row and its index. It changes that copy (or deletes keys from it) and returns nothing or the
 * same row, or it returns a new row, which replaces the old one.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only changes its row returns nothing
export type MapFunction = (row: Row, index: number) => Row | void | Promise<Row | void>;

/** A function exported by a module. */
export interface MapModule {
  /** A path (relative to the working directory) or a file: URL. */
  module: string | URL;
  /** The name of the export. Default: `default`, else `process`. */
  export?: string | undefined;
}

/** Named functions for the option `process`. */
export const BUILT_IN: Readonly<Record<string, MapFunction>> = { ultrafeedback };

/** True for built-in functions, which cost less than moving rows between threads. */
export function isBuiltIn(fn: MapFunction): boolean {
  return Object.values(BUILT_IN).includes(fn);
}
