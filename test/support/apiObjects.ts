/** @file What tests of the public API call: the demo's model and data, and the one error that a wrong call ends in. */
import { join } from "node:path";
import { expect } from "vitest";
import * as api from "../../src/index.ts";
import { checkout } from "./builtPackage.ts";

export const MODEL = join(checkout, "demo/everyday-gpt2");
export const DATA = join(checkout, "demo/everyday-preferences");
export const ROWS = [{ prompt: "Hi", chosen: " Hello", rejected: " No" }];
export const LOG = [{ loss: 1, epoch: 1, step: 1 }];

/** Objects of every kind that the API gives. */
export async function makeObjects() {
  const model = await api.AutoModelForCausalLM.from_pretrained(MODEL);
  const rows = api.Dataset.from_list(ROWS);
  return {
    model,
    rows,
    tokenizer: await model.tokenizer,
    splits: await api.loadDataset(DATA),
    trainer: new api.DPOTrainer({ model, train_dataset: rows, args: { bf16: false } }),
    generate: await api.pipeline("text-generation", MODEL),
  };
}

/** The error of a call, in its message and hint. */
export async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error, String((error as Error).stack)).toBeInstanceOf(api.PrefineError);
    const { code, message, hint } = error as api.PrefineError;
    expect(["config", "data", "not-yet"]).toContain(code);
    expect(message).not.toMatch(/internal:|is not a function|Cannot read|undefined|\[object/);
    return [message, hint ?? ""].join("\n").trim();
  }
  throw new Error("internal: nothing was thrown");
}
