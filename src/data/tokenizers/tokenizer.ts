/** @file Tokenizer: text <-> token ids, with special tokens, chat template and files. */
import { inspected } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { copyWritten } from "../../formats/written.ts";
import { printableJson } from "../../phrases.ts";
import { type ChatTemplate, chooseTemplate, readChatTemplate, templateFiles } from "../chatTemplates/templates.ts";
import { createByteLevelBpe } from "./byteLevelBpe.ts";
import { Callable, onCall } from "./callable.ts";
import {
  checkBatch,
  checkDecode,
  checkDirectory,
  checkEncode,
  checkMessages,
  checkText,
  checkToken,
  type DecodeOptions,
  type EncodeOptions,
} from "./checkCalls.ts";
import { canCleanUp, cleanUp } from "./cleanUp.ts";
import type { Branches, TextCodec } from "./codec.ts";
import { type ChatOptions, type ChatResult, type Conversation, renderConversation } from "./conversations.ts";
import { createPipeline } from "./pipeline.ts";
import { classTemplate } from "./postProcessor.ts";
import { specialIdsOf } from "./specialIds.ts";
import { mergeAddedTokens, namedSpecialTokens } from "./specialTokens.ts";
import { textBytes, tokenizerConfigFile, tokenizerJsonFile } from "./tokenizerFiles.ts";
import { type AddedToken, checkTokenizerJson, readVocabulary, type TokenizerJson } from "./tokenizerJson.ts";
import { checkedParts, type ThreadParts, type TokenizerParts } from "./tokenizerParts.ts";

export type { DecodeOptions, EncodeOptions };

/** Result of `tokenizer(text)`, with transformers' names. */
export interface Encoding {
  input_ids: number[];
  attention_mask: number[];
}

export interface BatchEncoding {
  input_ids: number[][];
  attention_mask: number[][];
}

interface TokenizerCall {
  (text: string, options?: EncodeOptions): Encoding;
  (texts: string[], options?: EncodeOptions): BatchEncoding;
}

/** transformers' model_max_length if the files have none: int(1e30). */
const VERY_LARGE_INTEGER = 1e30;

/**
 * A tokenizer with transformers' names and ids. `tokenizer(text)` gives { input_ids, attention_mask }.
 * Created by AutoTokenizer.from_pretrained.
 */
export class Tokenizer extends (Callable as unknown as new () => TokenizerCall) {
  readonly name_or_path: string;
  /** Longest text in tokens that the model supports; 1e30 if the files don't say. */
  readonly model_max_length: number;
  /** The Jinja template that renders messages as text, or several by name; null if the model has none. */
  chat_template: ChatTemplate | null;
  /** Number of tokens, added ones included: transformers' `len(tokenizer)`. */
  readonly vocabSize: number;
  private readonly codec: TextCodec;
  private readonly parts: Omit<TokenizerParts, "json">;
  /** Source of the saved tokenizer.json. The parsed file is not kept: it would take about 20 MB. */
  private readonly origin: Uint8Array | TokenizerJson;
  private readonly addedTokens: AddedToken[];
  private readonly special: Map<string, string>;
  private readonly specialIds: Set<number>;
  private readonly canCleanUp: boolean;
  /** The model's vocabulary, shared with the codec. */
  private readonly idOf: ReadonlyMap<string, number>;
  /** Added tokens, which merges never produce. */
  private readonly idOfAdded: ReadonlyMap<string, number>;
  private readonly tokenOf: string[] = [];

  constructor(parts: TokenizerParts) {
    super();
    const { json: parsed, ...otherParts } = checkedParts(parts);
    const checked = checkTokenizerJson(parsed, parts.where);
    this.parts = otherParts;
    this.idOf = readVocabulary(checked.model.vocab, parts.where);
    this.addedTokens = mergeAddedTokens(checked, this.idOf, parts);
    this.special = namedSpecialTokens({ ...parts, padding: checked.padding });
    this.idOfAdded = new Map(this.addedTokens.map(({ content, id }) => [content, id]));
    const json: TokenizerJson = { ...checked, added_tokens: this.addedTokens };
    if (parts.around) json.post_processor = classTemplate(parts.around, this.special, (name) => this.specialId(name));
    this.origin = parts.source ?? json;
    const isSplit = parts.config.split_special_tokens === true;
    const added_tokens = this.addedTokens.map((token) => (isSplit && token.special ? { ...token, isSplit } : token));
    const read = { ...json, added_tokens };
    this.codec = createByteLevelBpe(read, this.idOf, parts.where) ?? createPipeline(read, this.idOf, parts.where);
    this.name_or_path = parts.name_or_path;
    const maxLength = parts.config.model_max_length ?? parts.config.max_len;
    this.model_max_length = typeof maxLength === "number" ? maxLength : VERY_LARGE_INTEGER;
    this.chat_template = readChatTemplate(parts.config, parts.templateFiles ?? new Map(), parts.name_or_path);
    for (const [token, id] of [...this.idOf, ...this.idOfAdded]) this.tokenOf[id] = token;
    this.vocabSize = this.idOf.size + this.addedTokens.filter(({ content }) => !this.idOf.has(content)).length;
    this.specialIds = specialIdsOf(json, parts.where);
    this.canCleanUp = canCleanUp(checked.model, parts.config);
  }

  [onCall](text: string | string[], options?: EncodeOptions): Encoding | BatchEncoding {
    const encodeOne = (one: string): Encoding => {
      const input_ids = this.encode(one, options);
      return { input_ids, attention_mask: input_ids.map(() => 1) };
    };
    if (!Array.isArray(text)) return encodeOne(text);
    const rows = text.map(encodeOne);
    return { input_ids: rows.map((row) => row.input_ids), attention_mask: rows.map((row) => row.attention_mask) };
  }

  /** Token ids of a text. */
  encode(text: string, options: EncodeOptions = {}): number[] {
    checkText(text);
    checkEncode(options);
    return this.codec.encode(text, options.add_special_tokens ?? true);
  }

  /** Ids of a text, and of the text with each continuation: equal to encode's, but each part is tokenized once. */
  encodeBranches(text: string, continuations: string[], options: EncodeOptions = {}): Branches {
    return this.codec.encodeBranches(text, continuations, options.add_special_tokens ?? true);
  }

  /** Selects a chat template by name or by default; a string that is a template is returned unchanged. */
  get_chat_template(chat_template?: string | null, tools?: readonly unknown[] | null): string {
    const where = this.name_or_path;
    return chooseTemplate(this.chat_template, chat_template, { tools: Boolean(tools), where });
  }

  /**
   * Renders messages with the chat template, as ids or text: transformers' apply_chat_template. No bos or eos is added
   * besides the template's. Other options (`enable_thinking: false`) are passed to the template.
   * @param messages one conversation, or several.
   * @returns { input_ids, attention_mask }; with return_dict: false the ids; with tokenize: false the text
   * @throws PrefineError("model") without a template, ("data") if the template fails on the messages
   */
  apply_chat_template<const O extends ChatOptions = Record<string, never>>(
    messages: Conversation | readonly Conversation[],
    options?: O,
  ): ChatResult<O> {
    const { tokenize = true, return_dict = true, ...rest } = options ?? {};
    checkMessages(messages);
    const isBatch = Array.isArray(messages[0]);
    const conversations = (isBatch ? messages : [messages]) as readonly Conversation[];
    const texts = conversations.map((chat) => renderConversation(this, chat, copyWritten(rest, options ?? {})));
    const encoded = tokenize ? this(texts, { add_special_tokens: false }) : undefined;
    const { input_ids, attention_mask } = encoded ?? { input_ids: [], attention_mask: [] };
    const pick = <T>(all: T[]) => (isBatch ? all : all[0]);
    const result = !tokenize
      ? pick(texts)
      : return_dict
        ? { input_ids: pick(input_ids), attention_mask: pick(attention_mask) }
        : pick(input_ids);
    return result as ChatResult<O>;
  }

  /** The named special tokens: transformers' special_tokens_map. */
  get special_tokens_map(): Record<string, string> {
    return Object.fromEntries(this.special);
  }
  /** Tokens that are matched in a text before it is split, and whether they are special. */
  get added_tokens(): { content: string; special: boolean }[] {
    return this.addedTokens.map(({ content, special }) => ({ content, special }));
  }

  /**
   * The text of token ids; invalid UTF-8 becomes U+FFFD. Ids beyond the vocabulary have no text, as in Python: a model
   * may have more ids than its tokenizer (Qwen2.5: 151,936 and 151,665) and generate one of them.
   * @param ids a list, or a single id.
   */
  decode(ids: ArrayLike<number> | number, options: DecodeOptions = {}): string {
    if (typeof ids === "number") return this.decode([ids], options);
    checkDecode(ids, options);
    const decodable: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      if (!(Number.isInteger(ids[i]) && ids[i] >= 0)) throw this.outsideVocabulary(ids[i]);
      if (this.tokenOf[ids[i]] === undefined) continue;
      if (!options.skip_special_tokens || !this.specialIds.has(ids[i])) decodable.push(ids[i]);
    }
    const text = this.codec.decode(decodable);
    return this.cleansUp(options) ? cleanUp(text) : text;
  }

  /** Whether decode removes spaces before punctuation: never for BPE, where they belong to the text. */
  cleansUp({ clean_up_tokenization_spaces: isAsked }: DecodeOptions): boolean {
    return this.canCleanUp && (isAsked ?? this.parts.config.clean_up_tokenization_spaces === true);
  }

  /** The texts of several lists of ids. */
  batch_decode(batch: ArrayLike<number>[], options: DecodeOptions = {}): string[] {
    checkBatch(batch);
    return batch.map((ids) => this.decode(ids, options));
  }

  /** True if decode(a) + decode(b) equals decode(a + b), so that a stream can drop ids it has emitted. */
  get concatenates(): boolean {
    return this.codec.concatenates;
  }

  convert_tokens_to_ids(token: string): number | undefined {
    checkToken(token);
    return this.idOfAdded.get(token) ?? this.idOf.get(token);
  }

  convert_ids_to_tokens(id: number): string {
    const token = this.tokenOf[id];
    if (token === undefined) throw this.outsideVocabulary(id);
    return token;
  }

  get bos_token(): string | null {
    return this.special.get("bos_token") ?? null;
  }
  get bos_token_id(): number | null {
    return this.specialId("bos_token");
  }
  get eos_token(): string | null {
    return this.special.get("eos_token") ?? null;
  }
  get eos_token_id(): number | null {
    return this.specialId("eos_token");
  }
  get unk_token(): string | null {
    return this.special.get("unk_token") ?? null;
  }
  get unk_token_id(): number | null {
    return this.specialId("unk_token");
  }
  get pad_token(): string | null {
    return this.special.get("pad_token") ?? null;
  }
  /** Sets the padding token, which must be in the vocabulary; null unsets it. */
  set pad_token(token: string | null) {
    if (token === null) this.special.delete("pad_token");
    else if (this.convert_tokens_to_ids(token) !== undefined) this.special.set("pad_token", token);
    else {
      throw new PrefineError(
        "model",
        `${this.name_or_path}: pad_token: expected a token of the vocabulary, found ${JSON.stringify(token)}`,
        "GPT-2 has no padding token; the usual choice is `tokenizer.pad_token = tokenizer.eos_token`.",
      );
    }
  }
  get pad_token_id(): number | null {
    return this.specialId("pad_token");
  }
  /** Ids that skip_special_tokens leaves out. */
  get all_special_ids(): number[] {
    return [...this.specialIds];
  }

  /** The files of this tokenizer, for saving next to a model: name -> bytes. */
  get files(): Map<string, Uint8Array> {
    const { config, tokenizerClass } = this.parts;
    const { special, model_max_length } = this;
    return new Map([
      ["tokenizer.json", tokenizerJsonFile(this.origin, this.addedTokens)],
      ["tokenizer_config.json", tokenizerConfigFile(config, { special, model_max_length, tokenizerClass })],
      ...[...templateFiles(this.chat_template)].map(([path, text]) => [path, textBytes(text)] as const),
    ]);
  }

  /** Writes the files and chat templates into a folder that transformers' AutoTokenizer can load. */
  async save_pretrained(directory: string): Promise<void> {
    checkDirectory(directory);
    if (!this.parts.writeFiles) throw new Error("internal: this tokenizer was made without a way to write files");
    await this.parts.writeFiles(directory, this.files);
  }

  /** What console.log shows. */
  [inspected](): string {
    const template = this.chat_template === null ? "none" : "yes";
    return (
      `Tokenizer({\n  name_or_path: ${this.name_or_path},\n  vocab_size: ${this.vocabSize},\n` +
      `  special_tokens: ${printableJson(JSON.stringify(this.special_tokens_map))},\n  chat_template: ${template}\n})`
    );
  }

  /** What another thread needs to make the same tokenizer. */
  get threadParts(): ThreadParts {
    const { writeFiles: _, source: __, ...parts } = this.parts;
    return { ...parts, origin: this.origin, chat_template: this.chat_template, pad_token: this.pad_token };
  }

  private specialId(name: string): number | null {
    const token = this.special.get(name);
    if (token === undefined) return null;
    return this.convert_tokens_to_ids(token) ?? (name === "unk_token" ? null : this.specialId("unk_token"));
  }

  private outsideVocabulary(id: number): PrefineError {
    return new PrefineError(
      "model",
      `${this.name_or_path}: token id: expected 0 to ${this.tokenOf.length - 1}, found ${id}`,
      "Do the tokenizer and the model belong together?",
    );
  }
}
