/** @file Rows with tokenizers and chat templates built as the families' own: the ids are TRL's, or both fail. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/family-chats.json" with { type: "json" };
import { AutoTokenizer } from "../tokenizers/loadTokenizer.ts";
import { tokenizePairs } from "./tokenizePairs.ts";

interface Prepared {
  pairs?: unknown[];
  error?: string;
}

const folder = mkdtempSync(join(tmpdir(), "prefine-chats-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rows: Record<string, Record<string, unknown>[]> = fixture.rows;

describe.each(Object.entries(fixture.families))("%s", (family, { tokenizer: kind, chat_template, prepared }) => {
  const { json, config } = fixture.tokenizers[kind as keyof typeof fixture.tokenizers];
  const path = join(folder, family);
  mkdirSync(path);
  writeFileSync(join(path, "tokenizer.json"), JSON.stringify(json));
  const settings = { ...config, chat_template, tokenizer_class: "PreTrainedTokenizerFast" };
  writeFileSync(join(path, "tokenizer_config.json"), JSON.stringify(settings));

  test.each(Object.entries(prepared as Record<string, Prepared>))("%s", async (name, wanted) => {
    const tokenizer = await AutoTokenizer.from_pretrained(path);
    const found = tokenizePairs(rows[name], tokenizer, { max_length: null });
    if (wanted.error !== undefined) return expect(found).rejects.toThrow(/row 0/);
    const { pairs } = await found;
    const ids = pairs.map(({ prompt_ids, chosen_ids, rejected_ids }) => ({ prompt_ids, chosen_ids, rejected_ids }));
    expect(ids).toEqual(wanted.pairs);
  });
});
