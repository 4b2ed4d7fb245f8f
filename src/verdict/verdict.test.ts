/** @file Verdicts on recorded runs, and on logs that were made up to be odd. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { factsOf, type RecordedRun } from "../../scripts/verdict/recipes.ts";
import type { RunFacts } from "./facts.ts";
import type { LoggedEntry } from "./measures.ts";
import { RATES } from "./thresholds.ts";
import { isBad, judge, verdictLine } from "./verdict.ts";

const file = new URL("../../test/fixtures/verdict-runs.json", import.meta.url);
const RUNS: Record<string, RecordedRun> = JSON.parse(readFileSync(file, "utf8"));
const recorded = (name: string) => ({ log: RUNS[name].log_history as LoggedEntry[], facts: factsOf(RUNS[name]) });

describe("the recorded runs", () => {
  it.each(Object.keys(RUNS))("%s", (name) => {
    const { log, facts } = recorded(name);
    expect(judge(log, facts).kind).toBe(RUNS[name].kind);
  });

  it("are three or more of each kind, on models of several shapes", () => {
    const kinds = Object.values(RUNS).map(({ kind }) => kind);
    for (const kind of ["collapsed", "overfitting", "saturated", "did not move", "learning"])
      expect(kinds.filter((one) => one === kind).length, kind).toBeGreaterThanOrEqual(3);
    expect(new Set(Object.values(RUNS).map(({ model }) => model)).size).toBe(4);
  });

  it.each(Object.keys(RUNS))("%s: with every second entry the verdict is the same, or silent", (name) => {
    const { log, facts } = recorded(name);
    const rarer = log.filter((entry, i) => !("loss" in entry) || i % 2 === 1);
    const { kind } = judge(rarer, facts);
    expect([RUNS[name].kind, "none", "unclear"]).toContain(kind);
  });

  it.each(Object.keys(RUNS))("%s: half of it is judged by what is there, and says so", (name) => {
    const { log, facts } = recorded(name);
    const step = Math.floor(facts.step / 2);
    const half = log.filter((entry) => (entry.step ?? 0) <= step);
    const verdict = judge(half, { ...facts, step, end: "interrupted" });
    expect(verdictLine(verdict)).toMatch(new RegExp(`^verdict: interrupted at step ${step}, so far `));
    const isGood = ["learning", "did not move", "unclear"].includes(RUNS[name].kind);
    if (isGood) expect(["collapsed", "overfitting", "saturated"]).not.toContain(verdict.kind);
  });

  it("are judged alike under the names of several evaluation sets", () => {
    for (const name of Object.keys(RUNS)) {
      const { log, facts } = recorded(name);
      const rename = (set: string) =>
        log.map((entry) => {
          const values = Object.entries(entry);
          return Object.fromEntries(values.map(([key, value]) => [key.replace(/^eval_/, `eval_${set}_`), value]));
        });
      const both = [...rename("easy"), ...rename("very_hard").filter((entry) => !("loss" in entry))];
      expect(judge(both, facts).kind, name).toBe(RUNS[name].kind);
    }
  });
});

const FACTS: RunFacts = {
  beta: 0.1,
  loss_type: ["sigmoid"],
  learning_rate: 1e-4,
  optim: "adamw_torch_fused",
  isAdapter: true,
  reference: "start",
  step: 100,
  max_steps: 100,
  end: "finished",
  best_step: null,
};

/** A log of `points` entries; `at(i)` has what differs. */
const logOf = (points: number, at: (share: number) => Record<string, number | null>): LoggedEntry[] =>
  Array.from({ length: points }, (_, i) => ({
    loss: Math.LN2,
    grad_norm: 1,
    "rewards/chosen": 0.1 * (i / points),
    "rewards/rejected": -0.1 * (i / points),
    "rewards/margins": 0.2 * (i / points),
    "rewards/accuracies": 0.9,
    "logps/chosen": -200,
    "logps/rejected": -220,
    step: 10 * (i + 1),
    ...at(i / points),
  }));

describe("a log", () => {
  it("of fewer than ten points gets no verdict, and says why in one line", () => {
    const line = (points: number, facts: Partial<RunFacts> = {}) =>
      verdictLine(
        judge(
          logOf(points, () => ({})),
          { ...FACTS, ...facts },
        ),
      );
    expect(line(9)).toBe(
      "verdict: none: 9 logged points, and below 10 noise looks like a trend. Set logging_steps to 10 or less.",
    );
    expect(line(1, { step: 4, max_steps: 4 })).toMatch(
      /^verdict: none: 1 logged point, .* Train for 10 steps or more\.$/,
    );
    expect(line(0)).toMatch(/^verdict: none: 0 logged points, /);
    expect(line(10)).toMatch(/^verdict: learning: /);
    expect(line(2, { step: 12, max_steps: 12 })).toMatch(/Set logging_steps to 1\.$/);
    expect(line(3, { step: 3, end: "interrupted" })).toMatch(/^verdict: interrupted at step 3, .* a trend\.$/);
  });

  it("of a model that no longer predicts words is of a collapsed run, even if all pairs are ordered", () => {
    const log = logOf(12, (share) => ({
      loss: 0.4 * (1 - share),
      "rewards/accuracies": 1,
      "rewards/margins": 12,
      entropy: share === 0 ? 1.5 : 4.9,
      mean_token_accuracy: share === 0 ? 0.09 : 0,
    }));
    const { kind, reason } = judge(log, FACTS);
    expect(kind).toBe("collapsed");
    expect(reason).toContain("mean_token_accuracy fell from 0.09 to 0, entropy rose from 1.5 to 4.9");
    const sure = log.map((entry) => ({ ...entry, mean_token_accuracy: 0.2 }));
    expect(judge(sure, FACTS).kind).toBe("saturated");
  });

  it("whose held-out pairs show none of what was learned is unclear, or of overfitting once all pairs are ordered", () => {
    const held = (accuracy: number, margin: number, at = 20) => ({
      eval_loss: 0.69,
      "eval_rewards/accuracies": accuracy,
      "eval_rewards/margins": margin,
      step: at,
    });
    const train = logOf(20, () => ({}));
    expect(judge([...train, held(0.44, 0.007)], FACTS)).toMatchObject({
      kind: "unclear",
      reason: expect.stringContaining("held-out pairs show none of it; held out: accuracy 0.44, loss 0.69"),
      next: "Train on more pairs, and look at them: is chosen better than rejected?",
    });
    expect(judge([...train, held(0.8, 0.15)], FACTS)).toMatchObject({
      kind: "learning",
      reason: expect.stringMatching(/rewards\/accuracies are 0\.9; held out: accuracy 0\.8, loss 0\.69$/),
    });
    const ordered = logOf(20, () => ({ "rewards/accuracies": 1, "rewards/chosen": 2.5, "rewards/rejected": -2.5 }));
    const byHeart = ordered.map((entry) => ({ ...entry, "rewards/margins": 5 }));
    expect(judge([...byHeart, held(0.5, 0.1)], FACTS)).toMatchObject({
      kind: "overfitting",
      reason: "the training pairs were learned by heart; held out: accuracy 0.5, loss 0.69",
    });
    const learned = judge([...byHeart, held(1, 4)], FACTS);
    expect(learned.kind).toBe("saturated");
    expect(learned.next).toBe("Fewer steps do as well; look at the answers with prefine compare.");
    expect(judge(byHeart, FACTS).next).toMatch(/, and evaluate held-out pairs\.$/);
  });

  it("that ended where a number was not finite is of a collapsed run, however short", () => {
    expect(judge([], { ...FACTS, end: "not finite" }).kind).toBe("collapsed");
    expect(
      judge(
        logOf(12, (share) => ({ loss: share > 0.5 ? null : 0.5 })),
        FACTS,
      ).kind,
    ).toBe("collapsed"); // TRL's
    expect(
      judge(
        logOf(4, () => ({ grad_norm: Number.NaN })),
        FACTS,
      ).kind,
    ).toBe("collapsed");
  });

  it("whose margins are noise is unclear, and so is one of accuracies near a half", () => {
    const noise = logOf(20, (share) => ({ "rewards/margins": Math.round(share * 20) % 2 ? 0.9 : -0.7 }));
    expect(judge(noise, FACTS)).toMatchObject({ kind: "unclear", reason: expect.stringContaining("step to step") });
    const coin = judge(
      logOf(20, () => ({ "rewards/accuracies": 0.52 })),
      FACTS,
    );
    expect(coin).toMatchObject({ kind: "unclear", reason: expect.stringContaining("0.52") });
  });

  it("is read in nats of whole answers: the same move at five times the beta is the same verdict", () => {
    const moved = (beta: number, nats: number) => {
      const rewards = { "rewards/chosen": beta * nats, "rewards/rejected": 0, "rewards/margins": beta * nats };
      return judge(
        logOf(20, () => rewards),
        { ...FACTS, beta },
      ).kind;
    };
    for (const beta of [0.01, 0.1, 0.5, 2]) {
      expect(moved(beta, 0.05), String(beta)).toBe("did not move");
      expect(moved(beta, 0.15), String(beta)).toBe("unclear");
      expect(moved(beta, 1), String(beta)).toBe("learning");
    }
  });

  it("with beta 0, another reference or none never says that it did not move", () => {
    const still = logOf(20, () => ({ "rewards/chosen": 0, "rewards/rejected": 0, "rewards/margins": 0 }));
    expect(judge(still, FACTS).kind).toBe("did not move");
    for (const facts of [{ beta: 0 }, { reference: "other" as const }, { reference: "none" as const }])
      expect(judge(still, { ...FACTS, ...facts }).kind).toBe("unclear");
  });

  it("is of overfitting only where all evaluation sets rise while the training loss falls", () => {
    const evaluated = (losses: Record<string, number[]>) =>
      Object.entries(losses).flatMap(([set, values]) =>
        values.map((loss, i) => ({ [`eval_${set}loss`]: loss, step: 50 * i })),
      );
    const train = logOf(20, (share) => ({ loss: Math.LN2 - 0.4 * share }));
    const kind = (losses: Record<string, number[]>, log = train) => judge([...log, ...evaluated(losses)], FACTS).kind;
    const [rises, falls] = [
      [0.69, 0.6, 0.7, 0.8],
      [0.69, 0.6, 0.5, 0.45],
    ];
    expect(kind({ "": rises })).toBe("overfitting");
    expect(kind({ a_: rises, b_: rises })).toBe("overfitting");
    expect(kind({ a_: rises, b_: falls })).toBe("learning");
    expect(judge([...train, ...evaluated({ a_: rises, b_: falls })], FACTS).reason).toContain("eval_a_loss rises");
    expect(kind({ "": [0.69, 0.8] })).toBe("learning"); // two evaluations are no trend
    expect(
      kind(
        { "": rises },
        logOf(20, (share) => ({ loss: 0.6 + share })),
      ),
    ).not.toBe("overfitting");
  });

  it("without rewards says so", () => {
    const bare = Array.from({ length: 12 }, (_, i) => ({ loss: 0.7, step: i }));
    expect(judge(bare, FACTS)).toMatchObject({ kind: "unclear", reason: "the log has no rewards", next: "" });
  });
});

describe("what to do next", () => {
  const still = logOf(20, () => ({ "rewards/chosen": 0, "rewards/rejected": 0, "rewards/margins": 0 }));

  it("names the learning rate that the run had, and those that work, where they are known", () => {
    const line = (facts: Partial<RunFacts>) => verdictLine(judge(still, { ...FACTS, ...facts }));
    expect(line({ learning_rate: 1e-6 })).toBe(
      "verdict: did not move: chosen gained 0 nats on rejected, for all that rewards/accuracies are 0.9: the answers " +
        "stay as they were. Raise learning_rate: LoRA usually takes 1e-5 to 1e-3, this run had 1e-6, or train for " +
        "more steps.",
    );
    expect(line({ learning_rate: 1e-7, isAdapter: false })).toContain("training all weights usually takes");
    expect(line({ learning_rate: 1e-6, optim: "sgd" })).toContain("Raise learning_rate (this run had 1e-6), or");
    expect(line({ learning_rate: 2e-3 })).toContain("Raise learning_rate (this run had 2e-3), or"); // usual or above
  });

  it("of overfitting names the best step, or that it was loaded", () => {
    const { log, facts } = recorded("overfit-lora-5e-3");
    const best = judge(log, facts).measures.evaluated[0].best_step;
    expect(judge(log, facts).next).toContain(`Stop around step ${best}`);
    expect(judge(log, { ...facts, best_step: best }).next).toContain(`The checkpoint of step ${best} was loaded`);
  });

  it("of overfitting keeps no step where the held-out loss was never below its start", () => {
    const falls = logOf(20, (share) => ({ loss: Math.LN2 - 0.4 * share }));
    const rises = [0.79, 0.83, 1.1].map((loss, i) => ({ eval_loss: loss, step: 50 * (i + 1) }));
    const { kind, next } = judge([...falls, ...rises], FACTS);
    expect(kind).toBe("overfitting");
    expect(next).toMatch(/^The held-out loss was never below ln 2, where it starts: no step is worth keeping\. /);
  });

  it("says that greedy answers may still be the same, and that a large rate may have broken them", () => {
    const next = (nats: number, facts: Partial<RunFacts> = {}) => {
      const rewards = { "rewards/chosen": 0.1 * nats, "rewards/rejected": 0, "rewards/margins": 0.1 * nats };
      return judge(
        logOf(20, () => rewards),
        { ...FACTS, ...facts },
      ).next;
    };
    expect(next(0.5)).toMatch(/^Answers may still be the same words; look at /);
    expect(next(5)).toMatch(/^Look at the answers with prefine compare, /);
    expect(next(5, { learning_rate: 0.05 })).toMatch(/^Lower learning_rate: .* at that rate answers often fall apart /);
  });

  it("is a warning where something is to be changed", () => {
    expect(isBad(judge(still, FACTS))).toBe(true);
    expect(
      isBad(
        judge(
          logOf(20, () => ({})),
          FACTS,
        ),
      ),
    ).toBe(false);
  });

  it("has learning rates in order", () => {
    for (const { works, usual } of Object.values(RATES))
      expect([works[0], ...usual, works[1]]).toEqual([...works, ...usual].sort((a, b) => a - b));
  });
});
