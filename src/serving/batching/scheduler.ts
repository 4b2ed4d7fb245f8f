/**
 * @file Continuous batching: answers of one base model and its adapters are computed together. A turn reads a part of
 * the next prompt and adds a token to every running answer; rows join and leave at any step.
 */
import type { ForkingDecoder } from "../../generation/decoder.ts";
import { giveTurn } from "../../host.ts";
import { largest } from "../../lists.ts";
import { Batch, type EndedRow, tokensRead } from "./batch.ts";
import { Prefill } from "./prefill.ts";
import { PrefixCache } from "./prefixCache.ts";
import { advance, type ServedRow } from "./servedRow.ts";
import { sum } from "./tokens.ts";
import type { Turns } from "./turns.ts";

export interface SchedulerOptions {
  /** The base model with each of its adapters, or without one: variants. */
  decoders: readonly ForkingDecoder[];
  /** Longer texts have other rotary frequencies (LongRoPE): their rows are a batch of their own. */
  cacheLimit?: number | undefined;
  turns: Turns;
  /** Answers at once. */
  mostRows: number;
  /** Positions of all rows of the batches together, with padding. One row alone may have more. */
  mostTokens: number;
  /** Positions of caches that are kept for conversations that go on. */
  mostKept: number;
}

/** Prompts of at most so many tokens are read together, in calls of at most so many tokens with padding. */
const SHORT = 128;
const MOST_TOGETHER = 1024;
/** Tokens of a long prompt that are read in one turn, while other answers wait, and alone. */
const PART = 256;
const PART_ALONE = 1024;

export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly kept: PrefixCache;
  private waiting: ServedRow[] = [];
  private prefill: Prefill | undefined;
  private readonly batches = new Map<string, Batch>();
  private work: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.kept = new PrefixCache(options.mostKept);
  }

  /** Answers that have not begun. */
  get queued(): number {
    return this.waiting.length;
  }

  /** Answers that are being computed. */
  get running(): number {
    return sum([...this.batches.values()].map(({ rows }) => rows.length)) + (this.prefill?.rows.length ?? 0);
  }

  /** Positions of the caches kept. */
  get keptTokens(): number {
    return this.kept.tokens;
  }

  /** Queues answers; each receives its tokens and its end. */
  submit(rows: readonly ServedRow[]): void {
    this.waiting = [...this.waiting, ...rows];
    this.work ??= this.run();
  }

  private async run(): Promise<void> {
    await giveTurn(); // requests that come together begin together
    while (this.queued + this.running > 0) {
      await this.options.turns.take(() => this.turn());
      await giveTurn();
    }
    this.work = undefined;
  }

  private async turn(): Promise<void> {
    this.dropGone();
    await this.readPrompts().catch((error: unknown) => this.failPrefill(error));
    for (const [key, batch] of this.batches) {
      this.makeRoom(batch);
      await this.keep(key, await batch.step());
      if (batch.rows.length === 0) await batch.settle().catch(() => {}); // others settle once more rows have joined
    }
  }

  /** Answers whose clients are gone. */
  private dropGone(): void {
    const isGone = ({ signal }: ServedRow) => signal.aborted;
    const gone = [
      ...this.waiting.filter(isGone),
      ...[...this.batches.values()].flatMap((batch) => batch.remove(isGone)),
    ];
    this.waiting = this.waiting.filter((served) => !isGone(served));
    for (const served of gone) served.onEnd({ error: served.signal.reason });
  }

  private async readPrompts(): Promise<void> {
    this.prefill ??= this.nextPrefill();
    const { prefill } = this;
    if (!prefill) return;
    if (prefill.rows.every(({ signal }) => signal.aborted)) return this.failPrefill(prefill.rows[0].signal.reason);
    const isAlone = [...this.batches.values()].every(({ rows }) => rows.length === 0);
    const { cacheLimit } = this.options;
    const [first] = prefill.rows;
    // the frequencies of a long text apply from its first token on: it is read at once
    const isWhole = cacheLimit !== undefined && first.row.ids.length > cacheLimit;
    const most = isWhole ? first.row.ids.length : isAlone ? PART_ALONE : PART;
    const logits = await prefill.step(most);
    if (!logits) return;
    this.prefill = undefined;
    const size = prefill.cache.vocabSize;
    const running: ServedRow[] = [];
    for (const [index, group] of prefill.groups.entries()) {
      const scores = logits.subarray(index * size, (index + 1) * size);
      for (const served of group) if (!advance(served, scores)) running.push(served);
    }
    if (running.length === 0) return prefill.cache.clear();
    const place = (served: ServedRow) => prefill.groups.findIndex((group) => group.includes(served));
    this.batchOf(this.keyOf(first)).join(running, prefill.cache, place);
  }

  private async failPrefill(error: unknown): Promise<void> {
    const { prefill } = this;
    this.prefill = undefined;
    for (const served of prefill?.rows ?? []) served.onEnd({ error });
    await prefill?.cache.clear().catch(() => {});
  }

  /** Rows of one key are computed together. A text that has just grown too long for its batch has another key. */
  private keyOf({ variant, row }: ServedRow): string {
    const { cacheLimit } = this.options;
    return `${variant}${cacheLimit !== undefined && row.ids.length > cacheLimit ? " long" : ""}`;
  }

  private batchOf(key: string): Batch {
    const batch = this.batches.get(key) ?? new Batch(this.options.decoders[Number.parseInt(key, 10)]);
    this.batches.set(key, batch);
    return batch;
  }

  /** The next prompts to read; undefined: none is waiting, or there is no room. */
  private nextPrefill(): Prefill | undefined {
    const [first] = this.waiting;
    const free = this.options.mostRows - this.running;
    if (!first || free <= 0) return undefined;
    const key = this.keyOf(first);
    const room = this.roomIn(key);
    const start = this.kept.find(key, first.row.ids);
    const groups = [this.waiting.filter((served) => isSamePrompt(served, first)).slice(0, free)];
    if (!room(groups)) groups[0] = [first];
    if (!room(groups) && this.running > 0) return undefined;
    if (!start) this.addShort(groups, { key, free, room });
    const taken = new Set(groups.flat());
    this.waiting = this.waiting.filter((served) => !taken.has(served));
    return new Prefill(this.options.decoders[first.variant], { groups, start });
  }

  /** Other short prompts, which are read in the same call. */
  private addShort(groups: ServedRow[][], { key, free, room }: Joining): void {
    for (const served of this.waiting) {
      const all = groups.flat();
      if (all.includes(served) || this.keyOf(served) !== key) continue;
      const same = this.waiting.filter((other) => isSamePrompt(other, served) && !all.includes(other));
      const longest = largest([...groups, same].map(([{ row }]) => row.ids.length));
      const fits =
        all.length + same.length <= free && longest <= SHORT && longest * (groups.length + 1) <= MOST_TOGETHER;
      if (!fits || !room([...groups, same]) || this.kept.find(key, served.row.ids)) continue;
      groups.push(same);
    }
  }

  /** Whether memory has room for more rows in a batch. */
  private roomIn(key: string): (groups: readonly (readonly ServedRow[])[]) => boolean {
    const others = sum([...this.batches].map(([name, { rows, length }]) => (name === key ? 0 : rows.length * length)));
    const batch = this.batches.get(key);
    return (groups) => {
      const added = groups.flat();
      const length = Math.max(batch?.length ?? 0, largest(added.map(({ row }) => row.ids.length + 1)));
      return others + (added.length + (batch?.rows.length ?? 0)) * length <= this.options.mostTokens;
    };
  }

  /** Takes the youngest rows of a batch that outgrows memory, or its frequencies, back into the queue. */
  private makeRoom(batch: Batch): void {
    const keyHere = (served: ServedRow) => this.batches.get(this.keyOf(served)) === batch;
    let grown = batch.remove((served) => !keyHere(served));
    const total = () => sum([...this.batches.values()].map(({ rows, length }) => rows.length * (length + 1)));
    while (total() > this.options.mostTokens && batch.rows.length > 1) {
      const youngest = batch.rows[batch.rows.length - 1];
      grown = [...batch.remove((served) => served === youngest), ...grown];
    }
    this.waiting = [...grown, ...this.waiting];
  }

  /** Keeps the caches of ended answers for the next message of their conversations. */
  private async keep(key: string, ended: readonly EndedRow[]): Promise<void> {
    for (const { served, at } of ended) {
      if (!served.signal.aborted) await this.kept.keep(key, tokensRead(served), at).catch(() => {});
    }
  }
}

interface Joining {
  key: string;
  free: number;
  room: (groups: readonly (readonly ServedRow[])[]) => boolean;
}

/** Whether two answers begin with the same computation: neither has been interrupted. */
function isSamePrompt(a: ServedRow, b: ServedRow): boolean {
  const isNew = ({ row }: ServedRow) => row.ids.length === row.promptLength;
  return a === b || (a.prompt === b.prompt && a.variant === b.variant && isNew(a) && isNew(b));
}
