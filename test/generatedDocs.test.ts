/** @file The committed files generated from the table of options are up to date. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compatibilityText } from "../scripts/compatibility.ts";
import { doctorDocs } from "../scripts/doctorTable.ts";
import { interfaceFiles } from "../scripts/interfaces.ts";
import { schemaText } from "../scripts/schema.ts";
import { RUN_OPTIONS } from "../src/config/run.ts";

const committed = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

describe("generated files", () => {
  it("COMPATIBILITY.md is up to date (npm run docs)", () => {
    expect(committed("COMPATIBILITY.md")).toBe(compatibilityText());
  });

  it("COMPATIBILITY.md names every option once in its table", () => {
    const text = compatibilityText();
    for (const name of Object.keys(RUN_OPTIONS)) {
      expect(text.match(new RegExp(`^\\| \`${name}\``, "gm"))?.length, name).toBeGreaterThanOrEqual(1);
    }
  });

  it("the table of checks in docs/doctor.md is up to date (npm run docs)", () => {
    expect(committed("docs/doctor.md")).toBe(doctorDocs());
  });

  it("configs/schema.json is up to date (npm run docs)", () => {
    // Compared as values: the repository's formatter may format it differently.
    expect(JSON.parse(committed("configs/schema.json"))).toEqual(JSON.parse(schemaText()));
  });

  it("src/config/generated is up to date (npm run docs)", () => {
    const files = interfaceFiles();
    expect([...files.keys()].sort()).toEqual(
      readdirSync(new URL("../src/config/generated", import.meta.url))
        .map((name) => `src/config/generated/${name}`)
        .sort(),
    );
    for (const [path, text] of files) expect(committed(path), path).toBe(text);
  });
});
