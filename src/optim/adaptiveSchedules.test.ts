/** @file Learning rates that follow a metric, equal to torch's and transformers' after every evaluation. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PrefineError } from "../errors.ts";
import {
  type AdaptiveOptions,
  type AdaptiveState,
  continueAdaptive,
  createAdaptiveSchedule,
} from "./adaptiveSchedules.ts";

type Case = AdaptiveOptions & { metrics: number[]; rates: number[] };
const fixtureFile = new URL("../../test/fixtures/optim.json", import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(fixtureFile, "utf8")).adaptive;

describe("createAdaptiveSchedule", () => {
  it.each(cases)("equals Python's $lr_scheduler_type, $lr_scheduler_kwargs", ({ metrics, rates, ...options }) => {
    const schedule = createAdaptiveSchedule(options)!;
    let state = schedule.start();
    expect(state.rate).toBe(options.learning_rate);
    const actual = metrics.map((metric) => {
      state = schedule.next(JSON.parse(JSON.stringify(state)) as AdaptiveState, metric); // as stored in a checkpoint
      return state.rate;
    });
    expect(actual).toEqual(rates);
    expect(new Set(rates).size).toBeGreaterThan(1);
  });

  it("has seen all cases", () => expect(cases.length).toBe(7));

  it("leaves other schedules alone", () => {
    expect(createAdaptiveSchedule({ lr_scheduler_type: "linear", learning_rate: 1 })).toBeUndefined();
  });

  it("continues only from a state of the same schedule and rate", () => {
    const schedule = createAdaptiveSchedule({ lr_scheduler_type: "greedy", learning_rate: 0.1 })!;
    const saved = { ...schedule.start(), rate: 0.05 };
    expect(continueAdaptive(schedule, saved)).toBe(saved);
    expect(continueAdaptive(schedule, { ...saved, peak: 0.2 })?.rate).toBe(0.1);
    expect(continueAdaptive(schedule, { ...saved, kind: "reduce_lr_on_plateau" })?.rate).toBe(0.1);
    expect(continueAdaptive(undefined, saved)).toBeNull();
  });

  it.each([
    [{ factor: 1 }, /factor: expected a number below 1, found 1/],
    [{ mode: "least" }, /mode: expected one of min, max; found "least"/],
    [{ patient: 3 }, /patient: unknown key.*patience/],
    [{ patience: "long" }, /patience: expected a number, found "long"/],
  ])("rejects %o", (lr_scheduler_kwargs, message) => {
    const build = () =>
      createAdaptiveSchedule({ lr_scheduler_type: "reduce_lr_on_plateau", lr_scheduler_kwargs, learning_rate: 0.1 });
    expect(build).toThrow(PrefineError);
    expect(build).toThrow(message);
  });
});
