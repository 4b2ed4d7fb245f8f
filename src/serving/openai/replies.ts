/** @file Pieces of answers -> OpenAI's objects: whole, or one chunk per piece. */
import type { AnswerPiece, Usage } from "../completion.ts";
import type { TokenLogprob } from "../logprobs.ts";
import type { Endpoint } from "./parameters.ts";

/** What all chunks of a reply have. */
export interface ReplyHead {
  id: string;
  created: number;
  model: string;
}

/** How the objects of an endpoint look. */
export interface ReplyForm {
  object: string;
  chunk: string;
  /** Begins the ids. */
  prefix: string;
  /** A whole answer. @param pieces all of it */
  choice(index: number, pieces: readonly AnswerPiece[], hasLogprobs: boolean): object;
  /** The chunk that begins an answer, if there is one. */
  first?: (index: number) => object;
  delta(piece: AnswerPiece, offset: number, hasLogprobs: boolean): object;
  /** The chunk that ends an answer. */
  last(index: number, reason: string): object;
}

const textOf = (pieces: readonly AnswerPiece[]) => pieces.map(({ text }) => text).join("");
const reasonOf = (pieces: readonly AnswerPiece[]) => pieces[pieces.length - 1]?.finishReason ?? null;
const logprobsOf = (pieces: readonly AnswerPiece[]) => pieces.flatMap(({ logprobs }) => logprobs);

const chatLogprobs = (tokens: readonly TokenLogprob[], has: boolean) =>
  has ? { content: tokens, refusal: null } : null;

/** @param offset characters of the answer before these tokens */
function textLogprobs(tokens: readonly TokenLogprob[], offset: number, has: boolean): object | null {
  if (!has) return null;
  let at = offset;
  const offsets = tokens.map(({ token }) => {
    at += token.length;
    return at - token.length;
  });
  const top = tokens.map(({ top_logprobs }) =>
    Object.fromEntries(top_logprobs.map(({ token, logprob }) => [token, logprob])),
  );
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: top,
    text_offset: offsets,
  };
}

const chat: ReplyForm = {
  object: "chat.completion",
  chunk: "chat.completion.chunk",
  prefix: "chatcmpl-",
  choice: (index, pieces, has) => ({
    index,
    message: { role: "assistant", content: textOf(pieces), refusal: null },
    logprobs: chatLogprobs(logprobsOf(pieces), has),
    finish_reason: reasonOf(pieces),
  }),
  first: (index) => ({ index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }),
  delta: ({ index, text, logprobs }, _offset, has) => ({
    index,
    delta: { content: text },
    logprobs: chatLogprobs(logprobs, has),
    finish_reason: null,
  }),
  last: (index, finish_reason) => ({ index, delta: {}, logprobs: null, finish_reason }),
};

const text: ReplyForm = {
  object: "text_completion",
  chunk: "text_completion",
  prefix: "cmpl-",
  choice: (index, pieces, has) => ({
    index,
    text: textOf(pieces),
    logprobs: textLogprobs(logprobsOf(pieces), 0, has),
    finish_reason: reasonOf(pieces),
  }),
  delta: ({ index, text: piece, logprobs }, offset, has) => ({
    index,
    text: piece,
    logprobs: textLogprobs(logprobs, offset, has),
    finish_reason: null,
  }),
  last: (index, finish_reason) => ({ index, text: "", logprobs: null, finish_reason }),
};

export const FORMS: Record<Endpoint, ReplyForm> = { chat, text };

export function wholeReply(form: ReplyForm, head: ReplyHead, choices: readonly object[], usage: Usage): object {
  const { id, created, model } = head;
  return { id, object: form.object, created, model, choices, usage };
}

/** @param usage null in all chunks but the last, undefined if it was not asked for */
export function chunk(form: ReplyForm, head: ReplyHead, choices: readonly object[], usage?: Usage | null): object {
  const { id, created, model } = head;
  return { id, object: form.chunk, created, model, choices, ...(usage === undefined ? {} : { usage }) };
}
