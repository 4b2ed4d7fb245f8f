/**
 * @file The package as npm installs it, built from the current sources, for tests that run it as its users do. An
 * existing dist may be older, and two test runs would build there at the same time.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundlePages } from "../../scripts/bundlePages.ts";
import { largest } from "../../src/lists.ts";

export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

let built: Promise<string> | undefined;

/** Its folder: built once per run of the tests, in half a second where tsc takes four; tests only read it. */
export function builtPackage(): Promise<string> {
  built ??= buildOnce(process.env.PREFINE_TESTS);
  return built;
}

/** @param shared the folder of the run's temporary files, which is deleted with it (scratch.ts). */
async function buildOnce(shared: string | undefined): Promise<string> {
  const place = join(shared ?? "", `package-${lastChange(join(checkout, "src"))}`);
  if (shared !== undefined && existsSync(place)) return place;
  const folder = mkdtempSync(join(tmpdir(), "prefine-package-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await buildPackage(folder);
  if (shared === undefined) return folder;
  try {
    renameSync(folder, place);
  } catch {
    return existsSync(place) ? place : folder; // another process was faster
  }
  return place;
}

/** When a source was changed last, in milliseconds: tests that are watched run again after a change. */
function lastChange(sources: string): number {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" });
  return largest(files.map((file) => statSync(join(sources, file)).mtimeMs));
}

async function buildPackage(folder: string): Promise<void> {
  await buildModules(join(checkout, "src"), join(folder, "dist"));
  await bundlePages(join(folder, "dist", "pages"));
  mkdirSync(join(folder, "bin"));
  for (const name of ["package.json", "bin/prefine.js"]) cpSync(join(checkout, name), join(folder, name));
  for (const name of ["demo", "configs", "examples", "docs", "node_modules"])
    symlinkSync(join(checkout, name), join(folder, name));
}

/** File by file, as tsc does, so that each finds its neighbors. */
async function buildModules(sources: string, outdir: string): Promise<void> {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" });
  const entryPoints = files.filter((file) => file.endsWith(".ts") && !/\.test\.ts$|^pages\b/.test(file));
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
