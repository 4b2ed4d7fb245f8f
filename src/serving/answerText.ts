/** @file An answer's tokens -> pieces of text, up to a stop sequence, with the log-probabilities of each piece. */
import { DecodeStream } from "../data/tokenizers/decodeStream.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { type TokenLogprob, tokenLogprob } from "./logprobs.ts";
import { StopFilter } from "./stopFilter.ts";

export interface TextPiece {
  text: string;
  /** Of the tokens that begin in the text so far, if asked for. */
  logprobs: TokenLogprob[];
}

export interface AnswerTextOptions {
  tokenizer: Tokenizer;
  stops: readonly string[];
  /** Tokens that end an answer: they are no part of it. */
  ends?: readonly number[];
  /** Number of alternatives per token; undefined: no log-probabilities. */
  topLogprobs?: number | undefined;
}

export class AnswerText {
  private readonly options: AnswerTextOptions;
  private readonly stream: DecodeStream;
  private readonly stops: StopFilter;
  /** Characters decoded, and characters given. */
  private decoded = 0;
  private given = 0;
  /** Tokens whose text is held back, by the character that they begin at. */
  private waiting: { at: number; logprob: TokenLogprob }[] = [];

  constructor(options: AnswerTextOptions) {
    this.options = options;
    this.stream = new DecodeStream(options.tokenizer, { skip_special_tokens: true });
    this.stops = new StopFilter(options.stops);
  }

  /** @returns the text that is certain now. `isStopped`: a stop sequence ends the answer. */
  push(id: number, logits: Float32Array): TextPiece & { isStopped: boolean } {
    const { topLogprobs, tokenizer, ends = [] } = this.options;
    if (topLogprobs !== undefined && !ends.includes(id))
      this.waiting.push({ at: this.decoded, logprob: tokenLogprob(logits, id, topLogprobs, tokenizer) });
    const decoded = this.stream.push(id);
    this.decoded += decoded.length;
    const { text, isStopped } = this.stops.push(decoded);
    return { ...this.piece(text), isStopped };
  }

  /** The rest, unless a stop sequence has ended the answer. */
  end(): TextPiece {
    const { text, isStopped } = this.stops.push(this.stream.end());
    const piece = this.piece(text + (isStopped ? "" : this.stops.end()));
    if (isStopped) return piece;
    return { ...piece, logprobs: [...piece.logprobs, ...this.waiting.splice(0).map(({ logprob }) => logprob)] };
  }

  private piece(text: string): TextPiece {
    this.given += text.length;
    const isGiven = ({ at }: { at: number }) => at < this.given;
    const logprobs = this.waiting.filter(isGiven).map(({ logprob }) => logprob);
    this.waiting = this.waiting.filter((token) => !isGiven(token));
    return { text, logprobs };
  }
}
