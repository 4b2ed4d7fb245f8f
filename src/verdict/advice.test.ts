/** @file The line before the first step. */
import { expect, it } from "vitest";
import { rateWarning } from "./advice.ts";

const warning = (learning_rate: number, isAdapter = true, optim = "adamw_torch_fused") =>
  rateWarning({ learning_rate, isAdapter, optim });

it("warns of a learning rate far from what works, by what is trained and how", () => {
  expect(warning(1e-6)).toBe(
    "learning_rate 1e-6 is far from what works for LoRA with adamw_torch_fused: it hardly moves it; 1e-5 to 1e-3 is usual",
  );
  expect(warning(3e-2)).toContain("tends to break it");
  expect(warning(1e-6, false)).toBeUndefined();
  expect(warning(1e-8, false)).toContain("training all weights");
  expect(warning(3e-3, false)).toContain("tends to break it");
  for (const rate of [5e-6, 1e-4, 1e-2]) expect(warning(rate)).toBeUndefined();
});

it("is silent for optimizers whose rates are not known", () => {
  for (const optim of ["sgd", "adagrad", "lion_32bit", "adafactor", "rmsprop"]) {
    expect(warning(1e-6, true, optim)).toBeUndefined();
    expect(warning(1, true, optim)).toBeUndefined();
  }
  expect(warning(1e-6, true, "paged_adamw_8bit")).toBeDefined();
});
