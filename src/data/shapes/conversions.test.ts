/**
 * @file Random rows from every format to every other and back: the same row, where the other format has a place for
 * it; where it has none, an error that names row and field.
 */
import { describe, expect, it } from "vitest";
import { PrefineError } from "../../errors.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { counterUniform } from "../../random.ts";
import type { Row } from "../datasets/features.ts";
import { extractPrompt, type Message } from "../preferences/extractPrompt.ts";
import { convertPairs } from "./convert.ts";
import { openPairs } from "./readPairs.ts";
import type { Shape } from "./shape.ts";
import { SHAPES } from "./shapes.ts";

const ROWS = 60;
/** Texts that look like parts of some format. */
const TEXTS = [
  ...["Hi", "What is rain?", "a\nb", " x ", "", "<|im_end|>", "\n\nHuman: x", "é “q”", "[1]", "{}", "tie", "1", "null"],
  ...["A\n\nAssistant: b", "<|eot_id|>", "{prompt}", "{{", "model_a", "\\n", "</s>\n<|assistant|>\n"],
];
/** Columns of some formats, in rows of others. */
const OTHERS: Row = {
  ...{ id: 7, system: "Be kind.", input: "More.", winner: "model_a", label: true, question: "Why?", score_chosen: 5.5 },
  ...{ better_response_id: 0, history: [["a", "b"]], parallel_tool_calls: true, data: { a: 1 }, fields: "x" },
};

/** What Axolotl's formats put around a question and after an answer; nothing, for plain texts. */
const MARKUPS: readonly (readonly [before: string, after: string, end: string])[] = [
  ["", "", ""],
  ["<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"],
  ["<|im_start|>system\nHi<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"],
  [
    "<|start_header_id|>user<|end_header_id|>\n\n",
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<|eot_id|>",
  ],
  ["<|system|>\n</s>\n<|user|>\n", "</s>\n<|assistant|>\n", ""],
];

/** Rows of TRL: texts, or messages with systems, turns, calls and tools. */
function rowsOf(seed: number): Row[] {
  let step = 0;
  const next = () => counterUniform(seed, step++, 0);
  const chance = (share: number) => next() < share;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)];
  const text = () => pick(TEXTS) + (chance(0.3) ? pick(TEXTS) : "");
  const say = (role: string): Message => ({ role, content: text() });
  const call = { type: "function", function: { name: "f", arguments: { a: 2.5 } } };
  const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };
  const answer = (): Message =>
    chance(0.1) ? { role: "assistant", content: "", tool_calls: [call] } : say("assistant");
  const conversation = (): Row => {
    const turns = Array.from({ length: Math.floor(next() * 3) }, () => [say("user"), answer()]);
    const system = chance(0.4) ? [say("system")] : [];
    const prompt = [...system, ...turns.flat(), say(chance(0.1) ? "tool" : "user")];
    const more = chance(0.1) ? [say("user"), say("assistant")] : [];
    const pair = { prompt, chosen: [say("assistant"), ...more], rejected: [say("assistant")] };
    return { ...pair, ...(chance(0.15) ? { tools: [tool] } : {}) };
  };
  const marked = ([before, after, end]: readonly [string, string, string]): Row => {
    return { prompt: before + text() + after, chosen: text() + end, rejected: text() + end };
  };
  const simple = () => ({ prompt: [say("user")], chosen: [say("assistant")], rejected: [say("assistant")] });
  const row = (): Row => ({
    ...pick([simple, conversation, () => marked(pick(MARKUPS))])(),
    ...Object.fromEntries(Object.entries(OTHERS).filter(() => chance(0.06))),
  });
  return Array.from({ length: ROWS }, row);
}

/** Through the text of a file, as the command writes it; undefined: refused, with row and field. */
async function convert(rows: Row[], from: Shape, to: Shape): Promise<Row[] | undefined> {
  const made: Row[] = [];
  try {
    const stream = await openPairs(rows, { data_format: from.name, split: "train", isConversion: true });
    const target = { to, settings: {}, chat: false, drop: [], split: "train" };
    for await (const row of convertPairs(stream, target)) made.push(parseExactJson(exactJsonText(row)) as Row);
    return made;
  } catch (error) {
    expect(error).toBeInstanceOf(PrefineError);
    expect((error as Error).message).toMatch(/^train row \d+: "[^"]+"/);
    return undefined;
  }
}

/** Sorted keys; without nulls and empty lists; in TRL's formats with the prompt that both answers begin with. */
function plain(row: Row, { name }: Shape): string {
  const pair = row as { prompt?: unknown; chosen: Message[]; rejected: Message[] };
  const isImplicit = (name === "trl" || name === "passthrough") && pair.prompt === undefined;
  const whole: Row = isImplicit ? { ...row, ...extractPrompt(pair) } : row;
  const isThere = (key: string) => whole[key] !== null && !(Array.isArray(whole[key]) && whole[key].length === 0);
  return exactJsonText(
    Object.fromEntries(
      Object.keys(whole)
        .filter(isThere)
        .toSorted()
        .map((key) => [key, whole[key]]),
    ),
  );
}

describe("there and back", () => {
  const shapes = Object.values(SHAPES);
  const rows = rowsOf(11);
  it.each(shapes.map((shape) => [shape.name, shape] as const))("from %s", async (_, from) => {
    let same = 0;
    for (const row of rows) {
      const native = await convert([row], SHAPES.trl, from);
      if (native === undefined) continue;
      for (const to of shapes) {
        const other = await convert(native, from, to);
        if (other === undefined) continue;
        const back = await convert(other, to, from);
        expect(back?.map((one) => plain(one, from)).join(), `${from.name} -> ${to.name}: ${exactJsonText(other)}`).toBe(
          native.map((one) => plain(one, from)).join(),
        );
        same++;
      }
    }
    expect(same).toBeGreaterThan(5);
  });
});
