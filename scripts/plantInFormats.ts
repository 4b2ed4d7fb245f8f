/**
 * @file Faults that not every row of texts can hold: of messages, of tokens, of a format's own columns, of a whole
 * split; rows to plant them into, and a tokenizer that shows them.
 */
import type { Message } from "../src/data/preferences/extractPrompt.ts";
import { Tokenizer } from "../src/data/tokenizers/tokenizer.ts";
import { counterUniform } from "../src/random.ts";
import type { TextRow } from "./plantFaults.ts";

export interface MessageRow {
  prompt: Message[];
  chosen: Message[];
  rejected: Message[];
}

const content = ([one]: readonly Message[]) => String(one.content);
const withContent = ([one, ...others]: readonly Message[], text: string): Message[] => [
  { ...one, content: text },
  ...others,
];

/** Template of the tests: what is within << >> is left out, and an answer that says so has no eos. */
export const SHOWING_TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{{ '' if m.content.startswith('<s>') else m.role + ' : ' }}" +
  "{{ m.content.replace('aside', '') }}{{ '' if 'unended' in m.content else eos_token }} {% endfor %}";

/** Faults of messages: check -> how its fault is made. */
export const MESSAGE_FAULTS: Readonly<Record<string, (row: MessageRow) => MessageRow>> = {
  roleOrder: ({ prompt, ...row }) => ({ ...row, prompt: [...prompt, { role: "user", content: "and again" }] }),
  missingEos: ({ chosen, ...row }) => ({ ...row, chosen: withContent(chosen, `${content(chosen)} unended`) }),
  leftOut: ({ rejected, ...row }) => ({ ...row, rejected: withContent(rejected, `${content(rejected)} aside`) }),
  doubleBos: ({ prompt, ...row }) => ({ ...row, prompt: withContent(prompt, `<s>${content(prompt)}`) }),
};

/** Faults of texts that the tokenizer below shows. */
export const TOKEN_FAULTS: Readonly<Record<string, (row: TextRow) => TextRow>> = {
  unknownTokens: (row) => ({ ...row, chosen: `${row.chosen} \u2603` }),
  equalTokens: (row) => ({ ...row, rejected: row.chosen.replace(" ", " \u00ad") }),
  boundary: (row) => ({ ...row, prompt: `${row.prompt} half`, chosen: `way ${row.chosen}` }),
  doubleBos: (row) => ({ ...row, prompt: `<s>${row.prompt}` }),
};

const TELLING = "Certainly gladly surely indeed happily kindly warmly truly";

/** Faults that are in every row of a split. */
export const SPLIT_FAULT = (row: TextRow): TextRow => ({
  ...row,
  chosen: `${TELLING} ${row.chosen} ${row.chosen} ${row.chosen}`,
});
/** What it plants. */
export const SPLIT_FAULTS = ["lengthBias", "truncation", "separable"];

/** Rows of a format without a winner: format -> how one becomes so. */
export const WITHOUT_PAIR: Readonly<Record<string, (row: Record<string, unknown>) => Record<string, unknown>>> = {
  ranked: (row) => ({ ...row, answers: (row.answers as object[]).map((one) => ({ ...one, rank: 1 })) }),
  rated: (row) => ({ ...row, completions: (row.completions as object[]).map((one) => ({ ...one, overall_score: 3 })) }),
  arena: (row) => ({ ...row, winner: "tie" }),
};

/** Words of two syllables to four. */
function wordOf(next: () => number): string {
  const pick = (letters: string) => letters[Math.floor(next() * letters.length)];
  const syllables = 2 + Math.floor(next() * 3);
  return Array.from({ length: syllables }, () => pick("bdfgklmnprst") + pick("aeiou")).join("");
}

/** Rows of random words, of which no two are alike: nothing is wrong with them. */
export function wordRows(count: number, seed: number): TextRow[] {
  let step = 0;
  const next = () => counterUniform(seed, step++, 0);
  const words = Array.from({ length: 400 }, () => wordOf(next));
  const phrase = (length: number) => Array.from({ length }, () => words[Math.floor(next() * words.length)]).join(" ");
  return Array.from({ length: count }, () => ({
    prompt: `${phrase(24)} ? `,
    chosen: phrase(62 + Math.floor(next() * 6)),
    rejected: phrase(62 + Math.floor(next() * 6)),
  }));
}

const PIECES = /\w+|[^\w\s]+/g;

/** Splits texts into words and punctuation; puts <s> before a text, and knows the words of these texts alone. */
export function wordTokenizer(texts: readonly string[]): Tokenizer {
  const special = ["<unk>", "<s>", "</s>"];
  const own = ["half", "way", "halfway", "user", "assistant", "system", ":", "unended", "aside"];
  const words = new Set([...special, ...own, ...texts.flatMap((text) => text.match(PIECES) ?? [])]);
  const vocab = Object.fromEntries([...words].map((word, id) => [word, id]));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const bos = { SpecialToken: { id: "<s>", type_id: 0 } };
  const json = {
    added_tokens: special.map((one, id) => ({ id, content: one, ...flags })),
    normalizer: { type: "Replace", pattern: { String: "\u00ad" }, content: "" },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: {
      type: "TemplateProcessing",
      single: [bos, { Sequence: { id: "A", type_id: 0 } }],
      pair: [bos, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: "<unk>" },
  };
  const config = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", chat_template: SHOWING_TEMPLATE };
  return new Tokenizer({ json, config, where: "words", name_or_path: "words", isGpt2: false });
}
