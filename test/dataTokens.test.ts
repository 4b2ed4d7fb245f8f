/** @file `prefine data show --tokens`: the parts of a pair, readable without color; characters that are not seen. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { main } from "../src/cli/main.ts";

const tokenizer = fileURLToPath(new URL("../demo/everyday-gpt2", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "prefine-tokens-"));
const path = join(folder, "pairs.jsonl");
const rows = [
  { prompt: "Is tea a drink?", chosen: " Yes.", rejected: " It depends on how one looks at it." },
  { prompt: "Is\u200b it 茶?\u001b[2J", chosen: " Yes.", rejected: " No." },
];
writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const ranked = join(folder, "ranked.jsonl");
const answers = [" No.", " Yes."].map((answer, i) => ({ answer, rank: 2 - i }));
writeFileSync(ranked, `${JSON.stringify({ prompt: "Is it?", answers })}\n`);

afterEach(() => vi.unstubAllEnvs());

async function run(color: boolean, ...words: string[]) {
  vi.stubEnv("NO_COLOR", color ? undefined : "1");
  vi.stubEnv("FORCE_COLOR", color ? "1" : undefined);
  const printed: string[] = [];
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => printed.push(String(text)) > 0),
  );
  try {
    return { code: await main(["data", ...words]), text: printed.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Part, tokens, and the text without marks. */
const partsOf = (text: string) =>
  [...text.matchAll(/^ {2}(prompt|answer|eos|cut) +(\d+) {2}(.*)$/gm)].map(([, part, count, shown]) => [
    ...[part, Number(count)],
    shown.replace(/[|](?!>|end)/g, "").replaceAll(/[·_]/g, " "),
  ]);

test("prompt, answer and end token of both sequences", async () => {
  const { code, text } = await run(false, "show", path, "--tokens", "--tokenizer", tokenizer);
  expect(code).toBe(0);
  expect(partsOf(text).map(([part, , shown]) => [part, shown])).toEqual([
    ["prompt", "Is tea a drink?"],
    ["answer", " Yes."],
    ["eos", expect.stringContaining("endoftext")],
    ["prompt", "Is tea a drink?"],
    ["answer", " It depends on how one looks at it."],
    ["eos", expect.stringContaining("endoftext")],
  ]);
  for (const [part, count] of partsOf(text)) if (part === "eos") expect(count).toBe(1);
  expect(text).not.toContain("\u001b");
});

test("what max_length cuts, with color and without", async () => {
  const words = ["show", path, "--tokens", "--tokenizer", tokenizer, "--max_length", "6"];
  const { text } = await run(false, ...words);
  const sums = partsOf(text).map(([part, count]) => (part === "cut" ? 0 : Number(count)));
  expect(sums.reduce((sum, count) => sum + count, 0)).toBe(12);
  expect(partsOf(text).at(-1)?.[0]).toBe("cut");
  const painted = await run(true, ...words);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colors
  expect(painted.text.replace(/\u001b\[\d+m/g, "")).toBe(text);
  expect(painted.text).toContain("\u001b[31m");
});

test("characters that are not seen are written out, and none reaches the terminal", async () => {
  const { text } = await run(false, path, "--tokens", "--tokenizer", tokenizer, "--index", "1");
  for (const name of ["\\u200b", "\\x1b", "茶"]) expect(text.replaceAll("|", "")).toContain(name);
  for (const unseen of ["\u200b", "\u001b"]) expect(text).not.toContain(unseen);
});

test("rows of a list of answers, and what is missing", async () => {
  expect(partsOf((await run(false, ranked, "--tokens", "--tokenizer", tokenizer)).text)[1][2]).toBe(" Yes.");
  const without = await run(false, path, "--tokens");
  expect([without.code, without.text]).toEqual([1, expect.stringContaining("--tokens: expected --tokenizer")]);
});
