/** @file The steps of tokenizer.json, for every kind of tokenizer: text -> sections -> words -> ids, and back. */
import { PrefineError, show } from "../../errors.ts";
import { pushAll } from "../../lists.ts";
import { cutterOf, type Section } from "./addedTokens.ts";
import type { Branches, TextCodec } from "./codec.ts";
import { readDecoder } from "./decoders.ts";
import { SEE_KINDS } from "./kinds.ts";
import { readModel } from "./models.ts";
import { type Normalizer, readNormalizer } from "./normalizers.ts";
import { readTemplate, type Template } from "./postProcessor.ts";
import { readPreTokenizer } from "./preTokenizers.ts";
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/**
 * The codec of a tokenizer.json, with the same ids as Hugging Face's tokenizers: the steps are added tokens,
 * normalizer, pre-tokenizer, model, post-processor.
 * @param idOf the model's vocabulary, without added tokens.
 * @param where names the file in messages.
 * @throws PrefineError("not-yet") if one of the parts has an unsupported type
 */
export function createPipeline(json: TokenizerJson, idOf: ReadonlyMap<string, number>, where: string): TextCodec {
  const { added_tokens: added } = json;
  const normalize = readNormalizer(json.normalizer, where);
  const template = readTemplate(json.post_processor, where);
  const decode = decoderOf(json, { idOf, normalize, where });
  checkNormalized(added, normalize, where);
  const sections = sectionsOf(added, normalize);
  const idsOfWord = readModel(json.model, idOf, where);
  const preTokenize = readPreTokenizer(json.pre_tokenizer, where);

  const marksStart = JSON.stringify(json.pre_tokenizer)?.includes('"first"');
  /** The start counts as such only if the normalizer leaves it: ▁ is not put before a text whose spaces it strips. */
  const startsAt = (text: string) => {
    const first = String.fromCodePoint(text.codePointAt(0) ?? 32);
    return !marksStart || normalize(first) !== "" || normalize(`${first}a`) !== normalize("a");
  };

  const append: Append = (text, isStart, ids) => {
    checkLength(text, where);
    sections(text).forEach((section, i) => {
      if (section.id !== undefined) ids.push(section.id);
      else {
        for (const word of preTokenize(section.text, isStart && i === 0 && startsAt(text)))
          if (word !== "") pushAll(ids, idsOfWord(word));
      }
    });
    return ids;
  };
  const encoder = createEncoder(append, template, boundaryFinder(added));
  return { ...encoder, decode, concatenates: json.decoder?.type === "ByteLevel" };
}

/** Longest text in UTF-16 units: its words take about 100 bytes per character. */
const LONGEST_TEXT = 16_000_000;

/** @throws PrefineError("data") for a text that takes gigabytes to tokenize. */
export function checkLength({ length }: string, where: string): void {
  if (length <= LONGEST_TEXT) return;
  const message = `${where}: expected texts of at most ${LONGEST_TEXT} characters, found one of ${length}`;
  throw new PrefineError("data", message, "Is it a text that a model can learn from? Drop the row, or cut the text.");
}

/** Appends the ids of a text to `ids`; `isStart`: it is the beginning of the text. */
type Append = (text: string, isStart: boolean, ids: number[]) => number[];

function createEncoder(
  append: Append,
  { before, after }: Template,
  boundary: (text: string) => number,
): Pick<TextCodec, "encode" | "encodeBranches"> {
  const encode = (text: string, addSpecialTokens: boolean) => {
    const ids = append(text, true, addSpecialTokens ? [...before] : []);
    if (addSpecialTokens) pushAll(ids, after);
    return ids;
  };
  const encodeBranches = (text: string, continuations: string[], addSpecialTokens: boolean): Branches => {
    const end = addSpecialTokens ? after : [];
    const cut = boundary(text);
    const shared = append(text.slice(0, cut), true, addSpecialTokens ? [...before] : []);
    const rest = (part: string) => [...append(part, cut === 0, []), ...end];
    const tail = text.slice(cut);
    return { shared, prompt: rest(tail), continued: continuations.map((continuation) => rest(tail + continuation)) };
  };
  return { encode, encodeBranches };
}

/** A token that normalizes to nothing matches between all characters in Python, and fails beside those of two bytes. */
function checkNormalized(added: readonly AddedToken[], normalize: Normalizer, where: string): void {
  const empty = added.find(({ content, normalized }) => normalized && content !== "" && normalize(content) === "");
  if (!empty) return;
  const actual = `${show(empty.content)}, which is "normalized"`;
  const message = `${where}: added_tokens: the normalizer leaves nothing of ${actual}`;
  throw new PrefineError("not-yet", message, SEE_KINDS);
}

/** Splits a text into added tokens and normalized pieces. */
export function sectionsOf(added: readonly AddedToken[], normalize: Normalizer): (text: string) => Section[] {
  const cutRaw = cutterOf(added.filter((token) => !token.normalized));
  const cutNormalized = cutterOf(
    added.filter((token) => token.normalized),
    ({ content }) => normalize(content),
  );
  return (text) =>
    cutRaw(text).flatMap((section) => (section.id === undefined ? cutNormalized(normalize(section.text)) : [section]));
}

/**
 * Where a text can be cut so that the parts have the ids of the whole, whatever follows: after its last added token in
 * which no longer one can begin, or 0. Words don't count: what follows may change the last word.
 */
function boundaryFinder(added: readonly AddedToken[]): (text: string) => number {
  const raw = added.filter((token) => !token.normalized && token.content !== "");
  const longest = raw.reduce((most, { content }) => Math.max(most, content.length), 0);
  const stripsLeft = raw.some((token) => token.lstrip);
  const cut = cutterOf(raw);
  const byId = new Map(raw.map((token) => [token.id, token]));
  return (text) => {
    let boundary = 0;
    let offset = 0;
    for (const { text: section, id } of cut(text)) {
      offset += section.length;
      const token = id === undefined ? undefined : byId.get(id);
      if (token && !token.rstrip && !token.single_word && offset + longest <= text.length) boundary = offset;
    }
    return stripsLeft ? 0 : boundary;
  };
}

/** Tokens matched in the normalized text decode to their normalized form, as in Hugging Face tokenizers 0.23. */
function decoderOf(
  { decoder, added_tokens: added }: TokenizerJson,
  { idOf, normalize, where }: { idOf: ReadonlyMap<string, number>; normalize: Normalizer; where: string },
): (ids: readonly number[]) => string {
  const decodeTokens = readDecoder(decoder, where);
  const tokens: string[] = [];
  for (const [token, id] of idOf) tokens[id] = token;
  for (const { id, content, normalized, wasNormalized } of added)
    tokens[id] = normalized || wasNormalized ? normalize(content) : content;
  return (ids) => (ids.length === 0 ? "" : decodeTokens(ids.map((id) => tokens[id])));
}
