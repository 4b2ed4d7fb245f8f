/** @file Streaming decoder: text increments that never split a character. */
import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/** Takes ids, returns text; all increments plus the result of `end` equal `tokenizer.decode(all ids)`. */
export class DecodeStream {
  private readonly tokenizer: Tokenizer;
  private readonly options: DecodeOptions;
  /** Ids whose text may still change. */
  private ids: number[] = [];
  /** Characters of their text that were already returned. */
  private given = 0;

  constructor(tokenizer: Tokenizer, options: DecodeOptions = {}) {
    this.tokenizer = tokenizer;
    this.options = options;
  }

  /** The text completed by these ids; "" while a character is incomplete. */
  push(...ids: number[]): string {
    this.ids.push(...ids);
    const text = this.tokenizer.decode(this.ids, this.options);
    const complete = text.replace(/\uFFFD+$/, ""); // may be an incomplete character
    const increment = complete.slice(this.given);
    this.given = Math.max(this.given, complete.length);
    if (complete === text && this.tokenizer.concatenates) {
      this.ids = []; // keeps a long stream linear in time
      this.given = 0;
    }
    return increment;
  }

  /** The remaining text: U+FFFD for incomplete characters. */
  end(): string {
    const rest = this.tokenizer.decode(this.ids, this.options).slice(this.given);
    this.ids = [];
    this.given = 0;
    return rest;
  }
}
