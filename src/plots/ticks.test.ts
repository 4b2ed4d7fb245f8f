/** @file Round numbers on axes, from learning rates to token counts. */
import { describe, expect, it } from "vitest";
import { niceAxis, niceTicks } from "./ticks.ts";

describe("niceTicks", () => {
  it.each([
    [0, 2, 5, ["0", "0.5", "1.0", "1.5", "2.0"]],
    [0, 5, 6, ["0", "1", "2", "3", "4", "5"]],
    [0, 1e-4, 5, ["0", "2e−5", "4e−5", "6e−5", "8e−5", "1e−4"]],
    [0, 160_000, 4, ["0", "50k", "100k", "150k"]],
    [-660, -640, 4, ["−660", "−655", "−650", "−645", "−640"]],
    [0, 3_000_000, 3, ["0", "1M", "2M", "3M"]],
    [0.13, 0.87, 3, ["0.2", "0.4", "0.6", "0.8"]],
  ])("from %d to %d", (low, high, count, labels) => {
    expect(niceTicks(low, high, count).labels).toEqual(labels);
  });
});

describe("niceAxis", () => {
  it.each([[[0.6822, 0.6939]], [[-0.0016, 0.02196]], [[5e-5, 1e-4, 0]], [[3599, 16494]], [[0.69]], [[0]], [[-7, -7]]])(
    "%j lie on an axis whose ends carry ticks",
    (values) => {
      const { domain, ticks } = niceAxis(values, 5);
      expect(domain[0]).toBeLessThanOrEqual(Math.min(...values));
      expect(domain[1]).toBeGreaterThanOrEqual(Math.max(...values));
      expect(ticks.values[0]).toBeCloseTo(domain[0], 12);
      expect(ticks.values.at(-1)).toBeCloseTo(domain[1], 12);
      expect(new Set(ticks.labels).size).toBe(ticks.values.length);
      expect(ticks.values.length).toBeGreaterThan(2);
      expect(ticks.values.length).toBeLessThan(11);
    },
  );
});
