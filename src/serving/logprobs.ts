/** @file Log-probabilities of an answer's tokens, with the likeliest alternatives. */
import { bytesOfToken } from "../data/tokenizers/byteAlphabet.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { logSoftmax } from "../generation/scores.ts";

export interface TokenText {
  /** Incomplete UTF-8 is U+FFFD; `bytes` has it. */
  token: string;
  bytes: number[];
}

export interface TokenLogprob extends TokenText {
  logprob: number;
  top_logprobs: (TokenText & { logprob: number })[];
}

/** The lowest number that OpenAI's API has: JSON has no -Infinity. */
const LOWEST = -9999;

/**
 * Of the model's own distribution, before temperature, top_p and penalties.
 * @param top number of alternatives
 */
export function tokenLogprob(logits: Float32Array, id: number, top: number, tokenizer: Tokenizer): TokenLogprob {
  const logps = logSoftmax(logits);
  const of = (token: number) => ({ ...textOf(token, tokenizer), logprob: Math.max(logps[token], LOWEST) });
  return { ...of(id), top_logprobs: likeliest(logps, top).map(of) };
}

function likeliest(logps: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < logps.length && count > 0; id++) {
    if (best.length === count && logps[id] <= logps[best[count - 1]]) continue;
    const place = best.findIndex((other) => logps[id] > logps[other]);
    best.splice(place < 0 ? best.length : place, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}

const utf8 = new TextEncoder();
const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/;

function textOf(id: number, tokenizer: Tokenizer): TokenText {
  const token = tokenizer.decode([id]);
  if (!token.includes("\uFFFD")) return { token, bytes: [...utf8.encode(token)] };
  const spelled = tokenizer.convert_ids_to_tokens(id); // a part of a character
  const [, byte] = BYTE_TOKEN.exec(spelled) ?? [];
  return { token, bytes: byte === undefined ? Array.from(bytesOfToken(spelled)) : [Number.parseInt(byte, 16)] };
}
