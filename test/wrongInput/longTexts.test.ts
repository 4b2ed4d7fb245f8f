/** @file Files that are longer than a text can be, under the names of small ones: one message with the file's name. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { main } from "../../src/cli/main.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-long-texts-"));
const demo = fileURLToPath(new URL("../../demo/everyday-gpt2", import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of 600 MiB that takes no space on most disks. */
function long(...path: string[]): string {
  const file = join(folder, ...path);
  writeFileSync(file, '{"a": "');
  truncateSync(file, 600 * 2 ** 20);
  return file;
}

const model = join(folder, "model");
cpSync(demo, model, { recursive: true });
mkdirSync(join(folder, "run"));
mkdirSync(join(folder, "data"));
writeFileSync(join(folder, "data", "train.jsonl"), '{"prompt":"a","chosen":"b","rejected":"c"}\n');

test.each<[string, string[], string[]]>([
  ["config.json", ["model", "config.json"], ["generate", model, "--prompt", "Hi"]],
  ["tokenizer.json", ["model", "tokenizer.json"], ["generate", model, "--prompt", "Hi"]],
  ["tokenizer_config.json", ["model", "tokenizer_config.json"], ["generate", model, "--prompt", "Hi"]],
  ["trainer_state.json", ["run", "trainer_state.json"], ["plot", join(folder, "run")]],
  ["a dataset's card", ["data", "README.md"], ["data", join(folder, "data")]],
  ["a run file", ["run", "run.yaml"], ["train", "--config", join(folder, "run", "run.yaml")]],
  ["a file to import", ["run", "run.yaml"], ["config", "import", join(folder, "run", "run.yaml")]],
  ["settings of generate", ["run", "gen.yaml"], ["generate", demo, "--config", join(folder, "run", "gen.yaml")]],
])("%s", async (_, path, words) => {
  const file = long(...path);
  const written: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean(written.push(String(text))));
  try {
    expect(await main(words)).toBe(1);
  } finally {
    vi.restoreAllMocks();
    rmSync(file);
    cpSync(demo, model, { recursive: true });
  }
  expect(written.join("")).toMatch(/^error: .*(json|yaml|md): expected a text of less than 512 MiB, found 600 MiB\n/m);
});
