/** @file The doctor: conversations, whole splits, rows in memory. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { TextRow } from "../scripts/plantFaults.ts";
import { doctor } from "../src/data/doctor/call.ts";
import { type ExamineOptions, examine } from "../src/data/doctor/doctor.ts";
import { AutoTokenizer } from "../src/data/tokenizers/loadTokenizer.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

type Rows = Record<string, unknown>[];
const named = (name: string, rows: Rows) => ({ name, rows: () => rows });

const PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}";

const chatTokenizer = join(checkout, "test/fixtures/chat-tokenizer");
const turn = (role: string, content: string) => ({ role, content });
const chat = (question: string, roles = ["user", "assistant"]) => ({
  prompt: [turn(roles[0], question)],
  chosen: [turn(roles[1], `Yes, ${question}`)],
  rejected: [turn(roles[1], `No, ${question}`)],
});

async function checksOf(rows: Rows, options: Partial<ExamineOptions> & { template?: string } = {}) {
  const tokenizer = await AutoTokenizer.from_pretrained(chatTokenizer);
  if (options.template) tokenizer.chat_template = options.template;
  const { findings } = await examine({ train: named("train", rows), tokenizer, max_length: null, ...options });
  return findings.map(({ check, rows: numbers }) => [check, numbers]);
}

describe("conversations", () => {
  test.each([
    ["good rows", [chat("is it?"), chat("was it?")], PLAIN, []],
    ["an answer of the user", [chat("is it?"), chat("was it?", ["user", "user"])], PLAIN, [["roleOrder", [1]]]],
    ["an unknown role", [chat("is it?"), chat("was it?", ["human", "assistant"])], PLAIN, [["roleOrder", [1]]]],
    [
      "no end token",
      [chat("is it?")],
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
      [["missingEos", [0]]],
    ],
    ["two bos tokens", [chat("is it?")], `{{ bos_token + bos_token }}${PLAIN}`, [["doubleBos", [0]]]],
    [
      "a prompt that ends otherwise",
      [chat("is it?")],
      `${PLAIN}{% if add_generation_prompt %}assistant: <think>{% endif %}`,
      [["boundary", [0]]],
    ],
    ["an empty question", [chat("is it?"), chat("was it?"), chat(" ")], PLAIN, [["emptyPrompt", [2]]]],
    [
      "a system message without a question",
      [chat("is it?"), chat("was it?"), { ...chat("or?"), prompt: [turn("system", "Be brief."), turn("user", "")] }],
      PLAIN,
      [["emptyPrompt", [2]]],
    ],
  ])("%s", async (_, rows, template, expected) => {
    expect(await checksOf(rows, { template })).toEqual(expected);
  });
});

test("characters without width are shown by their numbers", async () => {
  const { findings } = await doctor([{ prompt: "Is it?", chosen: " Ye\u200bs.", rejected: " No\u00ad." }]);
  expect(findings.map(({ check, example }) => [check, example])).toEqual([
    ["invisibleCharacters", expect.stringContaining("Ye\\u200bs.")],
  ]);
});

test("answers that differ in an end token alone are equal as tokens", async () => {
  const tokenizer = await AutoTokenizer.from_pretrained(chatTokenizer);
  const rows = [{ prompt: "Is it?", chosen: " Yes.", rejected: ` Yes.${tokenizer.eos_token}` }];
  expect(await checksOf(rows)).toEqual([["equalTokens", [0]]]);
});

test("short rows with a changed word are near duplicates, and tasks with other numbers are not", async () => {
  const task = (a: number, word: string) => ({
    prompt: `Calculate the product of the two numbers ${a} and 17, and answer ${word} with the number alone.`,
    chosen: ` ${a * 17} is the product.`,
    rejected: ` I do not know that by heart, sorry ${a}.`,
  });
  const rows = [task(3, "please"), task(9, "please"), task(3, "kindly")];
  const { findings } = await doctor(rows);
  expect(findings.map(({ check, rows: numbers }) => [check, numbers])).toEqual([["nearDuplicate", [2]]]);
});

test("rows that can be iterated once, rows by split, and options that are none", async () => {
  const good = { prompt: "Is tea a drink?", chosen: " Yes.", rejected: " That depends." };
  const once = [good, { ...good, chosen: "" }].values();
  const { splits, findings } = await doctor(once);
  expect(splits.map(({ name, rows }) => [name, rows])).toEqual([["train", 2]]);
  expect(findings.map(({ check, rows }) => [check, rows])).toEqual([["empty", [1]]]);
  const leaking = await doctor({ train: [good], test: [good] });
  expect(leaking.findings.map(({ check, split, rows }) => [check, split, rows])).toEqual([["leakage", "train", [0]]]);
  await expect(doctor([good], { maxLength: 3 } as object)).rejects.toThrow(/max_length/);
  await expect(doctor([good], { split: "validation" })).rejects.toThrow("expected a split validation");
});

describe("a whole split", () => {
  const words = ["tea", "fish", "ice", "stone", "lemon", "cat", "moon", "tree", "rain", "bread", "wind"];
  /** Texts of words by a counter, the same ones on both sides. */
  const text = (seed: number, length: number) =>
    Array.from({ length }, (_, i) => words[(seed * 7 + i * i * 3 + ((seed * i) % 5)) % words.length]).join(" ");
  const rows = (make: (i: number) => Partial<TextRow>) =>
    Array.from({ length: 200 }, (_, i) => ({
      ...{ prompt: `${i} ${text(i, 4)}`, chosen: `${i} ${text(i, 9)}`, rejected: `${i} ${text(i + 3, 9)}` },
      ...make(i),
    }));
  const summary = async (data: Rows) => {
    const options = { train: named("train", data), max_length: null };
    const { findings } = await examine(options);
    return findings.filter(({ rows: numbers }) => numbers.length === 0).map(({ check }) => check);
  };

  test("neither length nor words give the label away", async () => {
    expect(await summary(rows(() => ({})))).toEqual([]);
  });

  test("longer answers are chosen", async () => {
    expect(await summary(rows((i) => ({ chosen: text(i, 20), rejected: text(i, 8) })))).toContain("lengthBias");
  });

  test("one word gives the label away", async () => {
    expect(await summary(rows((i) => ({ chosen: `certainly ${text(i, 8)}` })))).toContain("separable");
  });

  test("copies of few pairs are not taken for words that give the label away", async () => {
    const few = Array.from({ length: 30 }, (_, i) => ({
      chosen: `kind${i} ${text(i, 20)}`,
      rejected: text(i + 5, 20),
    }));
    const copies = rows((i) => ({ ...few[i % 30], prompt: `${i} ${text(i % 30, 12)}` }));
    expect(await summary(copies)).not.toContain("separable");
  });

  test("what max_length cuts, and the lengths that keep shares whole", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(chatTokenizer);
    const data = rows(() => ({}));
    const { findings, splits } = await examine({ train: named("train", data), tokenizer, max_length: null });
    const { keeps95, keeps99, keeps100 } = splits[0].numbers.truncation as Record<string, number>;
    expect(findings.map(({ check }) => check)).not.toContain("truncation");
    const cut = async (max_length: number) =>
      (await examine({ train: named("train", data), tokenizer, max_length })).splits[0].numbers.truncation.share;
    expect(await cut(keeps100)).toBe(0);
    expect(await cut(keeps99)).toBeLessThanOrEqual(0.01);
    expect(await cut(keeps95)).toBeLessThanOrEqual(0.05);
    expect(await cut(keeps95 - 1)).toBeGreaterThan(0.05);
    const report = await examine({ train: named("train", data), tokenizer, max_length: keeps95 });
    const finding = report.findings.find(({ check }) => check === "truncation");
    expect(finding?.count).toBe(report.splits[0].numbers.truncation.cut);
    expect(finding?.count).toBeLessThan(data.length);
  });

  test("without a tokenizer, its checks are skipped by name", async () => {
    const { skipped } = await examine({
      train: named(
        "train",
        rows(() => ({})),
      ),
      max_length: 512,
    });
    const names = skipped.filter(({ why }) => why === "no tokenizer").map(({ check }) => check);
    expect(names).toEqual(expect.arrayContaining(["equalTokens", "boundary", "missingEos", "truncation"]));
  });
});

test("a contradiction is every copy of its two rows, whichever order they have", async () => {
  const said = { prompt: "Is it?", chosen: " Yes.", rejected: " No." };
  const swapped = { ...said, chosen: " No.", rejected: " Yes." };
  const of = async (rows: Rows) => (await checksOf(rows)).find(([check]) => check === "contradiction")?.[1];
  expect(await of([said, said, swapped])).toEqual([0, 1, 2]);
  expect(await of([said, swapped, said, swapped])).toEqual([0, 1, 2, 3]);
  expect(await of([said, said, swapped, said])).toEqual([0, 1, 2, 3]);
  expect(await of([said, said])).toBeUndefined();
});
