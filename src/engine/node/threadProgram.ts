/**
 * @file Locates the program of a thread. In the package it is the module next to the one that starts it. From sources
 * (tests, scripts, benchmarks) it is built on the spot: Node 20 starts no thread on TypeScript, a loader in the thread
 * (tsx) takes 0.3 s more per thread, and an earlier build in dist may be older than the sources.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundledError, ownRequire, ownUrl } from "../../disk/ownPlace.ts";

/** Where the checkout keeps the builds; imports of packages resolve from there. */
const cache = () => ownUrl("../../../node_modules/.cache/prefine/", import.meta.url);

/** Programs that this process has built, by their sources. */
const built = new Map<string, URL>();

/**
 * @param name of a module next to `importer` (its import.meta.url; undefined in a CommonJS bundle).
 * @throws PrefineError if a bundler has packed prefine into one file, without its modules next to it
 */
export function threadProgram(name: string, importer: string | undefined): URL {
  if (!importer?.endsWith(".ts")) return moduleOfPackage(`./${name}.js`, importer);
  const source = new URL(`./${name}.ts`, importer);
  const program = built.get(source.href) ?? build(name, source);
  built.set(source.href, program);
  return program;
}

function moduleOfPackage(module: string, importer: string | undefined): URL {
  const program = ownUrl(module, importer);
  if (existsSync(program)) return program;
  throw bundledError(module, importer);
}

/** Takes 0.1 s. The file is named by its content, so only processes with the same sources share it. */
function build(name: string, source: URL): URL {
  const esbuild = ownRequire(import.meta.url)("esbuild") as typeof import("esbuild"); // installed only in a checkout
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent", // errors are thrown
    write: false,
  });
  const [{ contents }] = outputFiles;
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  const folder = cache();
  const program = new URL(`${name}-${hash}.mjs`, folder);
  const temporary = new URL(`${name}-${hash}.${process.pid}`, folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(temporary, contents);
  renameSync(temporary, program);
  return program;
}
