/** @file Names and parents of served models: a base model is served once, under a name that is no other model's. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeServedModels } from "../../test/support/servedModels.ts";
import { loadModels, type ModelToServe } from "./loadModels.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-names-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [a, b] = ["a", "b"].map((name) => {
  mkdirSync(join(folder, name));
  return writeServedModels(join(folder, name));
});

test.each<[string, ModelToServe[], object, RegExp[]]>([
  [
    "base models of one name in two folders",
    [
      { model: a.run, name: "run-a" },
      { model: b.run, name: "run-b" },
    ],
    { "run-a": "chat", chat: null, "run-b": b.chat },
    [/^run-b: its base model is not served: chat is another model here$/],
  ],
  [
    "one base model in 8 bits and as it is",
    [
      { model: a.run, name: "bits", quantization_config: { load_in_8bit: true } },
      { model: a.run, name: "run" },
    ],
    { bits: "chat", chat: null, run: a.chat },
    [/^run: its base model is not served: chat is another model here$/],
  ],
  [
    "a base model under another name",
    [
      { model: a.chat, name: "base", base: b.chat },
      { model: a.run, name: "run" },
    ],
    { base: null, run: "base" },
    [/^base: base has no effect: it is a whole model$/],
  ],
])("%s", async (_, given, parents, warnings) => {
  const lines: string[] = [];
  const { models, dispose } = await loadModels(given, { onWarning: (line) => lines.push(line) });
  await dispose();
  expect(Object.fromEntries([...models.values()].map(({ name, parent }) => [name, parent]))).toEqual(parents);
  expect(lines).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
});
