/** @file Every family has the class that PEFT names in adapter_config.json. */
import { expect, it } from "vitest";
import { MODEL_TYPES } from "./architectures.ts";
import { pythonClassOf } from "./pythonClasses.ts";

it("names the class of each model type, and its module", () => {
  for (const type of MODEL_TYPES) expect(pythonClassOf(type)?.base_model_class).toMatch(/^[A-Z]/);
  expect(pythonClassOf("gemma3_text")).toEqual({
    base_model_class: "Gemma3ForCausalLM",
    parent_library: "transformers.models.gemma3.modeling_gemma3",
  });
  expect(pythonClassOf("bert")).toBeNull();
});
