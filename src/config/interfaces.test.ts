/**
 * @file The generated interfaces match the table of options: otherwise this file does not compile and `npm run check`
 * fails. Whether their text is up to date is checked by test/generatedDocs.test.ts.
 */
import { describe, expect, it } from "vitest";
import { DPOConfig as makeDPOConfig, type TRAINING_OPTIONS } from "./DPOConfig.ts";
import type { BitsAndBytesConfig, BitsAndBytesConfigInput } from "./generated/BitsAndBytesConfig.ts";
import type { DPOConfig, DPOConfigInput } from "./generated/DPOConfig.ts";
import type { GenerationConfig, GenerationConfigInput } from "./generated/GenerationConfig.ts";
import type { LoraConfig, LoraConfigInput } from "./generated/LoraConfig.ts";
import type { RunInput } from "./generated/RunInput.ts";
import { type Inputs, isReady, type Option, type Table, type Values } from "./option.ts";
import { GENERATION_OPTIONS } from "./options/generation.ts";
import { LORA_OPTIONS } from "./options/lora.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import type { RENAMED_DPO_NAMES, RENAMED_RUN_NAMES } from "./options/renamedNames.ts";
import { RUN_OPTIONS } from "./run.ts";

/** True for types that are identical, modifiers included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Properties that only one of the two has, or that differ in type. */
type Differing<A, B> =
  | Exclude<keyof A, keyof B>
  | Exclude<keyof B, keyof A>
  | { [K in keyof A & keyof B]: Same<Pick<A, K>, Pick<B, K>> extends true ? never : K }[keyof A & keyof B];
/** Does not compile if the types differ; the compiler's error names the properties. */
const match = <_Names extends never>() => true;

type Renamed<T> = { readonly [K in keyof T]?: unknown };
type DPOInputs = Inputs<typeof TRAINING_OPTIONS> & Renamed<typeof RENAMED_DPO_NAMES>;
type DPOValues = Omit<Values<typeof TRAINING_OPTIONS>, "output_dir" | "report_to"> & {
  readonly output_dir: string;
  readonly report_to: readonly "tensorboard"[];
};

it("the interfaces match the table, which the compiler checks", () => {
  expect([
    match<Differing<DPOConfigInput, DPOInputs>>(),
    match<Differing<DPOConfig, DPOValues>>(),
    match<Differing<LoraConfigInput, Inputs<typeof LORA_OPTIONS>>>(),
    match<Differing<LoraConfig, Values<typeof LORA_OPTIONS>>>(),
    match<Differing<GenerationConfigInput, Inputs<typeof GENERATION_OPTIONS>>>(),
    match<Differing<GenerationConfig, Values<typeof GENERATION_OPTIONS>>>(),
    match<Differing<BitsAndBytesConfigInput, Inputs<typeof QUANTIZATION_OPTIONS>>>(),
    match<Differing<BitsAndBytesConfig, Values<typeof QUANTIZATION_OPTIONS>>>(),
    match<Differing<RunInput, Inputs<typeof RUN_OPTIONS> & Renamed<typeof RENAMED_RUN_NAMES>>>(),
  ]).not.toContain(false);
  // @ts-expect-error a different type
  match<Differing<DPOConfigInput, Omit<DPOInputs, "beta"> & { readonly beta?: string | undefined }>>();
});

describe("the values in the interfaces", () => {
  const tables: Table[] = [RUN_OPTIONS, LORA_OPTIONS, GENERATION_OPTIONS, QUANTIZATION_OPTIONS];
  const options = tables.flatMap((table) => Object.entries<Option<unknown, unknown>>(table));

  it("are accepted: those that an option declares as built or offered, and the default", () => {
    const named = options.flatMap(([name, option]) =>
      [...(option.offered ?? []), ...(option.ready ?? []), option.default].map((value) => ({ name, option, value })),
    );
    expect(named.length).toBeGreaterThan(options.length);
    for (const { name, option, value } of named) {
      const given = typeof value === "string" ? value.replace("*", "2") : value;
      const read = option.kind.read(given);
      expect(read, `${name} ${given}`).not.toBe(undefined);
      expect(isReady(option, read), `${name} ${given}`).toBe(true);
    }
  });

  it("include defaults", () => {
    for (const [name, { offered, ready, support, default: standard }] of options) {
      const values = offered ?? ready;
      if (!values || support === "not-yet" || standard === null) continue;
      for (const one of [standard].flat()) expect(values, name).toContain(one);
    }
  });

  it("exclude what is not built: a compiler error", () => {
    // @ts-expect-error an optimizer that is not built
    expect(() => makeDPOConfig({ optim: "lomo" })).toThrow("not built");
    // @ts-expect-error an option that is not built
    expect(() => makeDPOConfig({ parallelism_config: { tp_size: 2 } })).toThrow("not built");
    // @ts-expect-error no loss of that name
    expect(() => makeDPOConfig({ loss_type: "kto" })).toThrow("loss_type");
    expect(makeDPOConfig({ ...makeDPOConfig(), beta: 0.5 }).beta).toBe(0.5);
  });
});
