/**
 * @file Compares tokenizers with Python's on the random ones of scripts/random_tokenizers.py:
 *
 *     python scripts/random_tokenizers.py SEED COUNT FILE && npx tsx scripts/compareTokenizers.ts FILE
 *
 * Prints counts and the first differences. Exit code 1 if there are any.
 */
import { readFileSync } from "node:fs";
import { createByteLevelBpe } from "../src/data/tokenizers/byteLevelBpe.ts";
import type { TextCodec } from "../src/data/tokenizers/codec.ts";
import { createPipeline } from "../src/data/tokenizers/pipeline.ts";
import { checkTokenizerJson, readVocabulary } from "../src/data/tokenizers/tokenizerJson.ts";
import { PrefineError } from "../src/errors.ts";

interface Expected {
  text: string;
  /** Python gives an error, or the process ends. */
  error?: true;
  ids: number[];
  plain: number[];
  decoded: string;
}

const SHOWN = 5;

function codecOf(json: Record<string, unknown>): TextCodec | undefined {
  try {
    const checked = checkTokenizerJson(json, "random");
    const idOf = readVocabulary(checked.model.vocab, "random");
    return createByteLevelBpe(checked, idOf, "random") ?? createPipeline(checked, idOf, "random");
  } catch (error) {
    if (error instanceof PrefineError) return undefined;
    throw error;
  }
}

function answerOf(codec: TextCodec, text: string): unknown[] {
  try {
    const ids = codec.encode(text, true);
    return [ids, codec.encode(text, false), codec.decode(ids)];
  } catch (error) {
    if (error instanceof PrefineError) return [error.message];
    throw error;
  }
}

const counts = { tokenizers: 0, refused: 0, same: 0, errorsInPython: 0, different: 0 };
const random = JSON.parse(readFileSync(process.argv[2], "utf8")) as {
  json: Record<string, unknown>;
  texts: Expected[];
}[];
for (const { json, texts } of random) {
  const codec = codecOf(json);
  counts[codec ? "tokenizers" : "refused"]++;
  for (const { text, error, ids, plain, decoded } of codec ? texts : []) {
    const answer = answerOf(codec as TextCodec, text);
    const isSame = JSON.stringify(answer) === JSON.stringify([ids, plain, decoded]);
    counts[error ? "errorsInPython" : isSame ? "same" : "different"]++;
    if (error || isSame || counts.different > SHOWN) continue;
    const { model, ...parts } = json;
    const settings = { ...(model as object), vocab: undefined, merges: undefined };
    console.log(JSON.stringify({ text, expected: [ids, plain, decoded], answer, parts, model: settings }));
  }
}
console.log(counts);
process.exitCode = counts.different > 0 ? 1 : 0;
