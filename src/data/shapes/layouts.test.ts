/** @file Layouts of public datasets of preferences, as their cards show them: what each is read as, and its pair. */
import { describe, expect, it } from "vitest";
import { Dataset } from "../datasets/dataset.ts";
import type { Row } from "../datasets/features.ts";
import { readPreferenceRow } from "../preferences/readRow.ts";
import { type ToPreferencesOptions, toPreferences } from "./toPreferences.ts";

const [Q, A, B] = ["What is the tallest mountain?", "Everest is.", "A small hill."];
const user = (content: unknown) => ({ role: "user", content });
const bot = (content: unknown) => ({ role: "assistant", content });
const human = (value: string) => ({ from: "human", value });
const gpt = (value: string) => ({ from: "gpt", value });
const chats = { chosen: [user(Q), bot(A)], rejected: [user(Q), bot(B)] };
const texts = { chosen: A, rejected: B };
const json = (list: unknown) => JSON.stringify(list);

/** Dataset -> the format that a row of its columns is read as, and the row. */
const READ: Readonly<Record<string, readonly [format: string, row: Row]>> = {
  "HuggingFaceH4/ultrafeedback_binarized": [
    "binarized",
    { prompt: Q, prompt_id: "1", ...chats, messages: chats.chosen, score_chosen: 8, score_rejected: 4 },
  ],
  "trl-lib/ultrafeedback_binarized": ["trl", { ...chats, score_chosen: 8, score_rejected: 4 }],
  "argilla/ultrafeedback-binarized-preferences-cleaned": [
    "argilla",
    { source: "x", prompt: Q, ...chats, "chosen-rating": 4.5, "chosen-model": "m", "rejected-rating": 2 },
  ],
  "argilla/ultrafeedback-binarized-preferences": [
    "alpaca",
    { source: "x", instruction: Q, chosen_response: A, rejected_response: B, chosen_avg_rating: 4.5 },
  ],
  "argilla/distilabel-intel-orca-dpo-pairs": [
    "alpaca",
    { system: "", input: Q, ...texts, generations: [A, B], rating: [9, 3], rationale: "Long.", status: "tie" },
  ],
  "argilla/distilabel-capybara-dpo-7k-binarized": [
    "binarized",
    { conversation: [{ input: Q, output: A }], prompt: Q, ...chats, rating_chosen: 5, rating_rejected: 3 },
  ],
  "argilla/dpo-mix-7k": ["trl", { dataset: "x", ...chats, chosen_rating: 5, rejected_rating: 3 }],
  "nvidia/HelpSteer2 (preference)": [
    "compared",
    { prompt: Q, response_1: A, response_2: B, preference_strength: -2, preference_statement: "The first." },
  ],
  "nvidia/HelpSteer3": [
    "compared",
    { domain: "general", context: [user(Q)], response1: A, response2: B, overall_preference: -1 },
  ],
  "stanfordnlp/SHP": [
    "compared",
    { post_id: "x", history: Q, score_A: 50, score_B: 5, human_ref_A: A, human_ref_B: B, labels: 1 },
  ],
  "PKU-Alignment/PKU-SafeRLHF": [
    "compared",
    { prompt: Q, response_0: A, response_1: B, better_response_id: 0, safer_response_id: 1 },
  ],
  "lvwerra/stack-exchange-paired": ["orca", { qid: "1", question: Q, metadata: ["x"], response_j: A, response_k: B }],
  "HuggingFaceH4/stack-exchange-preferences": [
    "rated",
    {
      qid: 1,
      question: Q,
      answers: [
        { answer_id: 1, author: "x", pm_score: 1, selected: false, text: B },
        { answer_id: 2, author: "y", pm_score: 5, selected: true, text: A },
      ],
    },
  ],
  "openbmb/UltraFeedback": [
    "rated",
    {
      instruction: Q,
      models: ["m"],
      completions: [
        { response: B, overall_score: 2 },
        { response: A, overall_score: 8 },
      ],
    },
  ],
  "openai/webgpt_comparisons": [
    "compared",
    { question: { dataset: "eli5", full_text: Q }, answer_0: A, answer_1: B, score_0: 1, score_1: -1 },
  ],
  "Intel/orca_dpo_pairs": ["orca", { system: "", question: Q, ...texts }],
  "jondurbin/py-dpo-v0.1": ["trl", { prompt: Q, ...texts, id: "x" }],
  "jondurbin/truthy-dpo-v0.1": ["trl", { id: "x", source: "s", system: "", prompt: Q, ...texts }],
  "mlabonne/orpo-dpo-mix-40k": ["binarized", { source: "x", ...chats, prompt: Q, question: Q }],
  "snorkelai/Snorkel-Mistral-PairRM-DPO-Dataset": [
    "binarized",
    { prompt: Q, ...chats, all_generated_responses: [A, B], all_rm_scores: [1, 0] },
  ],
  "openbmb/UltraInteract_pair": [
    "chat_template.default",
    { task: "Coding", trajectory: [{ from: "user", value: Q }], ...texts, id: "1" },
  ],
  "lmsys/lmsys-arena-human-preference-55k": [
    "compared",
    {
      ...{ prompt: json([Q]), response_a: json([A]), response_b: json([B]), model_a: "x", model_b: "y" },
      ...{ winner_model_a: 1, winner_model_b: 0, winner_tie: 0 },
    },
  ],
  "lmarena-ai/arena-human-preference-140k": [
    "arena",
    {
      winner: "model_a",
      conversation_a: [user([{ type: "text", text: Q, image: null }]), bot([{ type: "text", text: A, image: null }])],
      conversation_b: [user([{ type: "text", text: Q, image: null }]), bot([{ type: "text", text: B, image: null }])],
    },
  ],
  "HuggingFaceH4/orca_dpo_pairs": ["trl", { system: "", question: Q, ...chats }],
  "Vezora/Code-Preference-Pairs": ["alpaca", { input: Q, accepted: A, rejected: B, ID: 1 }],
  "Magpie-Align/Magpie-Llama-3.1-Pro-DPO-100K-v0.1": ["trl", { uuid: "x", instruction: Q, ...chats }],
  "shibing624/DPO-En-Zh-20k-Preference": [
    "orca",
    { system: "", history: [], question: Q, response_chosen: A, response_rejected: B },
  ],
  "tatsu-lab/alpaca_farm": [
    "compared",
    { instruction: Q, input: "", output_1: A, output_2: B, preference: 1, raw_preference: 1.2 },
  ],
  "NCSOFT/offsetbias": ["compared", { instruction: Q, output_1: A, output_2: B, label: 1 }],
  "LLaMA-Factory's comparison_gpt4": ["alpaca", { instruction: Q, input: "", output: [A, B] }],
  "HuggingFaceTB/smoltalk2": ["binarized", { prompt: Q, ...chats, chat_template_kwargs: { enable_thinking: false } }],
  "ShareGPT's lists": ["trl", { chosen: [human(Q), gpt(A)], rejected: [human(Q), gpt(B)] }],
  "ShareGPT's lists beside a prompt": ["binarized", { prompt: Q, chosen: [gpt(A)], rejected: [gpt(B)] }],
  "ShareGPT's turns and texts": ["chat_template.default", { conversations: [human(Q)], ...texts }],
  "turns of user and assistant": [
    "chat_template.default",
    {
      conversations: [{ from: "user", value: Q }],
      chosen: { from: "assistant", value: A },
      rejected: { from: "assistant", value: B },
    },
  ],
  "llamafactory/DPO-En-Zh-20k": ["sharegpt", { conversations: [human(Q)], chosen: gpt(A), rejected: gpt(B) }],
  "ms-swift, a text": ["trl", { messages: [user(Q), bot(A)], rejected_response: B }],
  "ms-swift, messages": ["trl", { messages: chats.chosen, rejected_messages: chats.rejected }],
  "ms-swift, columns": ["orca", { query: Q, response: A, rejected_response: B }],
  "torchtune's columns": [
    "trl",
    { chosen_conversations: chats.chosen, rejected_conversations: chats.rejected, source: "x" },
  ],
  "NeMo's columns": ["trl", { prompt: Q, chosen_response: A, rejected_response: B, chosen_reward: 1 }],
  "a prompt of messages, answers as texts": ["trl", { prompt: [user(Q)], ...texts }],
  "answers as one message": ["binarized", { prompt: Q, chosen: bot(A), rejected: bot(B) }],
  "messages as JSON texts": ["binarized", { prompt: Q, chosen: json(chats.chosen), rejected: json(chats.rejected) }],
  "conversations as JSON texts": [
    "sharegpt",
    { conversations: json([human(Q)]), chosen: gpt(A), rejected: gpt(B), lang: "en" },
  ],
};

async function read(rows: Row[], options: ToPreferencesOptions = {}) {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const made = await toPreferences(Dataset.fromRows(rows, "train"), { ...options, onLine });
  return { rows: await made.to_list(), lines };
}

const refusal = (rows: Row[], options: ToPreferencesOptions = {}) =>
  read(rows, options).then(
    ({ lines }) => `read: ${lines.join("; ")}`,
    ({ message, hint }: { message: string; hint: string }) => `${message}\n${hint}`,
  );

/** The text of a part: of messages, their contents. */
const textOf = (part: unknown) =>
  Array.isArray(part) ? part.map(({ content }: { content: string }) => content).join() : part;

describe("columns of public datasets", () => {
  it.each(Object.entries(READ))("%s", async (_, [format, row]) => {
    const { rows, lines } = await read([row, { ...row }]);
    expect(lines[0].split(" ")[0]).toBe(format);
    const pair = readPreferenceRow(rows[1], { where: "row", implicitPrompt: !("prompt" in rows[1]) });
    expect([pair.prompt, pair.chosen, pair.rejected].map(textOf)).toEqual([Q, A, B]);
  });
});

describe("refused, by row and column", () => {
  const WRONG: [string, Row[], string][] = [
    ["output of three", [{ instruction: Q, output: [A, B, A] }], 'train row 0: "output": expected two texts'],
    [
      "another turn in a later row",
      [
        { chosen: [human(Q), gpt(A)], rejected: [human(Q), gpt(B)] },
        { chosen: [human(Q), { from: "narrator", value: A }], rejected: [human(Q), gpt(B)] },
      ],
      'train row 1: "chosen"[1].from: expected one of human, user',
    ],
    [
      "JSON in the first rows alone",
      [...Array.from({ length: 64 }, () => ({ chosen: json(chats.chosen), rejected: json(chats.rejected) })), texts],
      'train row 64: "chosen": expected JSON of messages, as in the first rows',
    ],
    [
      "a list as Python prints it",
      [{ prompt: Q, chosen: `[{'role': 'assistant', 'content': '${A}'}]`, rejected: "[{'role': 'assistant'}]" }],
      'train: "chosen": expected messages, or JSON of them, found a list as Python prints it',
    ],
    [
      "a label that names no answer",
      [
        { prompt: Q, response_1: A, response_2: B, label: 1 },
        { prompt: Q, response_1: A, response_2: B, label: 0 },
      ],
      'train row 1: "label": expected one of the answers response_1, response_2',
    ],
    ["a tie", [{ prompt: Q, response_0: A, response_1: B, winner: "tie" }], "train row 0: winner: expected a winner"],
  ];
  it.each(WRONG)("%s", async (_, rows, message) => expect(await refusal(rows)).toContain(message));

  it("three answers are no comparison of two", async () => {
    const row = { prompt: Q, response_0: A, response_1: B, response_2: B, response_3: A, better_response_id: 2 };
    expect(await refusal([row])).toContain("expected the column");
  });
  it("the columns by data_format_options", async () => {
    const row = { ask: Q, one: B, two: A, best: "two" };
    const settings = { prompt: "ask", answers: ["one", "two"], preference: "best" };
    const { rows } = await read([row], { data_format: "compared", data_format_options: settings });
    expect(rows[0].chosen).toEqual([bot(A)]);
  });
  it("data_format: trl takes JSON for a text", async () => {
    const row = { prompt: Q, chosen: json([bot(A)]), rejected: json([bot(B)]) };
    expect((await read([row], { data_format: "trl" })).rows[0].chosen).toBe(json([bot(A)]));
  });
});
