/**
 * @file The fields of the dataclasses that DPO recipes are parsed into, of TRL 0.7 to 1.16, transformers 4.36 to 5.0,
 * alignment-handbook and projects built on it (test/fixtures/recipe-keys.json): each is read, has a line, or is refused
 * with a reason, also with the defaults that these versions write out.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { examineRun } from "./run.ts";

const path = fileURLToPath(new URL("../../test/fixtures/recipe-keys.json", import.meta.url));
const KEYS: Readonly<Record<string, unknown[]>> = JSON.parse(readFileSync(path, "utf8"));

/** Keys whose default is another trainer's loss. */
const REFUSED = ["trainer_type", "ln", "Gamma"];
/** Values of a kind that no option has, and of the kinds that most have. */
const OTHERS = [true, false, 1, "text", ["a"], { a: 1 }, null, "None"];

function problemsOf(key: string, value: unknown): string[] {
  const needed = { model_name_or_path: "m", dataset_name: "d", output_dir: "o" };
  const text = JSON.stringify(value === null && key in needed ? needed : { ...needed, [key]: value });
  const { notes } = examineRun({ file: { name: "r.yaml", text } });
  return notes.flatMap(({ kind, label, message }) => (kind === "problem" ? [`${label}: ${message}`] : []));
}

describe("fields of the dataclasses of recipes", () => {
  it("are all there", () => expect(Object.keys(KEYS).length).toBeGreaterThan(230));

  it.each(Object.entries(KEYS))("%s", (key, defaults) => {
    for (const value of defaults) {
      const problems = problemsOf(key, value);
      if (!REFUSED.includes(key)) expect(problems, JSON.stringify(value)).toEqual([]);
      else for (const problem of problems) expect(problem).toMatch(/is read by the trainer of/);
    }
    for (const value of OTHERS) expect(problemsOf(key, value).join("\n")).not.toContain(`${key}: unknown key`);
  });
});
