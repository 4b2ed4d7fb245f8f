/** @file The file of tokens that belongs to a split: found by its data, read, written. */
import type { Row } from "../../../data/datasets/features.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { type TokenizeRowsOptions, tokenizerIdentity } from "../tokenized.ts";
import { RawRows } from "./rawRows.ts";
import { TokenCache, type TokenCachePlace } from "./tokenCache.ts";
import type { TokenEntry } from "./tokenFile.ts";

interface HashableRows {
  rows(): AsyncIterable<Row>;
  /** A hash of the files that decide the rows; undefined where something else does. */
  sourceHash?(): Promise<string | undefined>;
}

export class KeptTokens {
  /** Tokens of the same data, from an earlier run. */
  readonly entry: TokenEntry | undefined;
  private readonly source: HashableRows;
  private readonly cache: TokenCache;
  /** Undefined: known once all rows were read. */
  private readonly data: string | undefined;
  private readonly passing = new RawRows();

  private constructor(source: HashableRows, cache: TokenCache, known: { data?: string; entry?: TokenEntry }) {
    this.source = source;
    this.cache = cache;
    this.data = known.data;
    this.entry = known.entry;
  }

  /** Files are hashed; rows in memory only where there are tokens that may be theirs. */
  static async open(
    source: HashableRows,
    place: TokenCachePlace,
    options: TokenizeRowsOptions & { tokenizer: Tokenizer },
  ): Promise<KeptTokens> {
    const { observer, split } = options;
    const cache = new TokenCache(place, settingsOf(options));
    observer.status(`looking for tokens of ${split}`);
    const files = await source.sourceHash?.();
    const data = files ? `files ${files}` : (await cache.hasAny()) ? await hashOf(source.rows()) : undefined;
    if (data === undefined) return new KeptTokens(source, cache, {});
    const entry = await cache.read(data);
    if (entry && !("fault" in entry)) return new KeptTokens(source, cache, { data, entry });
    if (entry) observer.warn(`${entry.fault}; ${split} is tokenized anew`);
    return new KeptTokens(source, cache, { data });
  }

  /** All rows, from which it is also known which data this is. */
  rows(): AsyncIterable<Row> {
    return this.data === undefined ? this.passing.through(this.source.rows()) : this.source.rows();
  }

  /** After all of `rows` were read. @throws PrefineError("io"). */
  async write(entry: TokenEntry): Promise<void> {
    const data = this.data ?? `rows ${this.passing.hex()}`;
    const files = await this.source.sourceHash?.();
    const isSame = !data.startsWith("files ") || data === `files ${files}`;
    if (isSame) await this.cache.write(data, entry);
  }
}

async function hashOf(rows: AsyncIterable<Row>): Promise<string> {
  const hash = new RawRows();
  await hash.addAll(rows);
  return `rows ${hash.hex()}`;
}

/** All that decides tokens, lines and drops, except for the data. */
function settingsOf(options: TokenizeRowsOptions & { tokenizer: Tokenizer }): unknown {
  const { tokenizer, split, to_preferences, max_length, truncation_mode, max_prompt_length, modelVocabSize } = options;
  const { drop_degenerate = false, winRates = false } = options;
  return {
    ...{ split, to_preferences, max_length, truncation_mode, max_prompt_length, modelVocabSize },
    ...{ drop_degenerate, winRates },
    tokenizer: tokenizerIdentity(tokenizer),
    chat_template: tokenizer.chat_template,
    special: [tokenizer.pad_token, tokenizer.eos_token, tokenizer.bos_token],
  };
}
