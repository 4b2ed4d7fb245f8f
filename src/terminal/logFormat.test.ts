/** @file Formatting of numbers, durations and the line of metrics. */
import { describe, expect, it } from "vitest";
import { formatCount, formatDuration, formatMetric, formatNumber, metricCells } from "./logFormat.ts";

describe("formatDuration", () => {
  it.each([
    [0, "0:00"],
    [7.4, "0:07"],
    [59.6, "1:00"],
    [725, "12:05"],
    [3723, "1:02:03"],
    [100 * 3600, "100:00:00"],
    [Number.POSITIVE_INFINITY, "-:--"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("formatNumber", () => {
  it.each([
    [0.12345, "0.1235"],
    [-0.00160904, "-0.0016"],
    [4.77e-5, "4.77e-05"],
    [0, "0.0000"],
    [-656.868, "-656.87"],
    [-1051.1, "-1051.1"],
    [12_345_678, "1.23e+07"],
    [Number.NaN, "nan"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("%d is written %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe("formatCount", () => {
  it.each([
    [512.4, "512"],
    [9_999.4, "9999"],
    [9_999.6, "10.0k"],
    [12_345, "12.3k"],
    [999_960, "1.0M"],
  ])("%d is written %s", (value, text) => {
    expect(formatCount(value)).toBe(text);
  });
});

describe("formatMetric", () => {
  it.each([
    ["learning_rate", 8.157894736842105e-5, "8.16e-05"],
    ["learning_rate", 0, "0.00e+00"],
    ["epoch", 0.5, "0.50"],
    ["rewards/accuracies", 2 / 3, "0.667"],
    ["eval_mean_token_accuracy", 0.00174, "0.002"],
    ["eval_num_tokens", 8247, "8247"],
    ["step", 1_000_000, "1000000"],
    ["train_runtime", 3725.1, "1:02:05"],
    ["loss", Number.NaN, "nan"],
  ])("%s %d is written %s", (name, value, text) => {
    expect(formatMetric(name, value)).toBe(text);
  });
});

describe("metricCells", () => {
  const entry = {
    loss: 0.693953,
    grad_norm: 1.240118,
    learning_rate: 8.157894736842105e-5,
    entropy: 6.27,
    "rewards/accuracies": 0.3,
    "rewards/margins": -0.001609,
    epoch: 0.5,
    step: 10,
  };
  const line = (columns: number, log: Record<string, number> = entry) =>
    metricCells(log, columns, 4)
      .map(({ name, value }) => `${name} ${value}`)
      .join("  ");

  it("puts step, epoch and loss first", () => {
    expect(line(Number.POSITIVE_INFINITY)).toBe(
      "step   10  epoch 0.50  loss 0.6940  rewards/margins -0.0016  rewards/accuracies 0.300  grad_norm 1.2401  " +
        "learning_rate 8.16e-05  entropy 6.2700",
    );
  });

  it("drops what does not fit, and minor metrics if a main one is missing", () => {
    expect(line(79)).toBe("step   10  loss 0.6940  rewards/margins -0.0016  rewards/accuracies 0.300");
    expect(line(88)).toBe("step   10  epoch 0.50  loss 0.6940  rewards/margins -0.0016  rewards/accuracies 0.300");
    expect(line(119)).not.toMatch(/entropy|learning_rate/);
    for (let columns = 1; columns < 160; columns++) expect(line(columns).length).toBeLessThanOrEqual(columns);
  });

  it("keeps the same order for one of several evaluation sets", () => {
    const prefixed = Object.entries(entry).map(([name, value]) => {
      return [name === "epoch" || name === "step" ? name : `eval_very_hard_${name}`, value];
    });
    expect(line(160, Object.fromEntries(prefixed))).toBe(
      "step   10  epoch 0.50  eval_very_hard_loss 0.6940  eval_very_hard_rewards/margins -0.0016  " +
        "eval_very_hard_rewards/accuracies 0.300",
    );
  });

  it("prints eval once if the full names leave no room for the accuracies", () => {
    const prefixed = (prefix: string) => ({ step: 10, epoch: 0.5, ...prefixedBy(prefix) });
    const prefixedBy = (prefix: string) =>
      Object.fromEntries(Object.entries(entry).map(([name, value]) => [`${prefix}_${name}`, value]));
    expect(line(79, { ...prefixed("eval") })).toBe(
      "eval step   10  loss 0.6940  rewards/margins -0.0016  rewards/accuracies 0.300",
    );
    expect(line(95, { ...prefixed("eval_hard") })).toMatch(/^eval_hard step {3}10 .* rewards\/accuracies 0.300/);
    expect(line(120, { ...prefixed("eval") })).toContain("eval_rewards/accuracies 0.300");
    for (let columns = 1; columns < 160; columns++)
      expect(line(columns, prefixed("eval_hard")).length).toBeLessThanOrEqual(columns);
  });

  it("aligns names across lines", () => {
    const next = { ...entry, loss: 0.6822, "rewards/margins": 0.02195591, grad_norm: 12.25, step: 1000, epoch: 1.5 };
    const places = (text: string) => [...text.matchAll(/[a-z/_]+ /g)].map(({ index }) => index);
    expect(places(line(100, next))).toEqual(places(line(100)));
  });
});
