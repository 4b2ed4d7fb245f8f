/** @file Thread programs: next to the module that starts them, or built from the current sources. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { threadProgram } from "./threadProgram.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-program-"));
afterAll(() => rmSync(folder, { recursive: true }));
const starter = pathToFileURL(join(folder, "starter.ts")).href;

function write(name: string, says: string): void {
  writeFileSync(join(folder, "word.ts"), `export const word: string = ${JSON.stringify(says)};`);
  writeFileSync(
    join(folder, `${name}.ts`),
    `import { parentPort } from "node:worker_threads"; import { word } from "./word.ts"; parentPort!.postMessage(word);`,
  );
}

/** The first message of a thread. */
const said = (program: URL) =>
  new Promise((resolve, reject) => new Worker(program).once("message", resolve).once("error", reject));

test("in a package it is next to the module that starts it", () => {
  writeFileSync(join(folder, "thread.js"), "");
  const importer = pathToFileURL(join(folder, "openDevice.js")).href;
  expect(threadProgram("thread", importer)).toEqual(new URL("thread.js", importer));
});

test("a bundled package is an error that says so", () => {
  const find = () => threadProgram("absent", pathToFileURL(join(folder, "bundle.mjs")).href);
  expect(find).toThrow(
    /bundle\.mjs: expected \.\/absent\.js of prefine next to it, found none; was prefine bundled\?$/,
  );
  expect(find).toThrow(expect.objectContaining({ code: "io", hint: expect.stringContaining("--packages=external") }));
});

test("is built from the current sources and their imports; equal sources share it", async () => {
  write("first", "one");
  const first = threadProgram("first", starter);
  expect(await said(first)).toBe("one");
  write("second", "two");
  expect(await said(threadProgram("second", starter))).toBe("two");
  expect(threadProgram("first", starter)).toBe(first); // a process builds once
});

test("invalid TypeScript is an error that says where", () => {
  writeFileSync(join(folder, "broken.ts"), "const = 1;");
  expect(() => threadProgram("broken", starter)).toThrow(/broken\.ts:1:6/);
});
