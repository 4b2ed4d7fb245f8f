/** @file What `map` applies to rows: a function, or a module that exports one, which worker threads can load. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { nearestName, PrefineError } from "../../errors.ts";
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
  export?: string;
}

const BUILT_IN: Record<string, MapFunction> = { ultrafeedback };

/** True for built-in functions: so cheap that moving rows between threads would cost more than they do. */
export function isBuiltIn(fn: MapFunction): boolean {
  return Object.values(BUILT_IN).includes(fn);
}

/** The value of the option `process`: the name of a built-in function, or the path of a module. */
export function findProcess(process: string): MapFunction | MapModule {
  if (Object.hasOwn(BUILT_IN, process)) return BUILT_IN[process];
  if (existsSync(resolve(process))) return { module: resolve(process) };
  const nearest = nearestName(process, Object.keys(BUILT_IN));
  throw new PrefineError(
    "config",
    `process: expected \`ultrafeedback\` or the path of a module, found ${JSON.stringify(process)}`,
    nearest ? `Did you mean ${nearest}?` : "No such file exists.",
  );
}

/** The URL of a module, as import() takes it. */
export function moduleUrl({ module }: MapModule): string {
  if (module instanceof URL) return module.href;
  return module.startsWith("file:") ? module : pathToFileURL(resolve(module)).href;
}

/** How messages name it. */
function describeModule(fn: MapModule): string {
  return `${fileURLToPath(moduleUrl(fn))}${fn.export ? ` (${fn.export})` : ""}`;
}

/** Loads the module into this thread. */
export async function importFunction(fn: MapModule): Promise<MapFunction> {
  let exports: Record<string, unknown>;
  try {
    exports = await import(/* @vite-ignore */ moduleUrl(fn));
  } catch (cause) {
    throw cannotImport(fn, (cause as Error).message, cause);
  }
  const found = fn.export ? exports[fn.export] : (exports.default ?? exports.process);
  if (typeof found !== "function") throw noFunction(fn, Object.keys(exports));
  return found as MapFunction;
}

export function cannotImport(fn: MapModule, reason: string, cause?: unknown): PrefineError {
  const hint = "It must be a JavaScript module (.mjs, or .js in a package of type module) that exports the function.";
  return new PrefineError("data", `${describeModule(fn)}: cannot be loaded: ${reason}`, hint, { cause });
}

export function noFunction(fn: MapModule, names: string[]): PrefineError {
  const wanted = fn.export ? `an export "${fn.export}"` : 'a default export or an export "process"';
  const found = names.length > 0 ? names.join(", ") : "no exports";
  const message = `${describeModule(fn)}: expected ${wanted} that is a function, found ${found}`;
  return new PrefineError("data", message, "Write it as: export default function (row) { return row; }");
}
