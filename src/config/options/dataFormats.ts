/**
 * @file The formats of preference data by name, plain data: config checks `data_format` with it, and data/shapes has a
 * reader and a writer for each.
 */

/** Format -> what its rows are. Axolotl's have the names of its `type`. */
const FORMATS = {
  trl: "TRL's prompt, chosen and rejected: texts or messages, with or without prompt, tools, chat_template_kwargs",
  binarized: "a prompt as text beside chosen and rejected as conversations (HuggingFaceH4/ultrafeedback_binarized)",
  orca: "system, question, chosen, rejected (Intel/orca_dpo_pairs)",
  alpaca: "instruction, input, chosen, rejected; LLaMA-Factory's alpaca ranking",
  sharegpt: "conversations of { from, value }, chosen, rejected: LLaMA-Factory's sharegpt ranking",
  openai: "OpenAI's preference format: input.messages, preferred_output, non_preferred_output",
  hh: 'Anthropic HH transcripts: "\\n\\nHuman: ...\\n\\nAssistant: ..."',
  arena: "Chatbot Arena battles: conversation_a, conversation_b, winner",
  compared: "two answers, and a column that says which is better (PKU-SafeRLHF, HelpSteer, SHP, ...)",
  ranked: "a prompt with a list of ranked answers (berkeley-nest/Nectar)",
  rated: "a prompt with a list of rated completions (openbmb/UltraFeedback)",
  thumbs: "prompt, completion, label (true or false): TRL's unpaired preferences, paired by prompt",
  argilla: "Argilla's exports: records, their columns, chosen-rating and chosen-model",
  "label-studio": "Label Studio's pairwise exports: JSON and JSON_MIN",
  "chatml.default": "Axolotl: system and prompt, input, question or instruction as ChatML",
  "chatml.argilla": "Axolotl: system, instruction, chosen_response, rejected_response as ChatML",
  "chatml.argilla_chat": "Axolotl: the first two messages of chosen and rejected as ChatML",
  "chatml.icr": "Axolotl: system, input, chosen, rejected as ChatML",
  "chatml.intel": "Axolotl: system, question, chosen, rejected as ChatML",
  "chatml.prompt_pairs": "Axolotl: system, prompt, chosen, rejected as ChatML",
  "chatml.ultra": "Axolotl: system, prompt, and the second message of chosen and rejected as ChatML",
  "llama3.default": "Axolotl: system and prompt, input, question or instruction in Llama 3's format",
  "llama3.argilla": "Axolotl: system, instruction, chosen_response, rejected_response in Llama 3's format",
  "llama3.argilla_chat": "Axolotl: the first two messages of chosen and rejected in Llama 3's format",
  "llama3.icr": "Axolotl: system, input, chosen, rejected in Llama 3's format",
  "llama3.intel": "Axolotl: system, question, chosen, rejected in Llama 3's format",
  "llama3.prompt_pairs": "Axolotl: system, prompt, chosen, rejected in Llama 3's format",
  "llama3.ultra": "Axolotl: system, prompt, and the second message of chosen and rejected in Llama 3's format",
  "zephyr.nectar": "Axolotl: Nectar's answers, the last two by rank, in Zephyr's format",
  "chat_template.default": "Axolotl: messages, chosen, rejected by the model's chat template",
  "chat_template.argilla_chat": "Axolotl: conversations in chosen and rejected by the model's chat template",
  "user_defined.default": "Axolotl: field_prompt, prompt_format, ... (in data_format_options)",
  passthrough: "Axolotl: rows as they are, read as TRL's",
} as const;

export type DataFormat = keyof typeof FORMATS;

export const DATA_FORMATS = Object.keys(FORMATS) as DataFormat[];

/** What the rows of a format are, in a line. */
export const describeFormat = (name: DataFormat): string => FORMATS[name];

/** Axolotl's short names: `chatml` is `chatml.default`. */
export function dataFormatOf(name: string): DataFormat | undefined {
  return [name, `${name}.default`].find((one) => Object.hasOwn(FORMATS, one)) as DataFormat | undefined;
}

/** Which answers of a list become a pair. */
export const PAIRINGS = ["best-worst", "adjacent", "all"] as const;
export type Pairing = (typeof PAIRINGS)[number];

/** What becomes of answers that are as good as each other. */
export const TIES = ["skip", "both"] as const;
export type Ties = (typeof TIES)[number];
