/**
 * @file Words that slip into prose written by people who think in another language, flagged in comments, messages, help
 * and pages. CONTRIBUTING.md has the glossary. Identifiers, fixtures and the demo's texts are not prose.
 */
import { expect, test } from "vitest";
import { committedFiles, readText } from "./support/sourceFiles.ts";

const UNITS =
  "bytes?|gb|kb|lines?|mb|milliseconds?|minutes?|ms|numbers?|once|pairs?|rows?|seconds?|steps?|tokens?|words?";
const COUNTED =
  "batch|call|character|day|epoch|file|group|head|layer|line|minute|pair|prompt|row|run|second|step|token|value|word";

/** What slips in, and what to write instead. */
const SLIPS: readonly (readonly [slip: RegExp, instead: string])[] = [
  [new RegExp(`\\b(${UNITS}) an? (${COUNTED})\\b`, "i"), "per: tokens per pair"],
  [/\bmend(s|ed|ing)?\b/i, "fix, repair"],
  [/\bwhoever\b/i, "the caller, those who"],
  [/\b(no|some)body('s)?\b/i, "no one, someone; better: the user, the caller, a process"],
  [/\ba person('s)?\b/i, "a user, a reader"],
  [/\bdata sets?\b/i, "dataset"],
  [/\bfor want of\b/i, "without"],
  [/\btowards\b/i, "toward"],
  [/\b(colour|licence|behaviour|neighbour|favour)/i, "American spelling"],
  [/\bare told\b|\bis told\b|\bwas told\b/i, "hears of: is reported; is given: gets, receives"],
  [/\bin vain\b/i, "without success"],
];

/** Quotes of other people's words, and rules that name what they forbid. */
const EXEMPT = ["CONTRIBUTING.md", "test/words.test.ts", "test/fixtures/", "scripts/demo/", "demo/"];

const isProse = (path: string) =>
  /\.(ts|js|mjs|md|yaml)$/.test(path) && !EXEMPT.some((place) => path.startsWith(place));

test("prose has none of the slips that the glossary lists", () => {
  const slips = committedFiles({ withNew: true })
    .filter(isProse)
    .flatMap((path) =>
      readText(path)
        .split("\n")
        .flatMap((line, i) => {
          const slip = SLIPS.find(([pattern]) => pattern.test(line));
          return slip ? [`${path}:${i + 1}: "${slip[0].exec(line)?.[0]}"; write ${slip[1]}`] : [];
        }),
    );
  expect(slips).toEqual([]);
});
