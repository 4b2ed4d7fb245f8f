/** @file Learning-rate schedules equal transformers' values exactly. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PrefineError } from "../errors.ts";
import { preciseCos } from "./preciseCos.ts";
import { createSchedule, type ScheduleOptions, warmupSteps } from "./schedules.ts";

type Case = ScheduleOptions & { values: number[] };
const fixtureFile = new URL("../../test/fixtures/optim.json", import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(fixtureFile, "utf8")).schedules;
const sharedFile = new URL("../../../shared/reference/schedules.json", import.meta.url);

describe("createSchedule", () => {
  it.each(cases)("equals transformers: $lr_scheduler_type, warmup $warmup_steps, $lr_scheduler_kwargs", (example) => {
    const schedule = createSchedule(example);
    expect(example.values.map((_, step) => schedule(step))).toEqual(example.values);
  });

  it("has seen all cases", () => expect(cases.length).toBe(14));

  it("reads warmup_steps below 1 as a fraction of all steps, rounded up", () => {
    expect([0, 0.05, 0.5, 1, 2.9].map((warmup) => warmupSteps(warmup, 30))).toEqual([0, 2, 15, 1, 2]);
    const asShare = createSchedule({
      lr_scheduler_type: "linear",
      learning_rate: 1,
      warmup_steps: 0.1,
      trainingSteps: 20,
    });
    expect([0, 1, 2, 3].map(asShare)).toEqual([0, 0.5, 1, 17 / 18]);
  });

  it.each([
    ["cosin", {}, /did you mean "cosine"/i],
    ["cosine", { num_cycle: 2 }, /lr_scheduler_kwargs.num_cycle: unknown key.*num_cycles/],
    ["cosine_with_min_lr", {}, /min_lr or min_lr_rate, found neither/],
    ["cosine_with_min_lr", { min_lr: 0, min_lr_rate: 0 }, /found both/],
    ["polynomial", { lr_end: 1 }, /expected less than learning_rate/],
    ["warmup_stable_decay", {}, /num_decay_steps: expected a number of steps/],
    ["warmup_stable_decay", { num_decay_steps: 2, decay_type: "slow" }, /expected one of linear, cosine, 1-sqrt/],
    ["cosine", { num_cycles: "many" }, /expected a number, found "many"/],
  ])("rejects %s with %o", (lr_scheduler_type, lr_scheduler_kwargs, message) => {
    const options = { lr_scheduler_type, lr_scheduler_kwargs, learning_rate: 0.1, warmup_steps: 0, trainingSteps: 9 };
    let error: unknown;
    try {
      createSchedule(options);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(PrefineError);
    expect(`${(error as PrefineError).message} ${(error as PrefineError).hint}`).toMatch(message);
  });
});

describe("cos", () => {
  it("is rounded correctly where Math.cos is not", () => {
    // Values of Python's math.cos (glibc 2.36).
    const values = [
      [23.41101466998649, -0.1503578541192307],
      [24.57969293274185, 0.8509272582780647],
      [3.66154350998365, -0.8678435971115023],
      [6.035507127446077, 0.9694842370918672],
      [0.7939986474334165, 0.7009992439843952],
      [7.795050795882558, 0.05889673441621399],
    ];
    expect(values.map(([x]) => preciseCos(x))).toEqual(values.map(([, value]) => value));
    expect([0, Math.PI / 2, Math.PI].map(preciseCos)).toEqual([1, 6.123233995736766e-17, -1]);
  });
});

describe.skipIf(!existsSync(sharedFile))("the reference schedules (skipped without ../shared)", () => {
  const reference = existsSync(sharedFile)
    ? (JSON.parse(readFileSync(sharedFile, "utf8")) as (Omit<Case, "trainingSteps"> & { num_training_steps: number })[])
    : [];

  it("are nine, of 100 steps", () => {
    expect(reference.map(({ values }) => values.length)).toEqual(new Array(9).fill(100));
  });

  it.each(reference)("$lr_scheduler_type is equal at every step", ({ num_training_steps, values, ...options }) => {
    const schedule = createSchedule({ ...options, trainingSteps: num_training_steps });
    expect(values.map((_, step) => schedule(step))).toEqual(values);
  });
});
