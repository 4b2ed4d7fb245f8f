/** @file The README, executed: its commands and its program, with `gpt2` and the data set from the local hub. */
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "./support/builtPackage.ts";
import { type LocalHub, sharedHubExists, startServePy } from "./support/localHub.ts";
import { runCommand } from "./support/runCommand.ts";
import { folderWithPrefine, runScript } from "./support/runScript.ts";
import { needsReference, referenceFolder } from "./support/shared.ts";

const readme = readFileSync(join(checkout, "README.md"), "utf8");

/** The fenced blocks of a language. */
const blocks = (language: string) =>
  [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text);

/** `npx prefine a "b c"` -> ["a", "b c"]. */
const wordsOf = (line: string) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word).slice(2);

test("every script that it names is in package.json, every file that it links to is there", () => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  const named = [...readme.matchAll(/npm run ([\w-]+)/g)].map(([, name]) => name);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target);
  expect(links.length).toBeGreaterThan(4);
  expect(links.filter((target) => !/^https?:/.test(target) && !existsSync(join(checkout, target)))).toEqual([]);
});

describe.skipIf(!sharedHubExists)(`README${needsReference}`, () => {
  let folder: string;
  const before = { cwd: process.cwd(), env: { ...process.env } };
  let hub: LocalHub;
  beforeAll(async () => {
    folder = await folderWithPrefine();
    hub = await startServePy(join(referenceFolder, "hub"));
    symlinkSync(join(checkout, "configs"), join(folder, "configs"));
    process.chdir(folder);
    Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "hf") });
  });
  afterAll(async () => {
    process.chdir(before.cwd);
    process.env = before.env;
    await hub?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("its commands work, one after the other", { timeout: 180_000 }, async () => {
    const lines = blocks("sh").flatMap((block) => block.split("\n").filter((line) => line.startsWith("npx prefine ")));
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) {
      const { code, stderr, stdout } = await runCommand(...wordsOf(line));
      expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
      expect(stdout.length, line).toBeGreaterThan(20);
    }
    expect(existsSync(join(folder, "first-run/training_loss.png"))).toBe(true);
  });

  test("its program runs", { timeout: 180_000 }, async () => {
    const programs = blocks("ts");
    expect(programs).toHaveLength(1);
    writeFileSync(join(folder, "note.mts"), programs[0]);
    const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "hf") };
    const outcome = await runScript(join(folder, "note.mts"), folder, env);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.stdout).toMatch(/^0\.\d+\ngpt2: Is a higher octane .*\ndpo: Is a higher octane /s);
  });
});
