/**
 * @file Prefine's own files, relative to one of its modules. Looked up only when needed: a bundler leaves them behind,
 * and for CommonJS it makes `import.meta.url` undefined, which must not be an error when the bundle is loaded.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { PrefineError } from "../errors.ts";

/**
 * @param importer the module's import.meta.url.
 * @throws PrefineError("io") in a CommonJS bundle.
 */
export function ownUrl(path: string, importer: string | undefined): URL {
  if (importer === undefined) throw bundledError(path, importer);
  return new URL(path, importer);
}

/** `require` of packages that prefine depends on. @throws PrefineError("io") in a CommonJS bundle. */
export function ownRequire(importer: string | undefined): NodeJS.Require {
  return createRequire(ownUrl("", importer));
}

/** One of prefine's files is not where its modules expect it. */
export function bundledError(path: string, importer: string | undefined): PrefineError {
  const where = importer === undefined ? "prefine" : fileURLToPath(importer);
  const expected = `expected ${path || "its package"} of prefine next to it, found none; was prefine bundled?`;
  return new PrefineError(
    "io",
    `${where}: ${expected}`,
    "Leave prefine out of the bundle: esbuild --packages=external.",
  );
}
