/**
 * @file Axolotl's DPO types that write a chat format into the texts: chatml.*, llama3.*, zephyr.nectar,
 * user_defined.default, passthrough. The texts equal those of axolotl 0.19's functions of these names
 * (prompt_strategies/dpo); `argilla`, which it no longer has, those of 0.8.
 */

import { describeValue } from "../../arguments.ts";
import type { DataFormat } from "../../config/options/dataFormats.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { readRating } from "./lists.ts";
import { readFormatted, readOptionalFormatted, readText } from "./messages.ts";
import {
  cannotHold,
  isText,
  misfit,
  type Pair,
  type Reading,
  type ReadPair,
  type Shape,
  type Texts,
  without,
} from "./shape.ts";
import { splitPair, trlRow } from "./trl.ts";

/** A chat format as text. */
interface Markup {
  system: readonly [before: string, after: string];
  user: readonly [before: string, after: string];
  end: string;
}

const CHATML: Markup = {
  system: ["<|im_start|>system\n", "<|im_end|>\n"],
  user: ["<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"],
  end: "<|im_end|>",
};
const LLAMA3: Markup = {
  system: ["<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"],
  user: ["<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"],
  end: "<|eot_id|>",
};

/** The columns of a type; the first that a row has counts. */
interface Columns {
  prompt: readonly string[];
  chosen: readonly string[];
  rejected: readonly string[];
  /** chosen and rejected are conversations, of which the second message counts. */
  isChat?: boolean;
  /** The prompt is the first message of chosen; system is not read. */
  isPromptInChosen?: boolean;
}

const ANSWERS = { chosen: ["chosen"], rejected: ["rejected"] };
const TYPES: Readonly<Record<string, Columns>> = {
  default: {
    prompt: ["prompt", "input", "question", "instruction"],
    chosen: ["chosen", "chosen_response"],
    rejected: ["rejected", "rejected_response"],
  },
  argilla: { prompt: ["instruction"], chosen: ["chosen_response"], rejected: ["rejected_response"] },
  argilla_chat: { prompt: [], ...ANSWERS, isChat: true, isPromptInChosen: true },
  icr: { prompt: ["input"], ...ANSWERS },
  intel: { prompt: ["question"], ...ANSWERS },
  prompt_pairs: { prompt: ["prompt"], ...ANSWERS },
  ultra: { prompt: ["prompt"], ...ANSWERS, isChat: true },
};

const firstOf = (row: Row, columns: readonly string[]) =>
  columns.find((column) => Object.hasOwn(row, column)) ?? columns[columns.length - 1];

const LONGER = "with more than two messages, of which Axolotl reads the first two";

function readWith({ system, user, end }: Markup, columns: Columns, row: Row, { note }: Reading): ReadPair[] {
  const [chosenColumn, rejectedColumn] = [firstOf(row, columns.chosen), firstOf(row, columns.rejected)];
  const answer = (column: string, i: number) =>
    columns.isChat ? contentOf(row, column, i) : readFormatted(row, column);
  const promptColumn = columns.isPromptInChosen ? undefined : firstOf(row, columns.prompt);
  const question = promptColumn === undefined ? answer(chosenColumn, 0) : readFormatted(row, promptColumn);
  const systemText = columns.isPromptInChosen ? "" : readOptionalFormatted(row, "system");
  const [chosen, rejected] = [answer(chosenColumn, 1), answer(rejectedColumn, 1)]; // checks that they are lists
  const isLonger = (column: string) => columns.isChat && (row[column] as unknown[]).length > 2;
  if (isLonger(chosenColumn) || isLonger(rejectedColumn)) note(LONGER);
  const used = [promptColumn ?? "", chosenColumn, rejectedColumn, ...(systemText ? ["system"] : [])];
  return [
    {
      pair: {
        prompt: `${systemText ? system[0] + systemText + system[1] : ""}${user[0]}${question}${user[1]}`,
        chosen: chosen + end,
        rejected: rejected + end,
      },
      rest: without(row, used),
    },
  ];
}

function contentOf(row: Row, column: string, i: number): string {
  const messages = row[column];
  const field = `${JSON.stringify(column)}[${i}]`;
  const one: unknown = Array.isArray(messages) ? messages[i] : undefined;
  if (!isObject(one)) throw misfit(field, "a message", describeValue(one ?? undefined));
  return readFormatted(one, "content", `${field}.content`);
}

function writeWith(
  format: string,
  { system, user, end }: Markup,
  columns: Columns,
  { prompt, chosen, rejected }: Pair,
): Row {
  const answers = [chosen, rejected].map((text, i) => {
    const field = i === 0 ? "chosen" : "rejected";
    if (isText(text) && text.endsWith(end)) return text.slice(0, -end.length);
    throw cannotHold(format, field, `anything but a text that ends with ${JSON.stringify(end)}`);
  });
  if (!isText(prompt)) throw cannotHold(format, "prompt", "messages, only a text in its format");
  const second = prompt.startsWith(system[0]) ? prompt.indexOf(system[1] + user[0]) : -1;
  const systemText = second < 0 ? undefined : prompt.slice(system[0].length, second);
  const rest = second < 0 ? prompt : prompt.slice(second + system[1].length);
  if (!rest.startsWith(user[0]) || !rest.endsWith(user[1]) || rest.length < user[0].length + user[1].length)
    throw cannotHold(format, "prompt", "a text in another format");
  const question = rest.slice(user[0].length, -user[1].length);
  const [good, bad] = columns.isChat ? answers.map((text) => chat(question, text)) : answers;
  return {
    ...(systemText === undefined ? {} : { system: systemText }),
    ...(columns.isPromptInChosen ? {} : { [columns.prompt[0]]: question }),
    [columns.chosen[0]]: good,
    [columns.rejected[0]]: bad,
  };
}

const chat = (question: string, answer: string) => [
  { role: "user", content: question },
  { role: "assistant", content: answer },
];

/** The texts within, for checks of what people wrote. */
function bareTexts({ system, user, end }: Markup, { prompt, chosen, rejected }: Texts): Texts {
  const answer = (text: string) => (text.endsWith(end) ? text.slice(0, -end.length) : text);
  const second = prompt.startsWith(system[0]) ? prompt.indexOf(system[1] + user[0]) : -1;
  const rest = second < 0 ? prompt : prompt.slice(second + system[1].length);
  const isWhole = rest.startsWith(user[0]) && rest.endsWith(user[1]) && rest.length >= user[0].length + user[1].length;
  const question = isWhole ? rest.slice(user[0].length, -user[1].length) : prompt;
  return { prompt: question, chosen: answer(chosen), rejected: answer(rejected) };
}

function family(name: "chatml" | "llama3", markup: Markup): Shape[] {
  return Object.entries(TYPES).map(([type, columns]): Shape => {
    const format = `${name}.${type}` as DataFormat;
    return {
      name: format,
      reads: (row, reading) => readWith(markup, columns, row, reading),
      writes: ({ pair }) => writeWith(format, markup, columns, pair),
      bare: (texts) => bareTexts(markup, texts),
      restates: ["system"],
    };
  });
}

const ZEPHYR = ["<|system|>\n</s>\n<|user|>\n", "</s>\n<|assistant|>\n"] as const;
const WORST_FIRST =
  "whose chosen answer has the largest rank, as in Axolotl; data_format: ranked takes rank 1 for the best";

/** The two answers of the largest ranks: Axolotl takes the largest for the best. */
function readNectar(row: Row, { note, isConversion }: Reading): ReadPair[] {
  const prompt = readFormatted(row, "prompt");
  const { answers } = row;
  if (!Array.isArray(answers) || answers.length < 2)
    throw misfit('"answers"', "a list of two answers or more", describeValue(answers ?? undefined));
  const ranked = answers.map((one: unknown, i) => {
    if (!isObject(one)) throw misfit(`"answers"[${i}]`, "{ answer, rank }", describeValue(one ?? undefined));
    return {
      text: readText(one, "answer", `"answers"[${i}].answer`),
      rank: readRating(one.rank, `"answers"[${i}].rank`),
    };
  });
  const sorted = ranked.toSorted((a, b) => a.rank - b.rank);
  note(WORST_FIRST);
  const pair = {
    prompt: `${ZEPHYR[0]}${prompt}${ZEPHYR[1]}`,
    chosen: sorted[sorted.length - 1].text,
    rejected: sorted[sorted.length - 2].text,
  };
  return [{ pair, rest: without(row, isConversion ? ["prompt"] : ["prompt", "answers"]) }];
}

const nectar: Shape = {
  name: "zephyr.nectar",
  reads: readNectar,
  writes({ pair: { prompt, chosen, rejected }, rest }) {
    if (!isText(prompt) || !prompt.startsWith(ZEPHYR[0]) || !prompt.endsWith(ZEPHYR[1]))
      throw cannotHold("zephyr.nectar", "prompt", "anything but a text in Zephyr's format");
    const answers = rest.answers ?? [
      { answer: chosen, rank: 2 },
      { answer: rejected, rank: 1 },
    ];
    return { prompt: prompt.slice(ZEPHYR[0].length, -ZEPHYR[1].length), answers };
  },
  bare: ({ prompt, ...answers }) => {
    const isWhole = prompt.startsWith(ZEPHYR[0]) && prompt.endsWith(ZEPHYR[1]);
    return { prompt: isWhole ? prompt.slice(ZEPHYR[0].length, -ZEPHYR[1].length) : prompt, ...answers };
  },
};

const passthrough: Shape = { name: "passthrough", reads: (row) => [splitPair(row)], writes: trlRow };

export const AXOLOTL_TEXTS: readonly Shape[] = [
  ...family("chatml", CHATML),
  ...family("llama3", LLAMA3),
  nectar,
  passthrough,
];
