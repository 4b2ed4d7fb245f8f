/**
 * @file Compares tokenizers with Python's on the random ones of scripts/random_tokenizers.py:
 *
 *     python scripts/random_tokenizers.py SEED COUNT FILE && npx tsx scripts/compareTokenizers.ts FILE
 *
 * Prints counts and the first differences. Exit code 1 if there are any.
 */
import { readFileSync } from "node:fs";
import { numberAddedTokens } from "../src/data/tokenizers/addedIds.ts";
import { createByteLevelBpe } from "../src/data/tokenizers/byteLevelBpe.ts";
import type { TextCodec } from "../src/data/tokenizers/codec.ts";
import { createPipeline } from "../src/data/tokenizers/pipeline.ts";
import { specialIdsOf } from "../src/data/tokenizers/specialIds.ts";
import { checkTokenizerJson, readVocabulary } from "../src/data/tokenizers/tokenizerJson.ts";
import { PrefineError } from "../src/errors.ts";

interface Expected {
  text: string;
  /** Python gives an error, or the process ends. */
  error?: true;
  ids: number[];
  plain: number[];
  decoded: string;
  /** The same without special tokens, then both of drawn ids. */
  skipped: string;
  drawn: number[];
  drawnDecoded: string;
  drawnSkipped: string;
}

const SHOWN = 5;

function tokenizerOf(json: Record<string, unknown>): ((expected: Expected) => unknown[]) | undefined {
  try {
    const file = checkTokenizerJson(json, "random");
    const idOf = readVocabulary(file.model.vocab, "random");
    const checked = { ...file, added_tokens: numberAddedTokens(file.added_tokens, idOf) };
    const codec = createByteLevelBpe(checked, idOf, "random") ?? createPipeline(checked, idOf, "random");
    const existing = new Set([...idOf.values(), ...checked.added_tokens.map(({ id }) => id)]);
    return answers(codec, existing, specialIdsOf(checked, "random"));
  } catch (error) {
    if (error instanceof PrefineError) return undefined;
    throw error;
  }
}

function answers(codec: TextCodec, existing: Set<number>, special: Set<number>) {
  const both = (ids: number[]) => {
    const known = ids.filter((id) => existing.has(id));
    return [codec.decode(known), codec.decode(known.filter((id) => !special.has(id)))];
  };
  return ({ text, drawn }: Expected): unknown[] => {
    try {
      const ids = codec.encode(text, true);
      return [ids, codec.encode(text, false), ...both(ids), ...both(drawn)];
    } catch (error) {
      if (error instanceof PrefineError) return [error.message];
      throw error;
    }
  };
}

const counts = { tokenizers: 0, refused: 0, same: 0, errorsInPython: 0, different: 0 };
const random = JSON.parse(readFileSync(process.argv[2], "utf8")) as {
  json: Record<string, unknown>;
  texts: Expected[];
}[];
for (const { json, texts } of random) {
  const answerTo = tokenizerOf(json);
  counts[answerTo ? "tokenizers" : "refused"]++;
  for (const given of answerTo ? texts : []) {
    const { text, error, ids, plain, decoded, skipped, drawn, drawnDecoded, drawnSkipped } = given;
    const expected = [ids, plain, decoded, skipped, drawnDecoded, drawnSkipped];
    const answer = error || !answerTo ? [] : answerTo(given);
    const isSame = JSON.stringify(answer) === JSON.stringify(expected);
    counts[error ? "errorsInPython" : isSame ? "same" : "different"]++;
    if (error || isSame || counts.different > SHOWN) continue;
    const { model, ...parts } = json;
    const settings = { ...(model as object), vocab: undefined, merges: undefined };
    console.log(JSON.stringify({ text, drawn, expected, answer, parts, model: settings }));
  }
}
console.log(counts);
process.exitCode = counts.different > 0 ? 1 : 0;
