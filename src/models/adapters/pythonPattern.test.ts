/** @file Patterns that try too many ways to match are refused, by a limit of steps. */
import { expect, test } from "vitest";
import { fullMatch } from "./pythonPattern.ts";

test("a pattern with repeated groups matches as any other", () => {
  const matches = fullMatch("(transformer\\.)?(h\\.\\d+\\.)+(attn|mlp)\\.c_proj", "target_modules");
  expect(matches("transformer.h.0.attn.c_proj")).toBe(true);
  expect(matches("transformer.h.0.attn.c_attn")).toBe(false);
});

test("a pattern that never ends is an error that names it", () => {
  const matches = fullMatch("(\\w+|\\w+\\.)+x", "target_modules");
  const name = "model.layers.11.self_attn.rotary_embedding.frequencies_of_heads";
  expect(() => matches(name)).toThrow(
    expect.objectContaining({
      code: "config",
      message: `target_modules: the regular expression "(\\\\w+|\\\\w+\\\\.)+x" takes too many steps`,
      hint: "Rewrite it so that it can match in few ways.",
    }),
  );
});
