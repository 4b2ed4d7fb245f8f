/** @file Series of a log: points, gaps, repeated evaluations, and errors for empty logs. */
import { describe, expect, it } from "vitest";
import { collectSeries, type RawLogEntry, smooth, thinOut } from "./series.ts";

const log: RawLogEntry[] = [
  { loss: 0.69, "rewards/margins": 0.01, epoch: 0.5, step: 10 },
  { loss: null, "rewards/margins": 0.02, epoch: 1, step: 20 },
  { eval_loss: 0.68, epoch: 1, step: 20 },
  { loss: 0.6, "rewards/margins": 0.05, epoch: 1.5, step: 30 },
  { train_loss: 0.65, epoch: 1.5, step: 30 },
  { eval_loss: 0.61, epoch: 1.5, step: 30 },
  { eval_loss: 0.62, epoch: 1.5, step: 30 },
];

describe("collectSeries", () => {
  it("draws each of several evaluation sets, under the metric's own name", () => {
    const entries = [
      { loss: 0.7, "rewards/margins": 0, epoch: 1, step: 1 },
      { eval_easy_loss: 0.6, "eval_easy_rewards/margins": 0.2, epoch: 1, step: 1 },
      { eval_very_hard_loss: 0.69, "eval_very_hard_rewards/margins": 0.1, epoch: 1, step: 1 },
    ];
    const data = collectSeries([{ name: "dpo", log_history: entries }]);
    expect(data.metrics).toEqual(["loss", "rewards/margins"]);
    expect(data.series.map(({ metric, set, points }) => [metric, set?.index, set?.name, points[0].y])).toEqual([
      ["loss", undefined, undefined, 0.7],
      ["loss", 0, "easy", 0.6],
      ["loss", 1, "very_hard", 0.69],
      ["rewards/margins", undefined, undefined, 0],
      ["rewards/margins", 0, "easy", 0.2],
      ["rewards/margins", 1, "very_hard", 0.1],
    ]);
  });

  it("collects each metric and split over epochs, with gaps at nulls and the last of repeated evaluations", () => {
    const data = collectSeries([{ name: "dpo", log_history: log }]);
    expect(data.xLabel).toBe("epoch");
    expect(data.metrics).toEqual(["loss", "rewards/margins"]);
    expect(data.series.map(({ split, metric }) => `${split} ${metric}`)).toEqual([
      "train loss",
      "eval loss",
      "train rewards/margins",
    ]);
    expect(data.series[0].points).toEqual([
      { x: 0.5, y: 0.69 },
      { x: 1, y: Number.NaN },
      { x: 1.5, y: 0.6 },
    ]);
    expect(data.series[1].points).toEqual([
      { x: 1, y: 0.68 },
      { x: 1.5, y: 0.62 },
    ]);
  });

  it("uses steps if a log has no epochs", () => {
    const data = collectSeries([{ name: "dpo", log_history: [{ loss: 0.7, step: 5 }] }]);
    expect(data).toMatchObject({ xLabel: "step", series: [{ points: [{ x: 5, y: 0.7 }] }] });
  });

  it("reports which run has nothing to draw, and why", () => {
    const run = (log_history: RawLogEntry[]) => () =>
      collectSeries([
        { name: "good", log_history: log },
        { name: "bad", log_history },
      ]);
    expect(run([])).toThrow(/^bad: .*loss, rewards\/margins or rewards\/accuracies.*log_history is empty/);
    expect(run([{ train_loss: 0.7, epoch: 1 }])).toThrow(/^bad: .*its only log entry has none/);
    expect(run([{ loss: null, epoch: 1 }])).toThrow(/^bad: /);
    expect(() => collectSeries([])).toThrow(/expected at least one run/);
  });

  it("accepts a metric with or without eval_ and suggests the nearest name", () => {
    const runs = [{ name: "dpo", log_history: log }];
    expect(collectSeries(runs, ["eval_loss", "loss"]).metrics).toEqual(["loss"]);
    expect(() => collectSeries(runs, ["rewards/margin"])).toThrow(
      expect.objectContaining({ code: "data", hint: "Did you mean rewards/margins?" }),
    );
    expect(() => collectSeries(runs, ["perplexity_of_it"])).toThrow(
      expect.objectContaining({ hint: "The log has loss, rewards/margins, train_loss." }),
    );
  });
});

describe("smooth", () => {
  it("is the weighted mean of all values so far, newer ones weighing more", () => {
    const values = [1, 4, 2, 8, 5, 7];
    const decay = 1 - 2 / 11; // windows of at least ten points
    const points = smooth(values.map((y, x) => ({ x, y })));
    values.forEach((_, last) => {
      const weights = values.slice(0, last + 1).map((_, i) => decay ** (last - i));
      const sum = weights.reduce((total, weight, i) => total + weight * values[i], 0);
      expect(points[last].y).toBeCloseTo(sum / weights.reduce((a, b) => a + b), 12);
    });
  });

  it("keeps gaps and continues after them", () => {
    const points = smooth([2, Number.NaN, 2].map((y, x) => ({ x, y })));
    expect(points[1].y).toBeNaN();
    expect(points[2].y).toBeCloseTo(2, 12);
  });
});

describe("thinOut", () => {
  it("keeps the lowest point, the highest and a gap of every range, in order", () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: Math.sin(x / 20) }));
    points[500].y = 10;
    points[777].y = Number.NaN;
    const thin = thinOut(points, 50);
    expect(thin.length).toBeLessThanOrEqual(101);
    expect(thin).toContain(points[500]);
    expect(thin).toContain(points[777]);
    expect(thin.map(({ x }) => x)).toEqual(thin.map(({ x }) => x).sort((a, b) => a - b));
    expect(thinOut(points, 500)).toBe(points);
  });
});
