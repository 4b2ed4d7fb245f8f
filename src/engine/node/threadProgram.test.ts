/** @file Programs of threads: beside the module that starts them, or of the sources as they are now. */
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

/** What a thread says. */
const said = (program: URL) =>
  new Promise((resolve, reject) => new Worker(program).once("message", resolve).once("error", reject));

test("a package's lies beside the module that starts it", () => {
  writeFileSync(join(folder, "thread.js"), "");
  const importer = pathToFileURL(join(folder, "openDevice.js")).href;
  expect(threadProgram("thread", importer)).toEqual(new URL("thread.js", importer));
});

test("of a package that was bundled it is an error that says so", () => {
  const find = () => threadProgram("absent", pathToFileURL(join(folder, "bundle.mjs")).href);
  expect(find).toThrow(/bundle\.mjs: expected \.\/absent\.js of prefine beside it, found none; was prefine bundled\?$/);
  expect(find).toThrow(expect.objectContaining({ code: "io", hint: expect.stringContaining("--packages=external") }));
});

test("of sources it is built, with what they import, as they are; equal ones share it", async () => {
  write("first", "one");
  const first = threadProgram("first", starter);
  expect(await said(first)).toBe("one");
  write("second", "two");
  expect(await said(threadProgram("second", starter))).toBe("two");
  expect(threadProgram("first", starter)).toBe(first); // a process builds once
});

test("sources that are no TypeScript are an error that says where", () => {
  writeFileSync(join(folder, "broken.ts"), "const = 1;");
  expect(() => threadProgram("broken", starter)).toThrow(/broken\.ts:1:6/);
});
