/** @file Every check of preference data finds its row and reports it in one line with an example. */
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { AutoTokenizer } from "../tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { CHECKS } from "./checks.ts";
import { tokenizePairs } from "./tokenizePairs.ts";

const folder = fileURLToPath(new URL("../../../test/fixtures/chat-tokenizer", import.meta.url));
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await AutoTokenizer.from_pretrained(folder);
});

type Rows = Record<string, unknown>[];

const tokenize = (rows: Rows, template = PLAIN, max_length: number | null = null) => {
  tokenizer.chat_template = template;
  return tokenizePairs(rows, tokenizer, { max_length });
};
const turn = (role: string, content: unknown) => ({ role, content });
const chat = (question: unknown, chosen = "Yes", rejected = "No") => ({
  prompt: Array.isArray(question) ? question : [turn("user", question)],
  chosen: [turn("assistant", chosen)],
  rejected: [turn("assistant", rejected)],
});
const texts = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });
const PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}";

interface Case {
  rows: Rows;
  template?: string;
  max_length?: number;
  /** Numbers of the rows that fail the check. */
  found: number[];
  /** The only line. */
  line: RegExp;
}

const CASES: Record<string, Case> = {
  lostPrompt: {
    rows: [chat("Is it?")],
    template: `${PLAIN}{% if add_generation_prompt %}assistant: <think>{% endif %}`,
    found: [0],
    line: /^train: the tokens of a prompt alone differ .* its end " <think>" is left out .* \(row 0\)/,
  },
  doubleBos: {
    rows: [chat("Is it?")],
    template: `{{ bos_token + bos_token }}${PLAIN}`,
    found: [0],
    line: /^train: the sequence begins with two "<\|endoftext\|>" \(row 0\)/,
  },
  markers: {
    rows: [chat("a"), chat("a <|im_end|>"), chat("b<|im_start|>")],
    found: [1, 2],
    line: /^train: a message contains a control token of the chat template, "<\|im_end\|>" in a message of user \(row 1 and 1 more\)/,
  },
  unknownRole: {
    rows: [chat("a"), chat([turn("human", "Is it?")]), chat([turn("human", "Was it?")])],
    found: [1, 2],
    line: /^train: a message has the role "human" \(row 1 and 1 more\), which the chat template does not name; rename it to user$/,
  },
  leftOut: {
    rows: [chat([turn("system", "Be brief."), turn("user", "Is it?")])],
    template: "{% for m in messages if m.role != 'system' %}{{ m.content }}{{ eos_token }}{% endfor %}",
    found: [0],
    line: /^train: the chat template leaves out, or changes, the message of system "Be brief\." \(row 0\)$/,
  },
  usersTurn: {
    rows: [chat("Is it?"), { ...chat("Is it?"), chosen: [turn("assistant", "Yes"), turn("user", "Why?")] }],
    found: [1],
    line: /^train: an answer has a message of user, "Why\?" \(row 1\), which is trained like the rest/,
  },
  transcript: {
    rows: [texts("Be brief.\n\nHuman: Is it?\n\nAssistant:", " Yes", " No"), texts("Human: is a word", " Yes", " No")],
    found: [0],
    line: /^train: a text has turns of "Human:" and "Assistant:" \("Be brief\.\\n\\nHuman: ", row 0\), and is trained as it is/,
  },
  unended: {
    rows: [chat("Is it?")],
    template: "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
    found: [0],
    line: /^train: the chat template ends an answer without the eos_token "<\|im_end\|>" \(row 0\)/,
  },
  promptFillsMaxLength: {
    rows: [texts("a", "b", "c"), texts("a b c d e f g h", "b", "c")],
    max_length: 6,
    found: [1],
    line: /^train: dropped 1 of 2 rows whose prompt alone fills max_length 6$/,
  },
  nothingToPredict: {
    rows: [chat("", ""), chat("a")],
    template: "{% for m in messages %}{{ m.content }}{% if m.role != 'user' %}{{ eos_token }}{% endif %}{% endfor %}",
    found: [0],
    line: /^train: dropped 1 of 2 rows without a prompt and with a completion of one token$/,
  },
  empty: {
    rows: [texts("a", "", "c")],
    found: [0],
    line: /^train: chosen or rejected is empty in row 0 \(kept, as in TRL\)$/,
  },
  equal: {
    rows: Array.from({ length: 9 }, () => texts("a", "b", "b")),
    found: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    line: /^train: chosen and rejected are equal in rows 0, 1, 2, 3, 4 and 4 more \(kept, as in TRL\)$/,
  },
  equalWithinMaxLength: {
    rows: [texts("a", "b b b b b b b b c", "b b b b b b b b d")],
    max_length: 6,
    found: [0],
    line: /^train: chosen and rejected are equal within max_length in row 0 \(kept, as in TRL\)$/,
  },
};

test("there is a case for each check", () => {
  expect(Object.keys(CASES), "CASES has one for each of CHECKS, in their order").toEqual(
    CHECKS.map(({ name }) => name),
  );
});

test.each(Object.entries(CASES))("%s", async (name, { rows, template, max_length, found, line }) => {
  const { findings, warnings } = await tokenize(rows, template, max_length);
  expect(Object.entries(findings).filter(([, indices]) => indices.length > 0)).toEqual([[name, found]]);
  expect(warnings).toEqual([expect.stringMatching(line)]);
});

test("no warnings for good rows", async () => {
  const { warnings } = await tokenize([chat("Is it?"), chat([turn("system", "Be brief."), turn("user", "Is it?")])]);
  expect(warnings).toEqual([]);
});

test("parts of a message: printed as a list, or no text", async () => {
  const parts = [{ type: "text", text: "Is it?" }];
  const printed = "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}";
  const { warnings } = await tokenize([chat([turn("user", parts)])], printed);
  expect(warnings).toEqual([expect.stringMatching(/^train: .* the parts of the message of user, written as a list: /)]);
  const joined =
    "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}" +
    "{{ part.text }}{% endfor %}{% endif %}{{ eos_token }}{% endfor %}";
  expect((await tokenize([chat([turn("user", parts)])], joined)).warnings).toEqual([]);
  const { warnings: ofImage } = await tokenize([chat([turn("user", [...parts, { type: "image" }])])], joined);
  expect(ofImage).toEqual([expect.stringMatching(/a part of the type image in the message of user \(row 0\)$/)]);
});

test("a text that begins with the bos that the tokenizer adds", async () => {
  const { warnings } = await tokenize([texts("<|endoftext|>The", " sky", " grass")]);
  expect(warnings).toEqual([expect.stringMatching(/^train: the sequence begins with two "<\|endoftext\|>"/)]);
});
