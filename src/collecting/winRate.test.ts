/** @file The win rate of one source over another, from a record on disk. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sideOf } from "../../test/support/preferenceEvents.ts";
import type { Verdict } from "./events.ts";
import { PreferenceRecord } from "./record.ts";
import { shareOf, verdictsToSettle } from "./shares.ts";
import { preferenceStatistics, winRate } from "./winRate.ts";

interface Shown {
  /** On the left; the other source is on the right. */
  left?: "base" | "dpo";
  verdict: Verdict;
  annotator?: string;
  prompt?: string;
  /** Tokens of the answers on the left and on the right. */
  tokens?: [number, number] | null;
  repeat?: boolean;
}

async function recordOf(...verdicts: Shown[]): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), "wins-")), "pairs.jsonl");
  const record = await PreferenceRecord.open(file);
  for (const [i, { left = "dpo", verdict, annotator = "ann", prompt = `${i}`, tokens, repeat }] of verdicts.entries()) {
    const sides = [left, left === "dpo" ? "base" : "dpo"];
    const [one, other] = sides.map((source, side) => sideOf(`${source}'s`, source, (tokens ?? [10, 20])[side]));
    await record.append({
      type: "verdict",
      prompt,
      left: one,
      right: other,
      verdict,
      annotator,
      repeat: repeat ?? false,
    });
  }
  return file;
}

test("ties count half; the sides where answers were shown do not matter", async () => {
  const file = await recordOf(
    { verdict: "left" },
    { left: "base", verdict: "right" },
    { left: "base", verdict: "left" },
    { verdict: "tie" },
    { verdict: "both good" },
    { verdict: "both bad" },
    { verdict: "skip" },
  );
  const rate = await winRate(file, { of: "dpo" });
  expect(rate).toEqual({
    ...{ of: "dpo", over: "base", wins: 2, losses: 1, ties: 3, both_good: 1, both_bad: 1, skipped: 1 },
    rate: shareOf(3.5, 6),
    similar_length: shareOf(0, 0),
    length_unit: "tokens",
    left: shareOf(2, 3),
    more_to_settle: verdictsToSettle(shareOf(3.5, 6)),
  });
  const other = await winRate(file, { of: "base", over: "dpo" });
  expect(other).toMatchObject({ wins: 1, losses: 2, ties: 3, rate: shareOf(2.5, 6) });
});

test("pairs of similar length are those that differ by at most a tenth", async () => {
  const file = await recordOf(
    { verdict: "left", tokens: [100, 90] },
    { verdict: "right", tokens: [90, 100] },
    { verdict: "left", tokens: [10, 20] },
    { verdict: "tie", tokens: [0, 0] },
  );
  expect(await winRate(file, { of: "dpo" })).toMatchObject({ rate: shareOf(2.5, 4), similar_length: shareOf(1.5, 3) });
});

test("each pair counts once: the latest verdict of an annotator, the majority of several, no repeats", async () => {
  const verdictsOf = (prompt: string, ...verdicts: Verdict[]) =>
    verdicts.map((verdict, i): Shown => ({ prompt, verdict, annotator: ["ann", "ben", "cy"][i] }));
  const file = await recordOf(
    ...verdictsOf("majority", "left", "left", "right"),
    ...verdictsOf("draw", "left", "right"),
    ...verdictsOf("one skips", "skip", "right"),
    ...verdictsOf("all skip", "skip", "skip"),
    { prompt: "changed", verdict: "right" },
    { prompt: "changed", verdict: "left" },
    { prompt: "changed", left: "base", verdict: "left", repeat: true },
  );
  const rate = await winRate(file, { of: "dpo" });
  expect(rate).toMatchObject({ wins: 2, losses: 1, ties: 1, skipped: 1, rate: shareOf(2.5, 4) });
  expect(await winRate(file, { of: "dpo", annotator: "ann" })).toMatchObject({ wins: 3, losses: 0, skipped: 2 });
  expect((await preferenceStatistics(file)).self_agreement).toEqual({ n: 1, equal: 0, left_twice: 1, right_twice: 0 });
});

describe("wrong input", () => {
  test.each<[object | undefined, string]>([
    [undefined, "winRate: of: expected a text, found nothing"],
    [{ of: "dop" }, "expected verdicts on answers of dop, found none"],
    [{ of: "dpo", over: "dpo" }, "over: expected another source than of, found dpo"],
    [{ of: "dpo", over: "gpt2" }, "expected verdicts between dpo and gpt2, found none"],
    [{ of: "dpo", annotater: "ann" }, "annotater: unknown option; did you mean annotator?"],
  ])("%j", async (options, message) => {
    const file = await recordOf({ verdict: "left" });
    await expect(winRate(file, options as never)).rejects.toThrow(message);
  });

  test("several opponents, no sources, no record", async () => {
    const file = await recordOf({ verdict: "left" });
    const record = await PreferenceRecord.open(file);
    const [left, right] = [sideOf("A", "dpo"), sideOf("B", "gpt2")];
    await record.append({ type: "verdict", prompt: "Q", left, right, verdict: "left" });
    await expect(winRate(file, { of: "dpo" })).rejects.toThrow("over: expected one of base, gpt2, found nothing");
    expect(await winRate(file, { of: "dpo", over: "gpt2" })).toMatchObject({ wins: 1, length_unit: "characters" });
    for (const read of [winRate(`${file}l.jsonl`, { of: "dpo" }), preferenceStatistics(`${file}l.jsonl`)])
      await expect(read).rejects.toThrow("expected the events of a record of preferences, found no such file");
  });
});
