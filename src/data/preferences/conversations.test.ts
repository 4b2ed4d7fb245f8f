/** @file Tokens of conversations equal TRL's; errors name rows. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/chat.json" with { type: "json" };
import { AutoTokenizer } from "../tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { tokenizePairs } from "./tokenizePairs.ts";

const folder = fileURLToPath(new URL("../../../test/fixtures/chat-tokenizer", import.meta.url));
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await AutoTokenizer.from_pretrained(folder);
});
const prepare = (rows: Record<string, unknown>[], template?: string) => {
  if (template !== undefined) tokenizer.chat_template = template;
  return tokenizePairs(rows, tokenizer, { max_length: null });
};
const turn = (role: string, content: unknown) => ({ role, content });
const row = (question: unknown, chosen = "Yes", rejected = "No") => ({
  prompt: Array.isArray(question) ? question : [turn("user", question)],
  chosen: [turn("assistant", chosen)],
  rejected: [turn("assistant", rejected)],
});
const PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}";

describe(`TRL ${fixture.versions.trl}`, () => {
  test.each(Object.entries(fixture.prepared))("tokens: %s", async (_, { rows, pairs, warned }) => {
    const prepared = await tokenizePairs(rows, tokenizer, { max_length: null });
    expect(prepared.pairs.length).toBe(rows.length);
    const plain = prepared.pairs.map(({ prompt_ids, chosen_ids, rejected_ids }) => ({
      prompt_ids,
      chosen_ids,
      rejected_ids,
    }));
    expect(plain).toEqual(pairs);
    expect(prepared.warnings.some((line) => line.includes("left out of the training sequence"))).toBe(warned);
  });
});

test("reports an empty answer and two equal answers", async () => {
  const { findings } = await prepare([row("a", ""), row("a", "b", "b"), row("a")], PLAIN);
  expect(findings).toMatchObject({ empty: [0], equal: [1], equalWithinMaxLength: [] });
});

describe("errors that name the row", () => {
  const alternating =
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
    "{{ m.content + '' }}{{ eos_token }}{% endfor %}";
  test.each([
    [
      "a template that raises",
      [row("a"), row([turn("system", "s"), turn("user", "a")])],
      "train row 1: ",
      "the chat template failed: System role not supported",
    ],
    ["content of the wrong type", [row([turn("user", ["x"])])], "train row 0: ", "can only concatenate"],
    [
      "texts next to messages",
      [{ ...row("a"), rejected: "no" }],
      'train row 0: expected "rejected" to be a list of messages, as prompt is, found a string',
      "",
    ],
    [
      "texts after messages",
      [row("a"), { prompt: "a", chosen: "b", rejected: "c" }],
      "train row 1: expected conversations",
      "",
    ],
    [
      "a message without a role",
      [{ ...row("a"), chosen: [turn("assistant", "x"), { content: "y" }] }],
      'train row 0: expected message 1 of "chosen" to have a role, found {"content":"y"}',
      "",
    ],
    [
      "no common prompt",
      [{ chosen: [turn("user", "a"), turn("assistant", "b")], rejected: [turn("user", "c"), turn("assistant", "b")] }],
      "train row 0: expected chosen and rejected to begin with the same messages",
      "",
    ],
    ["tools of the wrong type", [{ ...row("a"), tools: "{" }], 'train row 0: expected "tools" to be a list', '"{"'],
    [
      "an option that the training sets",
      [{ ...row("a"), chat_template_kwargs: { add_generation_prompt: false } }],
      'train row 0: "chat_template_kwargs": add_generation_prompt is set by the training',
      "",
    ],
    [
      "kwargs of the wrong type",
      [{ ...row("a"), chat_template_kwargs: [1] }],
      'train row 0: expected "chat_template_kwargs" to be an object, found [1]',
      "",
    ],
  ])("%s", async (_, rows, start, inner) => {
    const failure = prepare(rows, alternating);
    await expect(failure).rejects.toMatchObject({ code: "data", message: expect.stringContaining(inner) });
    await expect(failure).rejects.toThrow(start);
  });
  test("a tokenizer without a template", async () => {
    tokenizer.chat_template = null;
    await expect(prepare([row("a")])).rejects.toMatchObject({
      code: "model",
      message: `${folder}: expected a tokenizer with a chat template, found none: messages cannot be rendered`,
    });
  });
});
