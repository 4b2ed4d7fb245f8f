/**
 * @file Tokenizers and chat templates built as those of Gemma, Phi, SmolLM3, OLMo 2, Granite, GPT-NeoX and StarCoder2:
 * texts, conversations and the tokens of preference rows as transformers and TRL have them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { compareFamilyTokenizer, type FamilyTokenizer } from "../../../test/support/familyTokenizers.ts";

const path = fileURLToPath(new URL("../../../test/fixtures/family-tokenizers.json", import.meta.url));
const fixture = JSON.parse(readFileSync(path, "utf8")) as {
  versions: Record<string, string>;
  cases: Record<string, FamilyTokenizer>;
};
const folder = mkdtempSync(join(tmpdir(), "prefine-family-tokenizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`transformers ${fixture.versions.transformers}, TRL ${fixture.versions.trl}`, () => {
  test.each(Object.entries(fixture.cases))("%s", async (name, expected) => {
    const { compared, differences } = await compareFamilyTokenizer(join(folder, name), expected);
    expect(differences).toEqual([]);
    expect(compared).toBe(2 + expected.texts.length + expected.chats.length + expected.rows.length);
  });
});
