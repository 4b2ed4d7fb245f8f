/** @file Checks what a tokenizer's methods are given: texts, ids, messages, and the names of their options. */
import {
  bool,
  checkOptions,
  checkValue,
  describeValue,
  isPromise,
  objectWith,
  optionsOf,
  placesOf,
  text,
} from "../../arguments.ts";
import { nearestName, PrefineError } from "../../errors.ts";

export interface EncodeOptions {
  /** Adds the tokens that surround a text (bos, if the model has one). Default: true. */
  add_special_tokens?: boolean | undefined;
}

export interface DecodeOptions {
  /** Leaves special tokens (such as eos) out of the text. Default: false. */
  skip_special_tokens?: boolean | undefined;
  /** Removes spaces before punctuation, but never from byte pair encoding's text. Default: tokenizer_config.json's. */
  clean_up_tokenization_spaces?: boolean | undefined;
}

const ENCODE_OPTIONS = optionsOf<EncodeOptions>("a tokenizer's encode", { add_special_tokens: bool });
const DECODE_OPTIONS = optionsOf<DecodeOptions>("a tokenizer's decode", {
  skip_special_tokens: bool,
  clean_up_tokenization_spaces: bool,
});

const NO_PADDING = "texts are not padded; each has a list of ids of its own length";
const NO_TRUNCATION = "cut the list of ids: ids.slice(0, length)";

/** Arguments of transformers' tokenizers that would change the result. */
const ENCODE_NOT_BUILT = {
  padding: NO_PADDING,
  pad_to_multiple_of: NO_PADDING,
  truncation: NO_TRUNCATION,
  max_length: NO_TRUNCATION,
  stride: NO_TRUNCATION,
  text_pair: "join the texts",
  return_tensors: "ids are lists of numbers",
  return_tensor: "ids are lists of numbers",
  is_split_into_words: "join the words",
  return_offsets_mapping: "offsets are not computed",
  return_overflowing_tokens: NO_TRUNCATION,
  return_special_tokens_mask: "see all_special_ids",
};
const ENCODE_NO_EFFECT = ["padding_side", "return_attention_mask", "return_token_type_ids", "return_length", "verbose"];

/** @throws PrefineError("config") for unknown options. */
export function checkEncode(options: unknown): void {
  const other = { notBuilt: ENCODE_NOT_BUILT, noEffect: ENCODE_NO_EFFECT };
  checkOptions("tokenizer", options, ENCODE_OPTIONS, other);
}

/** @throws PrefineError("config") for unknown options, ("data") for what are no ids. */
export function checkDecode(ids: unknown, options: unknown): void {
  checkOptions("decode", options, DECODE_OPTIONS);
  const isList = Array.isArray(ids) || ArrayBuffer.isView(ids);
  const [first] = isList ? (ids as readonly unknown[]) : [];
  if (isList && (first === undefined || typeof first === "number")) return; // the others are checked as they are read
  const wrong = isList ? first : ids;
  const hint = Array.isArray(wrong) ? "Several lists are for batch_decode." : "Pass input_ids, the list of numbers.";
  throw new PrefineError("data", `decode: expected a list of token ids, found ${describeValue(wrong)}`, hint);
}

export function checkBatch(batch: unknown): void {
  checkValue("batch_decode", batch, { expected: "a list of lists of token ids", accepts: Array.isArray });
}

/** @throws PrefineError("data") for anything but a text. */
export function checkText(value: unknown): asserts value is string {
  if (typeof value === "string") return;
  const hint = isMessage(value) ? "Messages are for apply_chat_template." : undefined;
  throw new PrefineError("data", `tokenizer: expected a string, found ${describeValue(value)}`, hint);
}

const isMessage = (value: unknown) => typeof value === "object" && value !== null && "role" in value;

/** @throws PrefineError("data") for anything but a list of messages, or of conversations. */
export function checkMessages(messages: unknown): void {
  if (Array.isArray(messages) && !messages.some(isNeither)) return;
  const wrong: unknown = Array.isArray(messages) ? messages.find(isNeither) : messages;
  const expected = "expected messages, [{ role, content }, ...], found";
  const hint = isMessage(messages) ? "Put the message into a list." : undefined;
  throw new PrefineError("data", `apply_chat_template: ${expected} ${describeValue(wrong)}`, hint);
}

/** Neither a message nor a conversation; an object without a role is left to the template. */
const isNeither = (value: unknown) => typeof value !== "object" || value === null || isPromise(value);

/** Options of apply_chat_template itself. */
const CHAT_OPTIONS = [
  "tokenize",
  "return_dict",
  "add_generation_prompt",
  "continue_final_message",
  "tools",
  "documents",
  "chat_template",
];

/**
 * Any other option is a variable of the template, and one that this template does not read has no effect, as in
 * transformers: programs pass the same variables to templates of several models.
 * @throws PrefineError("config") for a misspelled option, and for an option of another function (add_special_tokens).
 */
export function checkVariables(names: readonly string[], template: string): void {
  for (const name of names) {
    const advice = template.includes(name) ? undefined : adviceOn(name);
    if (advice === undefined) continue;
    throw new PrefineError("config", `apply_chat_template: ${name}: the template does not read it; ${advice}`);
  }
}

/** Options of one word (seed, mode, name) may as well be a program's own variables. */
function adviceOn(name: string): string | undefined {
  const near = nearestName(name, CHAT_OPTIONS);
  if (near !== undefined) return `did you mean ${near}?`;
  const places = name.includes("_") ? placesOf(name) : undefined;
  return places && `it belongs to ${places}`;
}

const tokenText = { ...text, expected: "a token" };

export function checkToken(token: unknown): void {
  checkValue("convert_tokens_to_ids", token, tokenText, "Map a list of tokens: tokens.map((token) => ...).");
}

export function checkDirectory(directory: unknown): void {
  checkValue("save_pretrained", directory, text, "Pass the path of the folder to write.");
}

/** Part of a tokenizer, for other functions that take one. */
export const aTokenizer = objectWith(
  "a tokenizer from AutoTokenizer.from_pretrained",
  "encode",
  "decode",
  "name_or_path",
);
