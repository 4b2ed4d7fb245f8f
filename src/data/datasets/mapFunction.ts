/** @file What `map` applies to rows: a function, or the name of a module that exports one. */
import type { Row } from "./features.ts";
import { ultrafeedback } from "./ultrafeedback.ts";

/**
 * Gets a copy of a row and its index. It changes that copy (also deletes keys from it) and returns nothing or the
 * same row, or it returns a new row, which then stands for the old one.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only changes its row returns nothing
export type MapFunction = (row: Row, index: number) => Row | void | Promise<Row | void>;

/** A function that lives in a module. */
export interface MapModule {
  /** A path (relative to the working directory) or a file: URL. */
  module: string | URL;
  /** The name it is exported by. Default: `default`, else `process`. */
  export?: string | undefined;
}

/** What the option `process` knows by name. */
export const BUILT_IN: Readonly<Record<string, MapFunction>> = { ultrafeedback };

/** True for built-in functions: so cheap that moving rows between threads would cost more than they do. */
export function isBuiltIn(fn: MapFunction): boolean {
  return Object.values(BUILT_IN).includes(fn);
}
