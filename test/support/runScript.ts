/** @file Runs a TypeScript program in a separate process, as `npx tsx` does, in a folder with `prefine` installed. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { builtPackage } from "./builtPackage.ts";

const tsx = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;

export interface ScriptOutcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A user's folder with prefine installed. */
export async function folderWithPrefine(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-script-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(await builtPackage(), join(folder, "node_modules", "prefine"));
  return folder;
}

/** An import of the sources, not of the package. */
const OF_SOURCES = /from "[^"]*\.ts"/;

/**
 * Arguments of `node` to run a TypeScript program as `npx tsx` does. One that imports only the package is compiled
 * beforehand, as tsx would: its loader costs each of the package's modules a detour.
 */
export function scriptArguments(file: string): string[] {
  if (!/\.m?ts$/.test(file)) return [file];
  const text = readFileSync(file, "utf8");
  if (OF_SOURCES.test(text)) return ["--import", tsx, file];
  const compiled = `${file}.mjs`;
  writeFileSync(compiled, transformSync(text, { loader: "ts", format: "esm", target: "node20" }).code);
  return [compiled];
}

/** `npx tsx FILE` with `folder` as working directory. @param env added to this process's, without its HF_ variables. */
export function runScript(file: string, folder: string, env: Record<string, string> = {}): Promise<ScriptOutcome> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HF_")));
  const options = { cwd: folder, env: { ...inherited, NO_COLOR: "1", ...env } };
  const child = spawn(process.execPath, scriptArguments(file), options);
  const outcome: ScriptOutcome = { code: null, stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      outcome[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...outcome, code }));
  });
}
