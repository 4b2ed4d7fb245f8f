/** @file The processors of a model's generation_config.json, with scores from transformers (processors.json). */
import { describe, expect, test } from "vitest";
import fixture from "../../test/fixtures/processors.json" with { type: "json" };
import { logitsProcessors } from "./logitsProcessors.ts";
import { logSoftmax } from "./scores.ts";
import { generationSettings } from "./settings.ts";

interface Case {
  config: Record<string, unknown>;
  prompt: number;
  ids: number[];
  row: number;
  /** null: -Infinity */
  scores: (number | null)[];
}

const cases = fixture.cases as Case[];

describe(`transformers ${fixture.versions.transformers}`, () => {
  test("the number of cases", () => expect(cases).toHaveLength(155));

  test.each(cases)("$config after $ids", ({ config, prompt, ids, row, scores }) => {
    const { settings } = generationSettings({ model: config });
    const budget = settings.max_new_tokens ?? (settings.max_length ?? 0) - prompt;
    const chain = logitsProcessors(settings, { promptLength: prompt, eosTokenIds: settings.eosTokenIds, budget });
    const logits = Float32Array.from(fixture.rows[row]);
    const start = settings.num_beams > 1 ? logSoftmax(logits) : logits;
    const found = chain.reduce((current, process) => process(current, ids), start);
    expect([...found].map(Number.isFinite)).toEqual(scores.map((score) => score !== null));
    for (const [id, score] of scores.entries()) {
      if (score !== null) expect(Math.abs(found[id] - score)).toBeLessThan(2e-5 * Math.max(1, Math.abs(score)));
    }
  });
});
