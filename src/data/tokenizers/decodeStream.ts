/** @file Streaming decoder: text increments that never split a character. */

import { pushAll } from "../../lists.ts";
import { settledLength } from "./cleanUp.ts";
import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/** Ids to decode together where what comes before may change a text, before all but the last ones are dropped. */
const MOST_IDS = 64;
/** Number of ids whose text is known to stay, and that the next ones are decoded with. */
const CONTEXT = 16;

/** Takes ids, returns text; all increments plus the result of `end` equal `tokenizer.decode(all ids)`. */
export class DecodeStream {
  private readonly tokenizer: Tokenizer;
  private readonly options: DecodeOptions;
  /** Ids whose text may still change, after some whose text can't. */
  private ids: number[] = [];
  /** Characters of their text that were already returned. */
  private given = 0;

  constructor(tokenizer: Tokenizer, options: DecodeOptions = {}) {
    this.tokenizer = tokenizer;
    this.options = options;
  }

  /** The text completed by these ids; "" while a character is incomplete. */
  push(...ids: number[]): string {
    pushAll(this.ids, ids);
    const text = this.tokenizer.decode(this.ids, this.options);
    const complete = text.replace(/\uFFFD+$/, ""); // may be an incomplete character
    const settled = this.tokenizer.cleansUp(this.options) ? complete.slice(0, settledLength(complete)) : complete;
    const increment = settled.slice(this.given);
    this.given = Math.max(this.given, settled.length);
    if (settled === text) this.drop(text);
    return increment;
  }

  /** Drops ids that later text doesn't depend on: a long stream takes a time proportional to its length. */
  private drop(text: string): void {
    if (this.tokenizer.concatenates && !this.tokenizer.cleansUp(this.options)) {
      this.ids = [];
      this.given = 0;
      return;
    }
    if (this.ids.length <= MOST_IDS) return;
    const last = this.ids.slice(-CONTEXT);
    const end = this.tokenizer.decode(last, this.options);
    if (end === "" || !text.endsWith(end)) return; // within a character, say: with the next ids
    this.ids = last;
    this.given = end.length;
  }

  /** The remaining text: U+FFFD for incomplete characters. */
  end(): string {
    const rest = this.tokenizer.decode(this.ids, this.options).slice(this.given);
    this.ids = [];
    this.given = 0;
    return rest;
  }
}
