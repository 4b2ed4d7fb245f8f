/** @file A large split tokenized ahead of the steps: the same pairs, warnings and errors as one by one. */
import { afterEach, describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../../test/support/byteTokenizer.ts";
import { failure } from "../../../../test/support/outcomes.ts";
import { Dataset } from "../../../data/datasets/dataset.ts";
import type { PairTokens } from "../../../data/preferences/types.ts";
import type { RunObserver } from "../../run.ts";
import { tokenizeRows } from "../rows.ts";
import type { TokenizedRows } from "../tokenized.ts";
import "../../../pretrained/tokenizerThreads.ts";

const ROWS = 1200;
const text = (i: number, length: number) => `${i} `.repeat(length).trim();
/** Prompts of 2 to 60 characters, and some of 300; equal answers, and words that merge. */
const texts = Array.from({ length: ROWS }, (_, i) => ({
  prompt: i % 97 === 5 ? text(i, 90) : text(i, 1 + (i % 14)),
  chosen: ` yes ${text(i, i % 11)}`,
  rejected: i % 50 === 7 ? ` yes ${text(i, i % 11)}` : ` no ${text(i, i % 5)}`,
}));
const chats = texts.map(({ prompt, chosen, rejected }) => ({
  prompt: [{ role: "user", content: prompt }],
  chosen: [{ role: "assistant", content: chosen }],
  rejected: [{ role: "assistant", content: rejected }],
}));
/** Two pairs or none for each row. */
const lists = texts.map(({ prompt, chosen, rejected }, i) => ({
  prompt,
  answers: [
    { answer: chosen, rank: 1 },
    { answer: rejected, rank: 2 },
    { answer: `${i}`, rank: 3 },
  ],
}));
/** A thumb per row: pairs of several rows. */
const thumbs = texts.flatMap(({ prompt, chosen, rejected }) => [
  { prompt, completion: chosen, label: true },
  { prompt, completion: rejected, label: false },
]);
const rated = texts.map((row, i) => ({ ...row, chosen_probs_win: (i % 11) / 10, chosen_probs_lose: (i % 7) / 6 }));
/** Columns of public datasets, which their first rows show. */
const named = texts.map(({ prompt, chosen, rejected }) => ({
  prompt,
  chosen_response: chosen,
  rejected_response: rejected,
}));
const TEMPLATE =
  "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}<assistant>{% endif %}";

const opened: TokenizedRows[] = [];
afterEach(async () => {
  for (const { store } of opened.splice(0)) await store.end?.();
});

interface Opening {
  isAhead?: boolean;
  max_length?: number | null;
  signal?: AbortSignal;
  to_preferences?: { pairing: "adjacent" };
  drop_degenerate?: boolean;
  winRates?: boolean;
  needsLengths?: boolean;
  chat_template?: string;
}

async function open(rows: readonly object[], { chat_template = TEMPLATE, ...options }: Opening) {
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const observer = { info: keep, warn: keep, status: () => {} } as unknown as RunObserver;
  const tokenizer = Object.assign(byteTokenizer(), { chat_template });
  const settings = { split: "train", max_length: 128, aheadFrom: 10, observer, ...options };
  const tokenized = await tokenizeRows(Dataset.from_list(rows as never, "train"), tokenizer, settings);
  opened.push(tokenized);
  return { ...tokenized, lines, isAhead: tokenized.store.complete !== undefined };
}

const allOf = ({ store }: TokenizedRows) => store.tokens(Array.from({ length: store.length }, (_, i) => i));
const plain = (pairs: readonly PairTokens[]) =>
  pairs.map(({ prompt_ids, chosen_ids, rejected_ids, winRates }) => ({
    ...{ prompt_ids, chosen_ids, rejected_ids },
    winRates,
  }));

describe.each([
  ["texts", texts, {}],
  ["chats", chats, {}],
  ["ranked answers, several pairs per row", lists, { to_preferences: { pairing: "adjacent" } as const }],
  ["columns under other names", named, {}],
  ["texts without a limit", texts, { max_length: null }],
  ["texts of which nearly all fill max_length", texts, { max_length: 24 }],
  ["win rates", rated, { winRates: true }],
])("%s", (_, rows, options) => {
  test("the same ids, counts, rows and warnings as at once", async () => {
    const once = await open(rows, options);
    const ahead = await open(rows, { ...options, isAhead: true });
    expect([once.isAhead, ahead.isAhead]).toEqual([false, true]);
    expect(ahead.store.length).toBe(once.store.length);
    expect(ahead.rows).toBe(once.rows);
    expect([...ahead.dropped]).toEqual([...once.dropped]);
    expect(ahead.origin.rows).toEqual(once.origin.rows);
    const step = Array.from({ length: 32 }, (_, i) => (i * 37 + 5) % once.store.length);
    ahead.store.expect?.(step.map((place) => (place + 1) % once.store.length));
    const [some, expected] = [await ahead.store.tokens(step), await once.store.tokens(step)];
    expect(plain(some)).toEqual(plain(expected));
    await ahead.store.complete?.();
    expect(plain(await allOf(ahead))).toEqual(plain(await allOf(once)));
    expect(once.facts).toMatch(/^train: .* pairs, chosen answers of \d+ tokens? on average, /);
    expect(ahead.lines).toEqual([...once.lines, once.facts]);
  });
});

describe.each([
  ["drop_degenerate", texts, { drop_degenerate: true }],
  ["drop_degenerate and conversations", chats, { drop_degenerate: true, max_length: 64 }],
  ["the lengths of all pairs", texts, { needsLengths: true }],
  ["pairs of several rows", thumbs, {}],
  ["all of them, with win rates", rated, { drop_degenerate: true, needsLengths: true, winRates: true }],
])("%s: where all tokens decide on the steps", (_, rows, options) => {
  test("all is known before the first, the same as at once", async () => {
    const once = await open(rows, options);
    const ahead = await open(rows, { ...options, isAhead: true });
    expect([once.isAhead, ahead.isAhead]).toEqual([false, true]);
    expect(ahead.lines).toEqual(once.lines);
    expect([...ahead.dropped]).toEqual([...once.dropped]);
    const factsOf = ({ rows: count, cut, facts, largest, reading, origin }: TokenizedRows) => ({
      ...{ count, cut, facts, largest, reading, origin },
    });
    expect(factsOf(ahead)).toEqual(factsOf(once));
    const truncation = { max_length: 64, truncation_mode: "keep_start" } as const;
    expect(ahead.store.lengths?.(truncation)).toEqual(once.store.lengths?.(truncation));
    expect(plain(await allOf(ahead))).toEqual(plain(await allOf(once)));
    await ahead.store.end?.();
    expect(ahead.lines).toEqual(once.lines);
  });
});

test("of two bad rows, the one that is named is the first, whether its text or its tokens are wrong", async () => {
  const chat_template = `{% if messages[0].content == '700' %}{{ raise_exception("not this") }}{% endif %}${TEMPLATE}`;
  for (const unread of [650, 750]) {
    const rows = chats.with(unread, { ...chats[unread], chosen: 5 } as never);
    const opening = open(rows, { isAhead: true, drop_degenerate: true, chat_template });
    expect(await failure(opening)).toMatchObject({
      code: "data",
      message: expect.stringContaining(`train row ${Math.min(unread, 700)}: `),
    });
  }
});

test("a row without a win rate is named before the first step", async () => {
  const rows = rated.with(700, { ...rated[700], chosen_probs_win: 2 });
  expect(await failure(open(rows, { isAhead: true, winRates: true }))).toMatchObject({
    message: expect.stringContaining('train row 700: expected "chosen_probs_win"'),
  });
});

test.each([
  ["roles", [{ role: "system", content: "s" }]],
  ["fields", [{ role: "user", content: "q", name: "n" }]],
])("a row whose %s the template refuses is named before the first step", async (_, prompt) => {
  const chat_template = `{% for m in messages if m.role == 'system' or m.name %}{{ raise_exception('not this') }}{% endfor %}${TEMPLATE}`;
  const rows = chats.with(700, { ...chats[700], prompt });
  expect(await failure(open(rows, { isAhead: true, chat_template }))).toMatchObject({
    code: "data",
    message: expect.stringMatching(/^train row 700: .*not this/),
  });
});

test("rows that are in no pair count among the rows, and a line says why", async () => {
  const tied = lists.map((row, i) => (i % 100 === 3 ? { ...row, answers: row.answers.slice(0, 1) } : row));
  for (const isAhead of [false, true]) {
    const { rows, store, lines } = await open(tied, { isAhead });
    expect([rows, lines.filter((line) => /skipped/.test(line))]).toEqual([
      ROWS,
      ["train: 12 rows without two answers of different ratings, skipped (row 3 and 11 more)"],
    ]);
    expect(store.length).toBeLessThanOrEqual(ROWS - 12);
  }
});

test("the longest pair is known before the first step", async () => {
  const [once, ahead] = [
    await open(texts, { max_length: null }),
    await open(texts, { max_length: null, isAhead: true }),
  ];
  expect(ahead.largest).toEqual(once.largest);
});

test("the identity follows texts, template and tokenizer", async () => {
  const identity = async (rows: readonly object[], options: Opening = {}) =>
    (await open(rows, { ...options, isAhead: true })).store.identity;
  const plainly = await identity(chats);
  expect(await identity(chats)).toBe(plainly);
  expect(await identity(chats, { chat_template: `${TEMPLATE} ` })).not.toBe(plainly);
  expect(await identity(chats.with(700, chats[1]))).not.toBe(plainly);
  expect(await identity(chats.with(700, chats[701]).with(701, chats[700]))).not.toBe(plainly);
});

test("a row in the middle that can't be read is named before the first step", async () => {
  const error = await failure(open(texts.with(700, { ...texts[700], chosen: 5 } as never), { isAhead: true }));
  expect(error).toMatchObject({ code: "data", message: expect.stringContaining("train row 700: ") });
});

test("a row that the template refuses for its content is named before the first step, where the template says so", async () => {
  const chat_template = `{% if messages[0].content == '700' %}{{ raise_exception("not this") }}{% endif %}${TEMPLATE}`;
  const opening = failure(open(chats, { isAhead: true, chat_template }));
  expect(await opening).toMatchObject({ code: "data", message: expect.stringMatching(/^train row 700: .*not this/) });
});

test("another row that the template fails on is named when its turn comes, and stops all that follows", async () => {
  const chat_template = `{% if messages[0].content == '700' %}{{ 1 // 0 }}{% endif %}${TEMPLATE}`;
  const { store } = await open(chats, { isAhead: true, chat_template });
  const complete = async () => store.complete?.();
  await store.tokens([0, 1]);
  expect(await failure(complete())).toMatchObject({ message: expect.stringContaining("train row 700: ") });
  expect(await failure(store.tokens([0]))).toMatchObject({ message: expect.stringContaining("train row 700: ") });
});

test("a signal stops the first pass; the end of the training stops the second and says how far it came", async () => {
  const stopped = AbortSignal.abort();
  expect(await failure(open(texts, { isAhead: true, signal: stopped }))).toMatchObject({ code: "interrupted" });
  const ahead = await open(texts, { isAhead: true });
  await ahead.store.tokens([3, 4]);
  await ahead.store.end?.();
  expect(ahead.lines.at(-1)).toMatch(
    /^train: [\d,]+ of 1,187 pairs were not needed, so that no check has seen their tokens$/,
  );
});

test("few rows, and those that are dropped for a reason that tokens show, are tokenized at once", async () => {
  const isAhead = async (rows: readonly object[], more: object) =>
    (await open(rows, { isAhead: true, ...more })).isAhead;
  expect(await isAhead(texts.slice(0, 9), {})).toBe(false);
  const silent = "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"; // leaves all answers out
  expect(await isAhead(chats, { chat_template: silent }).catch((error) => error.code)).toBe("data");
});
