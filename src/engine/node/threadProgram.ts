/**
 * @file Where the program of a thread lies. In the package it is the module beside the one that starts it. From sources
 * (tests, scripts, benchmarks) it is built of them then and there: Node 20 starts no thread on TypeScript, a loader in
 * it (tsx) takes 0.3 s more for each thread, and what somebody built before, in dist, may be older than the sources.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { PrefineError } from "../../errors.ts";

/** Where the checkout keeps what was made of it; imports of packages are found from there. */
const CACHE = new URL("../../../node_modules/.cache/prefine/", import.meta.url);

/** Programs that this process has built, by their sources. */
const built = new Map<string, URL>();

/**
 * @param name of a module beside `importer`, an import.meta.url.
 * @throws PrefineError where a bundler has made one file of prefine, beside which none of its modules is
 */
export function threadProgram(name: string, importer: string): URL {
  if (!importer.endsWith(".ts")) return moduleOfPackage(`./${name}.js`, importer);
  const source = new URL(`./${name}.ts`, importer);
  const program = built.get(source.href) ?? build(name, source);
  built.set(source.href, program);
  return program;
}

function moduleOfPackage(module: string, importer: string): URL {
  const program = new URL(module, importer);
  if (existsSync(program)) return program;
  const expected = `expected ${module} of prefine beside it, found none; was prefine bundled?`;
  throw new PrefineError(
    "io",
    `${fileURLToPath(importer)}: ${expected}`,
    "Leave prefine out of the bundle: esbuild --packages=external.",
  );
}

/** 0.1 s. Its name goes by what is in it, so that processes with the same sources share it, and no others. */
function build(name: string, source: URL): URL {
  const esbuild = createRequire(import.meta.url)("esbuild") as typeof import("esbuild"); // there in a checkout alone
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent", // what is wrong is thrown
    write: false,
  });
  const [{ contents }] = outputFiles;
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  const program = new URL(`${name}-${hash}.mjs`, CACHE);
  const beside = new URL(`${name}-${hash}.${process.pid}`, CACHE);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(beside, contents);
  renameSync(beside, program);
  return program;
}
