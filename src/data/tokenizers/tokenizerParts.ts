/** @file What a tokenizer is made of, here or in another thread. */
import { checkValue, objectWith } from "../../arguments.ts";
import type { ChatTemplate } from "../chatTemplates/templates.ts";
import type { SpecialTokenName, TokenizerSettings } from "./specialTokens.ts";
import type { TokenizerJson } from "./tokenizerJson.ts";

/** Named special tokens around a text. */
export interface TokensAround {
  before: readonly SpecialTokenName[];
  after: readonly SpecialTokenName[];
  /** Ids in the place of tokens that the files set to null; such a token is otherwise left out. */
  withoutToken?: Readonly<Partial<Record<SpecialTokenName, number>>>;
}

export interface TokenizerParts extends TokenizerSettings {
  /** The parsed tokenizer.json, or an object of the same structure. */
  json: Record<string, unknown>;
  /** The bytes of tokenizer.json, if `json` is its unchanged content. */
  source?: Uint8Array;
  /** Names the vocabulary's file in messages. */
  where: string;
  name_or_path: string;
  /** Special tokens around a text, if the tokenizer's class sets them instead of tokenizer.json. */
  around?: TokensAround | undefined;
  /** Chat templates in separate files: path -> text. */
  templateFiles?: ReadonlyMap<string, string>;
  /** Writes files into a folder, for save_pretrained. */
  writeFiles?: (directory: string, files: Map<string, Uint8Array>) => Promise<void>;
}

/** Everything that a tokenizer's results depend on, as plain data. */
export interface ThreadParts extends Omit<TokenizerParts, "json" | "source" | "writeFiles"> {
  origin: Uint8Array | TokenizerJson;
  chat_template: ChatTemplate | null;
  pad_token: string | null;
}

const theParts = objectWith("the parts of a tokenizer", "json", "config", "where");

/** The constructor's argument, which from_pretrained makes. @throws PrefineError("config") for anything else. */
export function checkedParts<T>(parts: T): T {
  checkValue("new Tokenizer", parts, theParts, 'Load one: await AutoTokenizer.from_pretrained("gpt2").');
  return parts;
}
