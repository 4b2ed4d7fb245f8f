/** @file What is refused and what lines say: empty prompts next to texts, several formats, rows that do not fit. */
import { describe, expect, it } from "vitest";
import { Dataset } from "../datasets/dataset.ts";
import type { Row } from "../datasets/features.ts";
import { convertPairs } from "./convert.ts";
import { openPairs } from "./readPairs.ts";
import { SHAPES } from "./shapes.ts";
import { type ToPreferencesOptions, toPreferences } from "./toPreferences.ts";

const ANSWERS = { chosen: "The moon.", rejected: "Of cheese." };
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const CHATS = { chosen: [user("Hi"), assistant("Yes")], rejected: [user("Hi"), assistant("No")] };

async function read(rows: Row[], options: ToPreferencesOptions = {}) {
  const lines: string[] = [];
  const dataset = Dataset.fromRows(rows, "train");
  const made = await toPreferences(dataset, { ...options, onLine: (line) => lines.push(line) });
  return { rows: await made.to_list(), lines };
}

const refusal = (rows: Row[], options: ToPreferencesOptions = {}) =>
  read(rows, options).then(
    () => "read",
    ({ message, hint }: { message: string; hint: string }) => `${message}\n${hint}`,
  );

describe("keys that are null in all messages, as parquet files have them", () => {
  it("are no reason to refuse a conversion", async () => {
    const say = (role: string, content: string) => ({ role, content, tool_calls: null, name: null });
    const pair = { prompt: [say("user", "Hi")], chosen: [say("assistant", "Yes")], rejected: [say("assistant", "No")] };
    const row: Row = { ...pair, tools: null };
    const stream = await openPairs([row], { split: "train", isConversion: true });
    const rows: Row[] = [];
    const target = { settings: {}, chat: false, drop: [], split: "train" };
    for await (const one of convertPairs(stream, { to: SHAPES.alpaca, ...target })) rows.push(one);
    expect(rows).toEqual([{ instruction: "Hi", chosen: "Yes", rejected: "No" }]);
  });
});

it("a row that is null is refused by its number", async () => {
  const rows = [{ prompt: "Hi", ...ANSWERS }, null as unknown as Row];
  const { pairs } = await openPairs(rows, { split: "train" });
  const read = async () => {
    for await (const _ of pairs());
  };
  await expect(read()).rejects.toThrow("train row 1: expected an object with the columns chosen and rejected");
});

describe("a text that nothing uses, without a prompt", () => {
  const EMPTY: [string, Row][] = [
    ["a question next to an empty prompt", { prompt: "", question: "What shines?", ...ANSWERS }],
    ["a blank prompt", { prompt: " \n", instruction: "What shines?", ...ANSWERS }],
    ["a word in another language", { prompt: "", frage: "Warum?", ...ANSWERS }],
    ["no prompt, a trailing space", { "prompt ": "What shines?", ...ANSWERS }],
    ["no prompt, another case", { Prompt: "What shines?", ...ANSWERS }],
    ["no prompt, a typo", { promt: "What shines?", chosen: "A moon.", rejected: "A cheese." }],
    ["an accidental beginning", { query: "What shines?", chosen: "The moon.", rejected: "The sun." }],
    ["a history", { prompt: "", history: [["Hi", "Hello"]], ...ANSWERS }],
    ["messages", { prompt: "", messages: [user("What shines?")], ...ANSWERS }],
    ["an object", { prompt: "", input: { text: "What shines?" }, ...ANSWERS }],
    ["a long source", { prompt: "", source: "What shines? ".repeat(10), ...ANSWERS }],
    [
      "an empty message",
      { prompt: [user("")], context: "It shines.", chosen: [assistant("A")], rejected: [assistant("B")] },
    ],
  ];
  it.each(EMPTY)("%s is an error that names the column", async (_, row) => {
    const [column] = Object.keys(row).filter((name) => !["prompt", "chosen", "rejected"].includes(name));
    const error = await refusal([row]);
    expect(error).toContain("train row 0: expected");
    expect(error).toContain(JSON.stringify(column));
    expect(error).toContain(`--map "prompt=${column}"`);
  });

  it("in a later row, too", async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ prompt: i === 90 ? "" : "Hi", note: "A note.", ...ANSWERS }));
    expect(await refusal(rows)).toContain("train row 90: expected a prompt");
  });

  it("not where map names it, data_format: trl says so, or it is no text of its own", async () => {
    const row = { prompt: "", question: "What shines?", ...ANSWERS };
    expect((await read([row], { map: { prompt: "question" } })).rows[0].prompt).toBe("What shines?");
    const { lines } = await read([row], { data_format: "trl" });
    expect(lines[1]).toContain('train row 0: the column "question" ("What shines?") is not used');
    const id = { prompt: "", prompt_id: "a b", model: "gpt-4", score: 1, source: "web", ...ANSWERS };
    expect((await read([id])).lines[1]).toBe("train: the only prompt is empty: answers are trained without a question");
    const shared = { question: "Is it?", chosen: "Q: Is it? A: Yes", rejected: "Q: Is it? A: No" };
    expect((await read([shared])).lines).toEqual(["trl (chosen and rejected are texts that begin with the prompt)"]);
  });

  it("next to a prompt, a line says that it is not used", async () => {
    const { lines } = await read([{ prompt: "Hi", system: "Be kind.", ...ANSWERS }]);
    expect(lines[1]).toMatch(/^train row 0: the column "system" \("Be kind\."\) is not used; data_format/);
    expect((await read([{ ...CHATS, messages: CHATS.chosen }])).lines).toHaveLength(1);
  });
});

it("says which format, and why", async () => {
  const { lines } = await read([{ frage: "Hi", antwort: "a", ...ANSWERS }], { map: { question: "frage" } });
  expect(lines[0]).toBe('orca (columns question, chosen, rejected; question from "frage")');
});

describe("rows of several formats", () => {
  it("are an error that lists them", async () => {
    const both = { ...CHATS, input: { messages: [user("Hi")] }, preferred_output: [], non_preferred_output: [] };
    const error = await refusal([both]);
    expect(error).toContain(
      "train: expected rows of one format, found rows that fit trl (chosen and rejected are messages",
    );
    expect(error).toContain("openai (input.messages");
    expect((await read([both], { data_format: "trl" })).rows).toHaveLength(1);
  });

  it("a later row that does not fit is an error that names it", async () => {
    const rows: Row[] = Array.from({ length: 100 }, () => ({ question: "Hi", ...ANSWERS }));
    rows[80] = { prompt: "Hi", ...ANSWERS };
    expect(await refusal(rows)).toContain('train row 80: "question": expected a text, found nothing');
  });
});

describe("options", () => {
  it("map: a column that is not there, with the nearest", async () => {
    expect(await refusal([{ question: "Hi", ...ANSWERS }], { map: { prompt: "questoin" } })).toContain(
      'map: expected a column for prompt, found no column "questoin"\nDid you mean question?',
    );
  });
  it("data_format: the nearest name, and Axolotl's short one", async () => {
    expect(await refusal([{ ...ANSWERS }], { data_format: "orka" })).toContain("Did you mean orca?");
    const { rows } = await read([{ prompt: "Hi", ...ANSWERS }], { data_format: "chatml" });
    expect(rows[0].prompt).toBe("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  });
  it("an answer that is rejected though it has the higher rating is counted", async () => {
    const rated = { prompt: "Q", chosen: "a", rejected: "b", score_chosen: 2, score_rejected: 9.5 };
    const { lines } = await read([rated, { ...rated, score_chosen: 9.5 }, { ...rated, score_rejected: null }]);
    expect(lines).toContain("train: 1 row whose rejected answer is rated above the chosen one (row 0)");
  });
  it("ties: asked for, skipped with a line, or both", async () => {
    const battle = { winner: "tie", conversation_a: CHATS.chosen, conversation_b: CHATS.rejected };
    expect(await refusal([battle])).toContain('train row 0: "winner": expected a winner, found "tie"');
    const won = { ...battle, winner: "model_a" };
    const { lines } = await read([battle, won], { ties: "skip" });
    expect(lines[1]).toBe("train: 1 row without a winner, skipped (row 0)");
    await expect(read([battle], { ties: "skip" })).rejects.toThrow("expected preferences in arena rows, found none");
    const { rows } = await read([battle], { ties: "both" });
    expect(rows.map(({ chosen }) => chosen)).toEqual([[assistant("Yes")], [assistant("No")]]);
  });
  it("Label Studio: a comparison that is not unique is asked for", async () => {
    const result = (from_name: string, selected: string) => ({
      from_name,
      to_name: "a,b",
      type: "pairwise",
      value: { selected },
    });
    const results = [result("tone", "left"), result("facts", "right")];
    const task = { data: { prompt: "Hi", a: "x y", b: "z" }, annotations: [{ result: results }] };
    expect(await refusal([task])).toContain("expected one comparison, found 2");
    const { rows } = await read([task], { data_format_options: { question: "facts" } });
    expect(rows[0].chosen).toEqual([assistant("z")]);
  });
});

it("a transcript stays text for a model without a chat template", async () => {
  const { openPairs } = await import("./readPairs.ts");
  const turn = "\n\nHuman: Hi\n\nAssistant:";
  const rows = [{ chosen: `${turn} I am`, rejected: `${turn} I do` }];
  const stream = await openPairs(rows, { split: "train", hasChatTemplate: false });
  for await (const { pair } of stream.pairs())
    expect(pair).toEqual({ prompt: turn, chosen: " I am", rejected: " I do" });
});

it("thumbs far apart are paired by their prompt", async () => {
  const rows = Array.from({ length: 4000 }, (_, i) => ({ prompt: `Q ${i}`, completion: `${i}`, label: i % 2 === 0 }));
  const pairs = rows.flatMap((row) => [row, { ...row, label: !row.label, completion: "x" }]);
  expect((await read(pairs)).rows).toHaveLength(4000);
});
