/** @file What the first pass over a large split takes of a row: a hash of all, and whether its prompt may be long. */
import type { Message } from "../../../data/preferences/extractPrompt.ts";
import type { ReadRow } from "../../../data/preferences/readRow.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";
import { Sha256 } from "../../../formats/sha256.ts";
import { entriesOf } from "../../../formats/written.ts";
import { nativeSha256 } from "../../../host.ts";

const encoder = new TextEncoder();

/** A hash of rows, in order, as they are read: their texts, or messages with tools and kwargs. */
export class RowHash {
  private readonly native = nativeSha256();
  private readonly portable = new Sha256();

  /** @returns about the characters of the row's text. */
  add(row: ReadRow): number {
    const texts = row.kind === "texts" ? [row.prompt, row.chosen, row.rejected] : [textOf(row)];
    for (const text of texts) {
      this.update(`${text.length}:`);
      this.update(text);
    }
    return texts.reduce((sum, text) => sum + text.length, 0);
  }

  hex(): string {
    return this.native?.digest("hex") ?? this.portable.hex();
  }

  private update(text: string): void {
    if (this.native) this.native.update(text);
    else this.portable.update(encoder.encode(text));
  }
}

/** JSON, with the keys in their order and bigints as they are. */
function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{${entriesOf(value).map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`)}}`;
}

/** Normalizers and pre-tokenizers that never make a text longer in tokens than it is in bytes. */
const NEVER_LONGER = new Set(["NFC", "Lowercase", "Strip", "StripAccents", "Prepend", "Replace", "BertNormalizer"]);
/** Unicode's compatibility forms: one character may become 18. */
const MOST_LONGER = 18;
/** Room for what a template does that its own text does not show: line breaks, trimmed blanks. */
const SLACK = 16;

interface Lengths {
  max_length: number | null;
  truncation_mode?: "keep_start" | "keep_end";
  max_prompt_length?: number | null;
}

/** An upper bound of a prompt's tokens that costs no tokenizing: a token has at least one byte. */
export class PromptBound {
  private readonly tokenizer: Tokenizer;
  /** Prompts below it never fill max_length. */
  private readonly most: number;
  private readonly factor: number;
  /** Bytes that the template adds, by the roles of a prompt. */
  private readonly added = new Map<string, number>();

  constructor(tokenizer: Tokenizer, { max_length, truncation_mode = "keep_start", max_prompt_length }: Lengths) {
    const isCut = max_length === null || truncation_mode !== "keep_start";
    const isShort = max_length !== null && max_prompt_length != null && max_prompt_length < max_length;
    this.tokenizer = tokenizer;
    this.most = isCut || isShort ? Number.POSITIVE_INFINITY : max_length;
    this.factor = normalizersOf(tokenizer).every((type) => NEVER_LONGER.has(type)) ? 1 : MOST_LONGER;
  }

  /** True for every prompt that fills max_length, for prompts that are empty, and for some others. */
  mayFill(row: ReadRow): boolean {
    if (row.prompt.length === 0) return true;
    if (this.most === Number.POSITIVE_INFINITY) return false;
    return this.factor * (this.bytesOf(row) + SLACK) >= this.most;
  }

  private bytesOf(row: ReadRow): number {
    if (row.kind === "texts") return utf8Length(row.prompt);
    if (row.tools !== null || Object.keys(row.kwargs).length > 0) return Number.POSITIVE_INFINITY;
    const contents = row.prompt.reduce((sum, { content }) => sum + contentBytes(content), 0);
    return contents + this.templateBytes(row.prompt);
  }

  private templateBytes(prompt: Message[]): number {
    const key = prompt.map((message) => `${Object.keys(message)}:${message.role}`).join("\n");
    const known = this.added.get(key);
    if (known !== undefined) return known;
    const sample = prompt.map((message) => ({ ...message, content: "x" }));
    const text = this.tokenizer.apply_chat_template(sample as never, { add_generation_prompt: true, tokenize: false });
    const bytes = utf8Length(String(text));
    this.added.set(key, bytes);
    return bytes;
  }
}

/** Of a message's text; anything else than a text may be written at any length. */
const contentBytes = (content: unknown) =>
  typeof content === "string" ? utf8Length(content) : Number.POSITIVE_INFINITY;

const utf8Length = (text: string): number => encoder.encode(text).length;

/** Types of the normalizers in tokenizer.json. */
function normalizersOf(tokenizer: Tokenizer): string[] {
  const file = tokenizer.files.get("tokenizer.json");
  const json = file ? (JSON.parse(new TextDecoder().decode(file)) as { normalizer?: Normalizer | null }) : {};
  const typesOf = ({ type, normalizers = [] }: Normalizer): string[] =>
    type === "Sequence" ? normalizers.flatMap(typesOf) : [type];
  return json.normalizer ? typesOf(json.normalizer) : [];
}

interface Normalizer {
  type: string;
  normalizers?: Normalizer[];
}
