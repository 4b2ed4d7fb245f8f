/** @file prefine packed into one file by esbuild: it loads, and says what to do where it needs its own files. */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { builtPackage } from "./support/builtPackage.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-bundled-"));
const root = fileURLToPath(new URL("..", import.meta.url));

const PROGRAM = `
  import { AutoModelForCausalLM, createLogger, DPOTrainer, renderPng } from ENTRY;
  const tell = (error) => console.log(error.code + ": " + error.message + "\\n" + error.hint);
  console.log(typeof createLogger, typeof DPOTrainer);
  AutoModelForCausalLM.from_pretrained(MODEL).then((model) => model.generate("a", { max_new_tokens: 1 })).catch(tell);
  try { renderPng("<svg/>"); } catch (error) { tell(error); }
`;

/** Bundles a program with the built package, and runs it. */
async function run(): Promise<string> {
  const entry = join(await builtPackage(), "dist/index.js");
  const names = { ENTRY: entry, MODEL: join(root, "demo/everyday-gpt2") };
  const contents = PROGRAM.replace(/[A-Z]{5}/g, (name) => JSON.stringify(names[name as keyof typeof names]) ?? name);
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "silent", // esbuild warns of import.meta in CommonJS
    write: false,
    nodePaths: [join(root, "node_modules")],
  });
  const file = join(folder, "bundle.cjs");
  writeFileSync(file, outputFiles[0].contents);
  return new Promise((resolve) => {
    execFile(process.execPath, [file], (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

// As an ES module the package yaml does not even load: esbuild can't serve its require of a module of Node.
test("as CommonJS, where import.meta.url is undefined", { timeout: 60_000 }, async () => {
  const said = await run();
  expect(said).toContain("function function\n");
  expect(said).toContain("io: prefine: expected ./thread.js of prefine next to it, found none; was prefine bundled?");
  expect(said.match(/Leave prefine out of the bundle: esbuild --packages=external\./g)).toHaveLength(2);
});
