/**
 * @file The package as npm installs it, built from the current sources, for tests that run it as its users do. An
 * existing dist may be older, and two test runs would build there at the same time.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

let built: Promise<string> | undefined;

/** Its folder: built once per process, in half a second where tsc takes four, and deleted with it. */
export function builtPackage(): Promise<string> {
  built ??= buildPackage();
  return built;
}

async function buildPackage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-package-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await buildModules(join(checkout, "src"), join(folder, "dist"));
  mkdirSync(join(folder, "bin"));
  for (const name of ["package.json", "bin/prefine.js"]) cpSync(join(checkout, name), join(folder, name));
  for (const name of ["demo", "configs", "examples", "docs", "node_modules"])
    symlinkSync(join(checkout, name), join(folder, name));
  return folder;
}

/** File by file, as tsc does, so that each finds its neighbors. */
async function buildModules(sources: string, outdir: string): Promise<void> {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" });
  const entryPoints = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  await build({
    entryPoints: entryPoints.map((file) => join(sources, file)),
    outbase: sources,
    outdir,
    bundle: true, // with all imports external: this gives them their names in JavaScript
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [
      {
        name: "beside",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^\.\.?\// }, ({ path }) => ({ path: path.replace(/\.ts$/, ".js"), external: true }));
        },
      },
    ],
  });
}
