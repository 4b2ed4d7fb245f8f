/**
 * @file Remembers the ids of words, which are parts of a text: a table of numbers, without a string or an object per
 * word. With a regular expression and a Map of strings, GPT-2's texts were tokenized at 23 MB/s instead of 37.
 */
import { pushAll } from "../../lists.ts";
import { CACHE_WORDS, LONGEST_REMEMBERED, type WordEncoder } from "./wordCache.ts";

const SLOTS = 2 * CACHE_WORDS;
const FIRST_CAPACITY = 65_536;

export interface WordTableOptions {
  /** For tests: other words per generation than 65,536. */
  mostWords?: number;
}

/**
 * Appends the ids of words. Words that were not seen for a generation are forgotten: a full table is kept, as the older
 * one, until the next is full as well, so that frequent words are never encoded twice.
 */
export class WordTable {
  private readonly encode: WordEncoder;
  private readonly mostWords: number;
  private words = new Generation();
  private older: Generation | undefined;

  constructor(encode: WordEncoder, { mostWords = CACHE_WORDS }: WordTableOptions = {}) {
    this.encode = encode;
    this.mostWords = mostWords;
  }

  /** Appends the ids of the word from `start` to `end` in `text`. */
  append(text: string, start: number, end: number, ids: number[]): void {
    if (end - start > LONGEST_REMEMBERED) {
      pushAll(ids, this.encode(text.slice(start, end)));
      return;
    }
    const hash = hashOf(text, start, end);
    let word = this.words.find(text, start, end, hash);
    if (word < 0) word = this.learn(text, start, end, hash);
    this.words.append(word, ids);
  }

  private learn(text: string, start: number, end: number, hash: number): number {
    if (this.words.size === this.mostWords) {
      this.older = this.words;
      this.words = new Generation();
    }
    const old = this.older?.find(text, start, end, hash) ?? -1;
    const ids = old < 0 ? this.encode(text.slice(start, end)) : (this.older as Generation).idsOf(old);
    return this.words.add(text, start, end, hash, ids);
  }
}

/** FNV-1a of UTF-16 units; its high bits are mixed into the low ones, which choose the slot. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Int32 of a word's record before its characters: hash, UTF-16 units, number of ids. */
const HEAD = 3;

/**
 * Words with their ids, found by open addressing. All about a word is in one place: the head, the characters in two
 * bytes each, the ids.
 */
class Generation {
  size = 0;
  /** Start of a record + 1; 0: free. */
  private readonly slots = new Int32Array(SLOTS);
  private records = new Int32Array(FIRST_CAPACITY);
  private units = new Uint16Array(this.records.buffer);
  private end = 0;

  /** @returns where the word's record is; -1: not there. */
  find(text: string, start: number, end: number, hash: number): number {
    const { slots, records } = this;
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const word = slots[slot] - 1;
      if (word < 0 || (records[word] === hash && this.isWord(word, text, start, end))) return word;
    }
  }

  append(word: number, ids: number[]): void {
    const { records } = this;
    const first = word + HEAD + ((records[word + 1] + 1) >> 1);
    const end = first + records[word + 2];
    for (let i = first; i < end; i++) ids.push(records[i]);
  }

  idsOf(word: number): number[] {
    const ids: number[] = [];
    this.append(word, ids);
    return ids;
  }

  /** Adds a word that is not there. @returns where its record is */
  add(text: string, start: number, end: number, hash: number, ids: readonly number[]): number {
    const word = this.end;
    const length = end - start;
    const firstId = word + HEAD + ((length + 1) >> 1);
    this.end = firstId + ids.length;
    if (this.end > this.records.length) this.grow();
    this.records.set([hash, length, ids.length], word);
    for (let i = 0; i < length; i++) this.units[2 * (word + HEAD) + i] = text.charCodeAt(start + i);
    this.records.set(ids, firstId);
    let slot = hash & (SLOTS - 1);
    while (this.slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    this.slots[slot] = word + 1;
    this.size++;
    return word;
  }

  private grow(): void {
    const records = new Int32Array(2 * this.end);
    records.set(this.records);
    this.records = records;
    this.units = new Uint16Array(records.buffer);
  }

  private isWord(word: number, text: string, start: number, end: number): boolean {
    const { records, units } = this;
    if (records[word + 1] !== end - start) return false;
    const first = 2 * (word + HEAD) - start;
    for (let i = start; i < end; i++) if (units[first + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}
