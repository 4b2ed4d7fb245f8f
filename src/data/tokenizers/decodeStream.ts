/** @file Text of generated ids as they come: increments that never cut a character. */
import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/** Feed ids, get text; all increments and the rest that `end` gives make up `tokenizer.decode(all ids)`. */
export class DecodeStream {
  private readonly tokenizer: Tokenizer;
  private readonly options: DecodeOptions;
  /** Ids whose text may still change. */
  private ids: number[] = [];
  /** Characters of their text that are given out already. */
  private given = 0;

  constructor(tokenizer: Tokenizer, options: DecodeOptions = {}) {
    this.tokenizer = tokenizer;
    this.options = options;
  }

  /** The text that these ids complete, "" while a character's bytes are still on the way. */
  push(...ids: number[]): string {
    this.ids.push(...ids);
    const text = this.tokenizer.decode(this.ids, this.options);
    const complete = text.replace(/\uFFFD+$/, ""); // may be the beginning of a character
    const increment = complete.slice(this.given);
    this.given = Math.max(this.given, complete.length);
    if (complete === text && this.tokenizer.concatenates) {
      this.ids = []; // keeps a long stream linear in time
      this.given = 0;
    }
    return increment;
  }

  /** What is left: U+FFFD for bytes that never became a character. */
  end(): string {
    const rest = this.tokenizer.decode(this.ids, this.options).slice(this.given);
    this.ids = [];
    this.given = 0;
    return rest;
  }
}
