/** @file Loads row functions from modules by path, into this thread. Node only. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { nearestName, PrefineError } from "../../errors.ts";
import { BUILT_IN, type MapFunction, type MapModule } from "./mapFunction.ts";

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

/** The URL of a module for import(). */
export function moduleUrl({ module }: MapModule): string {
  if (module instanceof URL) return module.href;
  return module.startsWith("file:") ? module : pathToFileURL(resolve(module)).href;
}

/** Its name in messages. */
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
  const value = fn.export ? exports[fn.export] : (exports.default ?? exports.process);
  if (typeof value !== "function") throw noFunction(fn, Object.keys(exports));
  return value as MapFunction;
}

export function cannotImport(fn: MapModule, reason: string, cause?: unknown): PrefineError {
  const hint = "It must be a JavaScript module (.mjs, or .js in a package of type module) that exports the function.";
  return new PrefineError("data", `${describeModule(fn)}: cannot be loaded: ${reason}`, hint, { cause });
}

export function noFunction(fn: MapModule, names: string[]): PrefineError {
  const expected = fn.export ? `an export "${fn.export}"` : 'a default export or an export "process"';
  const actual = names.length > 0 ? names.join(", ") : "no exports";
  const message = `${describeModule(fn)}: expected ${expected} that is a function, found ${actual}`;
  return new PrefineError("data", message, "Write it as: export default function (row) { return row; }");
}
