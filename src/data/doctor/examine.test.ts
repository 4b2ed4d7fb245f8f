/** @file Rows for the doctor, tokenized in threads: the same rows, tokens and errors, in the same order, as here. */
import { expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import { rowNames } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import { TokenizingThreads } from "../preferences/tokenizingThreads.ts";
import { threadsOf } from "../tokenizers/slowCalls.ts";
import { type RawPair, RowExamination } from "./examine.ts";
import "../../pretrained/tokenizerThreads.ts";

const TEMPLATE =
  "{% if messages[0].content == '500' %}{{ raise_exception('not this') }}{% endif %}" +
  "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

const text = (i: number) => `${i} `.repeat(1 + (i % 150)).trim();
const texts = (i: number): Row => ({ prompt: text(i), chosen: ` yes ${text(i)}`, rejected: " no" });
const chats = (i: number): Row => ({
  prompt: [{ role: "user", content: i === 500 ? "500" : text(i) }],
  chosen: [{ role: "assistant", content: "yes" }],
  rejected: [{ role: "assistant", content: text(i) }],
});
const damaged = (row: (i: number) => Row) => (i: number) => (i % 200 === 30 ? { ...row(i), chosen: i } : row(i));

async function* pairs(row: (i: number) => Row): AsyncGenerator<RawPair> {
  for (let index = 0; index < 600; index++) yield { raw: row(index), index };
}

async function examined(row: (i: number) => Row, chat_template: string | null, inThreads: boolean) {
  const tokenizer = Object.assign(byteTokenizer(), { chat_template });
  const settings = {
    truncation: { max_length: null, truncation_mode: "keep_start" as const },
    maxPromptLength: null,
    modelVocabSize: undefined,
  };
  const openThreads = () => TokenizingThreads.of(threadsOf(tokenizer), settings);
  const examination = new RowExamination({
    ...{ nameOf: rowNames("train"), tokenizer, alone: 0 },
    ...(inThreads && { openThreads }),
  });
  const found: unknown[] = [];
  for await (const one of examination.rows(pairs(row))) {
    const { index } = one;
    if ("error" in one) found.push([index, (one.error as Error).message]);
    else found.push([index, one.row.prompt, one.row.pair]);
  }
  return { found, withoutTokens: examination.withoutTokens };
}

test.each([
  ["texts", damaged(texts), TEMPLATE, 3],
  ["conversations, one of which the template refuses", damaged(chats), TEMPLATE, 4],
  ["conversations without a template", damaged(chats), null, 3],
])("%s", async (_, row, template, errors) => {
  const here = await examined(row, template, false);
  const there = await examined(row, template, true);
  expect(there).toEqual(here);
  expect(here.found).toHaveLength(600);
  expect(here.found.filter((one) => (one as unknown[]).length === 2)).toHaveLength(errors);
  expect(here.withoutTokens === undefined).toBe(template !== null);
});
