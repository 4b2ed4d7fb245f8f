/** @file Wrong names and values in config objects: the option that is meant, and how a value is written. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { thrown } from "../../test/support/outcomes.ts";
import { BitsAndBytesConfig } from "./BitsAndBytesConfig.ts";
import { DPOConfig } from "./DPOConfig.ts";
import { GenerationConfig } from "./GenerationConfig.ts";
import { LoraConfig } from "./LoraConfig.ts";

const linesOf = (make: () => unknown) => thrown(make).message.split("\n  ");

describe("configs", () => {
  it.each([
    ["lr", "learning_rate"],
    ["epochs", "num_train_epochs"],
    ["micro_batch_size", "per_device_train_batch_size"],
    ["sequence_len", "max_length"],
    ["pref_beta", "beta"],
  ])("names the option that other tools call %s", (name, option) => {
    expect(thrown(() => DPOConfig({ [name]: 1 })).message).toBe(
      `DPOConfig: ${name}: unknown key; did you mean ${option}?`,
    );
  });

  it.each([
    ["a promise", Promise.resolve({ beta: 1 }), "a promise: await it"],
    ["a text", "dpo.yaml", '"dpo.yaml"'],
    ["a list", [{ beta: 1 }], 'a list, [{"beta":1}]'],
    ["null", null, "null"],
    ["a number", 3, "3"],
    ["a Map", new Map([["beta", 1]]), "a Map"],
  ])("refuses %s in place of options", (_, input, found) => {
    for (const [name, Config] of Object.entries({ DPOConfig, LoraConfig, GenerationConfig, BitsAndBytesConfig })) {
      expect(thrown(() => Config(input as never)).message).toBe(
        `${name}: expected an object with options, found ${found}`,
      );
    }
  });

  it("explains texts where lists are expected, and a temperature of 0", () => {
    const lists = { loss_type: "sigmoid,sft", loss_weights: "1, 0.5", include_for_metrics: '["loss", "inputs"]' };
    expect(linesOf(() => DPOConfig(lists as object))).toEqual([
      "DPOConfig:",
      'loss_type: expected a list, found "sigmoid,sft"; write [sigmoid, sft]',
      'loss_weights: expected a list, found "1, 0.5"; write [1, 0.5]',
      'include_for_metrics: expected a list, found "[\\"loss\\", \\"inputs\\"]"; write [loss, inputs]',
    ]);
    expect(thrown(() => LoraConfig({ target_modules: "q_proj,v_proj" })).message).toContain("write [q_proj, v_proj]");
    expect(LoraConfig({ target_modules: "h\\.[0,1]\\.attn" }).target_modules).toBe("h\\.[0,1]\\.attn");
    expect(GenerationConfig({ stop_strings: "a,b" }).stop_strings).toEqual(["a,b"]);
    expect(thrown(() => GenerationConfig({ temperature: 0 })).message).toContain(
      "found 0; greedy decoding is do_sample: false, without a temperature",
    );
  });

  it("shows in a console the options that differ from their defaults", () => {
    const shown = inspect(DPOConfig({ beta: 0.5, output_dir: "dpo", hub_token: "hf_secret" }));
    expect(shown).toMatch(/^DPOConfig\(\{\n( {2}.*\n)*\}\)$/);
    expect(shown).toContain("  beta: 0.5,");
    expect(shown).not.toContain("hf_secret");
    expect(shown.split("\n").length).toBeLessThan(8);
    expect(inspect(LoraConfig({ r: 4 }))).toContain("LoraConfig({\n  r: 4,");
  });
});
