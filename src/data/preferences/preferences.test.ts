/** @file Prompts, tokens and truncation equal TRL's; a packed pair holds both sequences; errors name bad rows. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/tokenization.json" with { type: "json" };
import { AutoTokenizer } from "../tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { extractPrompt, type Message } from "./extractPrompt.ts";
import { packPair, type TruncationMode } from "./packPair.ts";
import { tokenizePair } from "./tokenizePair.ts";
import { type TokenizePairsOptions, tokenizePairs } from "./tokenizePairs.ts";
import type { PackedPair, PairTokens } from "./types.ts";

const small = fileURLToPath(new URL("../../../test/fixtures/tokenizer", import.meta.url));
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await AutoTokenizer.from_pretrained(small);
});

const plain = ({ prompt_ids, chosen_ids, rejected_ids }: PairTokens) => ({ prompt_ids, chosen_ids, rejected_ids });
const prepare = (rows: Record<string, unknown>[], options: Partial<TokenizePairsOptions> = {}) =>
  tokenizePairs(rows, tokenizer, { max_length: null, ...options });

/** The two sequences of a packed row, and which of their tokens are predicted (the collator's masks). */
function unpack(packed: PackedPair): { input_ids: number[][]; completion_mask: number[][] } {
  const { sharedLength, chosenLength, tokens, positions, predictFrom, labels, chosenTargets } = packed;
  const rowsOf = (start: number, end: number) => [
    ...Array.from({ length: sharedLength }, (_, i) => i),
    ...Array.from({ length: end - start }, (_, i) => start + i),
  ];
  const sides = [rowsOf(sharedLength, sharedLength + chosenLength), rowsOf(sharedLength + chosenLength, tokens.length)];
  const targets = [0, chosenTargets, labels.length];
  const masks = sides.map((rows, side) => {
    expect(rows.map((row) => positions[row])).toEqual(rows.map((_, i) => i));
    const mask = rows.map(() => 0);
    for (let n = targets[side]; n < targets[side + 1]; n++) {
      const at = rows.indexOf(predictFrom[n]) + 1;
      expect(at).toBeGreaterThan(0);
      expect(labels[n]).toBe(tokens[rows[at]]);
      mask[at] = 1;
    }
    return mask;
  });
  return { input_ids: sides.map((rows) => rows.map((row) => tokens[row])), completion_mask: masks };
}

/** TRL's mask says which tokens belong to a completion; the first token of a sequence is never predicted. */
const withoutFirst = (masks: number[][]) => masks.map((mask) => mask.map((bit, i) => (i === 0 ? 0 : bit)));

describe(`TRL ${fixture.versions.trl} on awkward rows`, () => {
  test("extractPrompt", () => {
    for (const { row, extracted } of fixture.extract_prompt) {
      expect(extractPrompt(row as { chosen: string; rejected: string })).toEqual(extracted);
    }
    expect(fixture.extract_prompt.length).toBe(11);
  });

  test.each(fixture.prepared)("tokens and sequences: max_length $max_length, $truncation_mode", async (wanted) => {
    const truncation = { max_length: wanted.max_length, truncation_mode: wanted.truncation_mode as TruncationMode };
    const prepared = await prepare(fixture.rows, truncation);
    // The one difference: a completion without a predicted token, which TRL counts with log-probability 0.
    const predicts = (pair: { completion_mask: number[][] }) =>
      withoutFirst(pair.completion_mask).every((mask) => mask.includes(1));
    const pairs = wanted.pairs.filter(predicts);
    expect(prepared.findings.nothingToPredict).toHaveLength(wanted.pairs.length - pairs.length);
    expect(pairs.length).toBeGreaterThan(30);
    expect(prepared.pairs.map(plain)).toEqual(pairs.map(plain));
    for (const [index, pair] of prepared.pairs.entries()) {
      const packed = packPair(pair, { index, ...truncation })!;
      const { input_ids, completion_mask } = pairs[index];
      expect(unpack(packed)).toEqual({ input_ids, completion_mask: withoutFirst(completion_mask) });
      expect(packed.index).toBe(index);
    }
    const lost = fixture.rows.filter(
      (row) => tokenizePair({ kind: "texts", ...row }, tokenizer).lost_prompt_ids.length > 0,
    ).length;
    expect(lost).toBe(wanted.warned);
  });
});

describe("extractPrompt where TRL fails", () => {
  test("completions that differ from the first character on have no prompt, whatever they end with", () => {
    const row = { chosen: "yes ", rejected: "no " };
    expect(extractPrompt(row)).toEqual({ prompt: "", ...row });
  });
  test("an empty completion gives no prompt", () => {
    expect(extractPrompt({ chosen: "", rejected: "x" })).toEqual({ prompt: "", chosen: "", rejected: "x" });
    const turns: Message[] = [{ role: "user", content: "q" }];
    expect(extractPrompt({ chosen: turns, rejected: [] })).toEqual({ prompt: [], chosen: turns, rejected: [] });
  });
  test("no character is cut", () => {
    expect(extractPrompt({ chosen: "a😀", rejected: "a😁" })).toEqual({ prompt: "a", chosen: "😀", rejected: "😁" });
    expect(extractPrompt({ chosen: "a😀", rejected: "a😀!" })).toEqual({ prompt: "a", chosen: "😀", rejected: "😀!" });
    expect(extractPrompt({ chosen: "😀x", rejected: "😀y" })).toEqual({ prompt: "😀", chosen: "x", rejected: "y" });
  });
});

describe("packPair", () => {
  const pair = { prompt_ids: [1, 2, 3], chosen_ids: [4, 5], rejected_ids: [6] };

  test("lays out shared | chosen | rejected", () => {
    expect(packPair(pair, { index: 7, max_length: null, truncation_mode: "keep_start" })).toEqual({
      index: 7,
      tokens: Int32Array.of(1, 2, 3, 4, 5, 6),
      positions: Int32Array.of(0, 1, 2, 3, 4, 3),
      sharedLength: 3,
      chosenLength: 2,
      rejectedLength: 1,
      predictFrom: Int32Array.of(2, 3, 2),
      labels: Int32Array.of(4, 5, 6),
      chosenTargets: 2,
      completionLengths: { chosen: 2, rejected: 1 },
    });
  });

  test("keep_start cuts the ends, and leaves nothing if the prompt fills max_length", () => {
    const options = { index: 0, truncation_mode: "keep_start" } as const;
    expect(packPair(pair, { ...options, max_length: 4 })!.labels).toEqual(Int32Array.of(4, 6));
    expect(packPair(pair, { ...options, max_length: 3 })).toBeNull();
  });

  test("keep_end gives each sequence its own context if the cuts differ", () => {
    const packed = packPair(pair, { index: 0, max_length: 4, truncation_mode: "keep_end" })!;
    expect(packed).toMatchObject({
      tokens: Int32Array.of(2, 3, 4, 5, 1, 2, 3, 6),
      positions: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3),
      sharedLength: 0,
      predictFrom: Int32Array.of(1, 2, 6),
      labels: Int32Array.of(4, 5, 6),
      completionLengths: { chosen: 2, rejected: 1 },
    });
  });

  test("keep_end shares the rest of the prompt if the cuts are the same", () => {
    const even = { prompt_ids: [1, 2, 3], chosen_ids: [4, 5], rejected_ids: [6, 7] };
    const packed = packPair(even, { index: 0, max_length: 4, truncation_mode: "keep_end" })!;
    expect(packed).toMatchObject({ tokens: Int32Array.of(2, 3, 4, 5, 6, 7), sharedLength: 2, chosenTargets: 2 });
  });
});

describe("tokenizePairs", () => {
  const row = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });

  test("counts dropped rows by number and reports them once", async () => {
    const rows = [row("Z".repeat(30), "Q", "X"), row("Z", "Q", "X"), row("", "", "Q"), row("Z", "Q", "X")];
    const prepared = await prepare(rows, { max_length: 20, split: "train_prefs" });
    expect(prepared.keptIndices).toEqual([1, 3]);
    expect(prepared.findings).toMatchObject({ promptFillsMaxLength: [0], nothingToPredict: [2], empty: [] });
    expect(prepared.warnings).toEqual([
      "train_prefs: dropped 1 of 4 rows whose prompt alone fills max_length 20",
      "train_prefs: dropped 1 of 4 rows without a prompt and with a completion of one token",
    ]);
  });

  test("keeps pairs that teach nothing and names them in one line, or drops them", async () => {
    const rows = [row("Z", "", "Q"), row("Z", "Q", "Q"), row("Z", "QQQQX", "QQQQQ"), row("Z", "Q", "X")];
    const kept = await prepare(rows, { max_length: 4 });
    expect(kept.findings).toMatchObject({ empty: [0], equal: [1], equalWithinMaxLength: [2] });
    expect(kept.keptIndices).toEqual([0, 1, 2, 3]);
    expect(kept.warnings).toEqual([
      "train: chosen or rejected is empty in row 0; chosen and rejected are equal in row 1; " +
        "chosen and rejected are equal within max_length in row 2 (kept, as in TRL)",
    ]);
    const dropped = await prepare(rows, { max_length: 4, drop_degenerate: true });
    expect(dropped.keptIndices).toEqual([3]);
    expect(dropped.findings).toEqual(kept.findings);
    expect(dropped.warnings).toEqual([kept.warnings[0].replace("kept, as in TRL", "dropped")]);
    const many = await prepare(Array.from({ length: 9 }, () => row("Z", "Q", "Q")));
    expect(many.warnings[0]).toContain("equal in rows 0, 1, 2, 3, 4 and 4 more");
  });

  test("warns once when tokens merge across the end of a prompt", async () => {
    const { warnings, pairs } = await prepare([row("is  ", "x", "y"), row("is  ", "x", "y")]);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain('its end "  " is left out');
    expect(tokenizer.decode(pairs[0].prompt_ids)).toBe("is");
  });

  test("max_prompt_length keeps the end of a prompt", async () => {
    const { pairs } = await prepare([row("abcdefgh", "x", "y")], { max_prompt_length: 2 });
    expect(tokenizer.decode(pairs[0].prompt_ids)).toBe("gh");
  });

  test("takes lazy rows and an implicit prompt", async () => {
    async function* rows() {
      yield { chosen: "Q: 1 a", rejected: "Q: 1 b" };
    }
    const { pairs } = await tokenizePairs(rows(), tokenizer, { max_length: null });
    const parts = [pairs[0].prompt_ids, pairs[0].chosen_ids, pairs[0].rejected_ids].map((ids) => tokenizer.decode(ids));
    expect(parts).toEqual(["Q: 1", " a<|endoftext|>", " b<|endoftext|>"]);
  });

  test("yields to timers and stops on a signal", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 60);
    function* endless() {
      for (;;) yield row("a prompt ".repeat(20), "b", "c");
    }
    const seen: number[] = [];
    const options = { signal: stop.signal, max_length: null, onProgress: (rows: number) => seen.push(rows) };
    await expect(tokenizePairs(endless(), tokenizer, options)).rejects.toMatchObject({ code: "interrupted" });
    expect(seen.length).toBeGreaterThan(0);
  });

  const turns = [{ role: "user", content: "q" }];
  test.each([
    ["a missing column", [{ prompt: "a", chosen: "b" }], 'row 0: expected the column "rejected", found prompt, chosen'],
    [
      "a null",
      [row("a", "b", "c"), { prompt: "a", chosen: null, rejected: "c" }],
      'row 1: expected "chosen" to be a string, found null',
    ],
    [
      "a number",
      [{ prompt: 5, chosen: "b", rejected: "c" }],
      'row 0: expected "prompt" to be a string, found the number 5',
    ],
    [
      "messages next to a text",
      [{ prompt: "q", chosen: turns, rejected: turns }],
      'expected "chosen" to be a string, as prompt is, found a list of messages',
    ],
    [
      "a prompt that stops",
      [row("a", "b", "c"), { chosen: "b", rejected: "c" }],
      'row 1: expected the column "prompt"',
    ],
    [
      "images, which no model here sees",
      [{ ...row("a", "b", "c"), images: ["a.png"] }],
      'train row 0: expected texts, found images in the column "images"',
    ],
    ["no rows", [], "train: expected rows, found none"],
    [
      "only long prompts",
      [row("a".repeat(40), "b", "c")],
      "whose prompt leaves room within max_length, found none among 1",
    ],
  ])("refuses %s", async (_, rows, message) => {
    await expect(prepare(rows, { max_length: 20 })).rejects.toThrow(message);
    await expect(prepare(rows, { max_length: 20 })).rejects.toMatchObject({ code: "data" });
  });

  test("refuses ids outside the model's vocabulary", async () => {
    const rows = [row("Z", "Q", "X<|endoftext|>"), row("Z", "日", "Q")];
    const failure = prepare(rows, { modelVocabSize: 100, split: "test_prefs" });
    await expect(failure).rejects.toThrow(/test_prefs row 1: token ".+" has id \d+, the model's vocabulary ends at 99/);
  });
});
