/** @file Compares tokenizers and templates of the model families with transformers' and TRL's answers. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RowReader } from "../../src/data/preferences/rowReader.ts";
import { tokenizePair } from "../../src/data/preferences/tokenizePair.ts";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../../src/data/tokenizers/tokenizer.ts";
import { PrefineError } from "../../src/errors.ts";

export interface FamilyTokenizer {
  /** Name -> content. */
  files: Record<string, unknown>;
  special: Record<string, string>;
  /** Tokens, with added ones. */
  length: number;
  texts: { text: string; ids: number[]; plain: number[]; decoded: string; shown: string }[];
  chats: ({ messages: unknown[]; add_generation_prompt: boolean; options: object } & (
    | { text: string }
    | { error: string }
  ))[];
  rows: ({ row: Record<string, unknown> } & (Ids | { error: string }))[];
}

interface Ids {
  prompt_ids: number[];
  chosen_ids: number[];
  rejected_ids: number[];
}

/** The result of a call; the errors of a template or a row as what Python has for its own. */
function orError<T extends object>(call: () => T): T | { error: true } {
  try {
    return call();
  } catch (error) {
    if (error instanceof PrefineError && error.code === "data") return { error: true };
    throw error;
  }
}

/** Python's messages are its own. */
const withoutMessage = (expected: object) => ("error" in expected ? { error: true } : expected);

function* answers(
  tokenizer: Tokenizer,
  { texts, chats, rows, special, length }: FamilyTokenizer,
): Generator<[string, unknown, unknown]> {
  yield ["special tokens", tokenizer.special_tokens_map, special];
  yield ["length", tokenizer.vocabSize, length];
  for (const { text, ...expected } of texts) {
    const ids = tokenizer.encode(text);
    const plain = tokenizer.encode(text, { add_special_tokens: false });
    const shown = tokenizer.decode(expected.ids, { skip_special_tokens: true });
    yield [`text ${JSON.stringify(text)}`, { ids, plain, decoded: tokenizer.decode(expected.ids), shown }, expected];
  }
  for (const { messages, add_generation_prompt, options, ...expected } of chats) {
    const all = { ...options, add_generation_prompt, tokenize: false };
    const rendered = orError(() => ({ text: String(tokenizer.apply_chat_template(messages as never, all as never)) }));
    yield [`chat ${JSON.stringify({ messages, ...all })}`, rendered, withoutMessage(expected)];
  }
  for (const { row, ...expected } of rows) {
    const read = () => tokenizePair(new RowReader().read(row, "row"), tokenizer);
    const ids = orError(() => {
      const { prompt_ids, chosen_ids, rejected_ids } = read();
      return { prompt_ids, chosen_ids, rejected_ids };
    });
    yield [`row ${JSON.stringify(row)}`, ids, withoutMessage(expected)];
  }
}

/** @param folder for the files. @returns what differs, and how much was compared. */
export async function compareFamilyTokenizer(folder: string, expected: FamilyTokenizer) {
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(expected.files))
    writeFileSync(join(folder, file), JSON.stringify(content));
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  const differences: string[] = [];
  let compared = 0;
  for (const [what, own, python] of answers(tokenizer, expected)) {
    compared++;
    const [one, other] = [JSON.stringify(own), JSON.stringify(python)];
    if (one !== other) differences.push(`${what}\n    ${one}\n    Python: ${other}`);
  }
  return { compared, differences };
}
