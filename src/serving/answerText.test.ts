/** @file Texts of answers: stop sequences across tokens, characters of several tokens, log-probabilities. */
import { describe, expect, it } from "vitest";
import { byteTokenizer } from "../../test/support/byteTokenizer.ts";
import { AnswerText } from "./answerText.ts";
import { StopFilter } from "./stopFilter.ts";

const tokenizer = byteTokenizer();

/** The pieces of a text's tokens, up to a stop. */
function piecesOf(text: string, stops: readonly string[], topLogprobs?: number) {
  const answer = new AnswerText({ tokenizer, stops, topLogprobs });
  const pieces = [];
  for (const id of tokenizer.encode(text)) {
    const logits = new Float32Array(tokenizer.vocabSize);
    logits[id] = 5;
    const { isStopped, ...piece } = answer.push(id, logits);
    pieces.push(piece);
    if (isStopped) return { pieces, isStopped };
  }
  return { pieces: [...pieces, answer.end()], isStopped: false };
}

const textOf = (pieces: readonly { text: string }[]) => pieces.map(({ text }) => text).join("");

describe("AnswerText", () => {
  it.each([
    ["Once upon a time", ["upon"], "Once ", true],
    ["Once upon a time", ["on a", "upon a t"], "Once up", true],
    ["aab", ["ab"], "a", true],
    ["aaab", ["aab"], "a", true],
    ["Once", ["xyz", ""], "Once", false],
    ["Once", ["Oncex"], "Once", false],
    ["Grüße 🙂!", ["🙂"], "Grüße ", true],
    ["Grüße 🙂!", ["!!"], "Grüße 🙂!", false],
    ["stop", ["stop"], "", true],
  ])("%j with stops %j is %j", (text, stops, expected, isStopped) => {
    const found = piecesOf(text, stops);
    expect([textOf(found.pieces), found.isStopped]).toEqual([expected, isStopped]);
  });

  it("gives text as soon as no stop sequence can begin in it", () => {
    const filter = new StopFilter(["END", "E!"]);
    expect(["a", "bE", "N", "x", "E"].map((text) => filter.push(text).text)).toEqual(["a", "b", "", "ENx", ""]);
    expect(filter.end()).toBe("E");
  });

  it("has the log-probabilities of every token of the text, and of none after the stop", () => {
    for (const [text, stops] of [
      ["Once 🙂 upon", ["up"]],
      ["Once 🙂", []],
      ["no stop EN", ["END"]],
    ] as const) {
      const { pieces } = piecesOf(text, stops, 2);
      const tokens = pieces.flatMap(({ logprobs }) => logprobs);
      const bytes = tokens.flatMap((token) => token.bytes);
      expect(Buffer.from(bytes).toString()).toBe(textOf(pieces));
      for (const { logprob, top_logprobs, token } of tokens) {
        expect(top_logprobs).toHaveLength(2);
        expect(top_logprobs[0]).toMatchObject({ token, logprob });
        const others = tokenizer.vocabSize - 1;
        expect(logprob).toBeCloseTo(5 - Math.log(Math.exp(5) + others), 5);
        expect(top_logprobs[1].logprob).toBeCloseTo(-Math.log(Math.exp(5) + others), 5);
      }
    }
  });
});
