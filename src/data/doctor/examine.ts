/** @file A raw row of TRL's columns -> what the checks look at. */

import { PrefineError } from "../../errors.ts";
import type { RowName } from "../../phrases.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { checkRow, type ReadRow, readPreferenceRow } from "../preferences/readRow.ts";
import { charactersOf } from "../preferences/rowGroups.ts";
import { unpackSent } from "../preferences/sentPair.ts";
import { type TokenizedPair, tokenizePair } from "../preferences/tokenizePair.ts";
import type { PairOrError, TokenizingThreads } from "../preferences/tokenizingThreads.ts";
import type { Shape, Texts } from "../shapes/shape.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { ExaminedRow } from "./check.ts";
import { type Signature, signatureOf } from "./minhash.ts";
import { hashNormalized, hashText, isAscii, Words } from "./words.ts";

/** The contents of messages, which may be lists of blocks, and calls of tools. */
export function textOf(messages: readonly Message[]): string {
  const parts = messages.flatMap(({ content, tool_calls }) => {
    const blocks = Array.isArray(content) ? content.map((block: { text?: unknown }) => block?.text) : [content];
    const calls = tool_calls ? [JSON.stringify(tool_calls)] : [];
    return [...blocks.filter((block) => typeof block === "string"), ...calls];
  });
  return parts.join("\n");
}

const isSystem = ({ role }: Message) => role === "system" || role === "developer";

/** @returns with the prompt's system messages and roles as `wholePrompt`. */
function textsOf(row: ReadRow, bare: Shape["bare"]): Texts & { wholePrompt: string } {
  if (row.kind === "texts") return { ...(bare?.(row) ?? row), wholePrompt: row.prompt };
  const prompt = textOf(row.prompt.filter((message) => !isSystem(message)));
  const wholePrompt = row.prompt.map((message) => `${message.role}: ${textOf([message])}`).join("\n");
  return { prompt, wholePrompt, chosen: textOf(row.chosen), rejected: textOf(row.rejected) };
}

/** A pair in TRL's columns, with the number of its row. */
export interface RawPair {
  raw: Row;
  index: number;
  /** Takes the format's own marks off the texts. */
  bare?: Shape["bare"];
}

/** A row for the checks, or why it can't be read. */
export type Examined = { index: number } & ({ row: ExaminedRow } | { error: unknown });

/** A row before it is tokenized. */
type Read = { index: number } & ((Omit<RawPair, "index"> & { row: ReadRow }) | { error: unknown });

export interface RowsOptions {
  /** Names of the rows in messages. */
  nameOf: RowName;
  tokenizer: Tokenizer | undefined;
  /** Threads for splits that take long; none: all is done here. */
  openThreads?: (() => TokenizingThreads | undefined) | undefined;
  /** For tests: work (ms) before threads are opened; default 500. */
  alone?: number;
}

/** Work on this thread (ms) before others tokenize: starting them takes as long. */
const ALONE = 500;
/** Characters of rows that a thread is sent at once. */
const GROUP = 262_144;

/** Reads the rows of one split. The first row decides whether there is a prompt column, as in training. */
export class RowExamination {
  /** Why a tokenizer that is there is not used, from the first row that has no template. */
  withoutTokens: string | undefined;
  /** Places for the words of one row. */
  readonly words = { prompt: new Words(), chosen: new Words(), rejected: new Words() };
  private readonly options: RowsOptions;
  private implicitPrompt: boolean | undefined;

  constructor(options: RowsOptions) {
    this.options = options;
  }

  /** In order. */
  async *rows(pairs: AsyncGenerator<RawPair>): AsyncGenerator<Examined> {
    const { tokenizer, openThreads, alone = ALONE } = this.options;
    const started = performance.now();
    let threads: TokenizingThreads | undefined;
    let mayOpen = tokenizer !== undefined;
    while (!threads) {
      const { done, value } = await pairs.next(); // a loop's break would end the pairs
      if (done) return;
      yield this.finished(this.read(value));
      if (!mayOpen || this.withoutTokens !== undefined || performance.now() - started < alone) continue;
      threads = openThreads?.();
      mayOpen = false;
    }
    try {
      yield* this.inThreads(pairs, threads);
    } finally {
      await threads.end();
    }
  }

  private async *inThreads(pairs: AsyncGenerator<RawPair>, threads: TokenizingThreads): AsyncGenerator<Examined> {
    const sent: { group: Read[]; pairs: Promise<PairOrError[]> }[] = [];
    for await (const group of this.groups(pairs)) {
      const tokenized = threads.tokenize(group.flatMap((one) => ("row" in one ? [one.row] : [])));
      tokenized.catch(() => {}); // thrown in its turn
      sent.push({ group, pairs: tokenized });
      if (sent.length < threads.capacity) continue;
      yield* this.joined(sent.shift());
    }
    while (sent.length > 0) yield* this.joined(sent.shift());
  }

  private async *groups(pairs: AsyncGenerator<RawPair>): AsyncGenerator<Read[]> {
    let group: Read[] = [];
    let characters = 0;
    for await (const pair of pairs) {
      group.push(this.read(pair));
      characters += charactersOf(pair.raw);
      if (characters < GROUP) continue;
      yield group;
      group = [];
      characters = 0;
    }
    if (group.length > 0) yield group;
  }

  private async *joined(sent: { group: Read[]; pairs: Promise<PairOrError[]> } | undefined): AsyncGenerator<Examined> {
    if (!sent) return;
    const pairs = (await sent.pairs).values();
    for (const read of sent.group) {
      const pair = "row" in read ? pairs.next().value : undefined;
      yield this.finished(read, pair);
    }
  }

  private read({ raw, index, bare }: RawPair): Read {
    const where = this.options.nameOf(index);
    try {
      checkRow(raw, where);
      this.implicitPrompt ??= !("prompt" in raw);
      return { index, raw, bare, row: readPreferenceRow(raw, { where, implicitPrompt: this.implicitPrompt }) };
    } catch (error) {
      return { index, error };
    }
  }

  /** @param known its tokens, from a thread. */
  private finished(read: Read, known?: PairOrError): Examined {
    if ("error" in read) return read;
    const { index, row, raw, bare } = read;
    try {
      const rest = { index, raw, pair: this.tokens(row, known) };
      return { index, row: examined({ row, bare }, rest, this.words) };
    } catch (error) {
      return { index, error };
    }
  }

  private tokens(row: ReadRow, known: PairOrError | undefined): TokenizedPair | undefined {
    const { tokenizer } = this.options;
    if (!tokenizer || this.withoutTokens !== undefined) return undefined;
    try {
      if (!known) return tokenizePair(row, tokenizer);
      if ("pair" in known) return unpackSent(known.pair);
      throw known.error;
    } catch (error) {
      if (!(error instanceof PrefineError) || error.code !== "model") throw error;
      this.withoutTokens = error.message;
      return undefined;
    }
  }
}

function examined(
  { row, bare }: Pick<RawPair, "bare"> & { row: ReadRow },
  rest: Pick<ExaminedRow, "index" | "raw" | "pair">,
  places: RowExamination["words"],
): ExaminedRow {
  const { prompt, chosen, rejected, wholePrompt } = textsOf(row, bare);
  const ascii = { prompt: isAscii(prompt), chosen: isAscii(chosen), rejected: isAscii(rejected) };
  const words = {
    prompt: places.prompt.of(prompt),
    chosen: places.chosen.of(chosen),
    rejected: places.rejected.of(rejected),
  };
  const keys = {
    prompt: hashNormalized(wholePrompt),
    chosen: hashNormalized(chosen, ascii.chosen),
    rejected: hashNormalized(rejected, ascii.rejected),
  };
  let signature: Signature | undefined;
  return {
    ...rest,
    ...{ row, prompt, chosen, rejected, ascii, keys, words },
    exact: hashText([wholePrompt, chosen, rejected].join("\0")),
    signature: () => {
      signature ??= signatureOf([words.prompt, words.chosen, words.rejected]);
      return signature;
    },
  };
}
