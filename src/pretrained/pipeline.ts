/** @file transformers' pipeline("text-generation"): texts in, texts out; messages in, messages out. */

import {
  options as anOptions,
  bool,
  checkOptions,
  checkValue,
  describeValue,
  inspected,
  integerFrom,
  listOfValues,
  nullable,
  oneOrMoreTexts,
  optionEntries,
  optionsOf,
  type ValueCheck,
} from "../arguments.ts";
import { setOptions } from "../config/option.ts";
import { GENERATION_OPTIONS } from "../config/options/generation.ts";
import type { ChatMessage, Conversation } from "../data/tokenizers/conversations.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { nearestName, PrefineError, show } from "../errors.ts";
import { type GenerateOptions, OWN_OPTIONS } from "../generation/callOptions.ts";
import type { CausalLM } from "../generation/causalLM.ts";
import { chatIds, continuesLast, isChat } from "../generation/inputs.ts";
import { printable } from "../phrases.ts";
import { AutoModelForCausalLM } from "./autoModel.ts";
import { type ModelSourceOptions, SOURCE_CHECKS, SOURCE_NO_EFFECT, SOURCE_NOT_BUILT } from "./modelSource.ts";

/** Options of a call: those of `generate`, and the form of the result. */
export type TextGenerationOptions = GenerateOptions & {
  /**
   * Whether the result includes the prompt.
   *
   * Default: `true`. Same as transformers.
   */
  return_full_text?: boolean | undefined;
  /**
   * Strings that end an answer and are kept in it; an older name of stop_strings.
   *
   * Default: none. Same as transformers.
   */
  stop_sequence?: string | readonly string[] | undefined;
  /**
   * Prompts per batch; equal prompts of a batch are sampled independently.
   *
   * Default: `8`. Differs from transformers: its default is 1.
   */
  batch_size?: number | undefined;
  /**
   * Chats only: JSON schemas of the functions that the model may call.
   *
   * Default: none. Same as transformers.
   */
  tools?: readonly unknown[] | undefined;
  /**
   * Chats only: texts to answer from.
   *
   * Default: none. Same as transformers.
   */
  documents?: readonly unknown[] | undefined;
  /**
   * Chats only: whether the answer continues the last message.
   *
   * Default: if the last message is the assistant's. Same as transformers.
   */
  continue_final_message?: boolean | undefined;
};

export interface GeneratedText {
  generated_text: string;
}

/** The messages followed by the answer, or the answer's text with return_full_text: false. */
export interface GeneratedChat<O extends TextGenerationOptions = TextGenerationOptions> {
  generated_text: O["return_full_text"] extends false ? string : ChatMessage[];
}

/**
 * Call it with one text or chat, or with several; each gets `num_return_sequences` answers. A chat is a list of
 * messages, rendered with the tokenizer's chat template.
 */
export interface TextGenerationPipeline {
  <const O extends TextGenerationOptions>(chat: Conversation, options?: O): Promise<GeneratedChat<O>[]>;
  <const O extends TextGenerationOptions>(chats: readonly Conversation[], options?: O): Promise<GeneratedChat<O>[][]>;
  (text: string, options?: TextGenerationOptions): Promise<GeneratedText[]>;
  (texts: readonly string[], options?: TextGenerationOptions): Promise<GeneratedText[][]>;
  readonly task: "text-generation";
  readonly model: CausalLM;
  /** Frees the model's memory in the runtime. */
  dispose(): Promise<void>;
}

/** The model, and options for every call. */
export type PipelineOptions = TextGenerationOptions &
  ModelSourceOptions & {
    /**
     * A loaded model, or an id or path for AutoModelForCausalLM.from_pretrained.
     *
     * Required, here or as the second argument. Same as transformers.
     */
    model: CausalLM | string;
    /**
     * Options of from_pretrained for a model given by name: `{ quantization_config: { load_in_4bit: true } }`.
     *
     * Default: none. Same as transformers.
     */
    model_kwargs?: ModelSourceOptions | undefined;
  };

const CALL_OPTIONS = optionsOf<Omit<TextGenerationOptions, keyof GenerateOptions>>("a pipeline's call", {
  return_full_text: bool,
  stop_sequence: oneOrMoreTexts,
  batch_size: integerFrom(1),
  tools: nullable(listOfValues),
  documents: nullable(listOfValues),
  continue_final_message: bool,
});
/** Names that generate checks. */
const GENERATE_NAMES = [...Object.keys(OWN_OPTIONS), ...Object.keys(GENERATION_OPTIONS)];

const aModel: ValueCheck = {
  expected: "a model from from_pretrained, a hub id or a folder",
  accepts: (value) => (typeof value === "string" ? value !== "" : isModel(value)),
};
const isModel = (value: unknown) => typeof value === "object" && value !== null && "generate" in value;

/** `signal` and `onWarning` are for loading and for every call. */
const LOADING_ONLY = [...Object.keys(SOURCE_CHECKS), ...SOURCE_NO_EFFECT].filter(
  (name) => !GENERATE_NAMES.includes(name),
);
const PIPELINE_OPTIONS = {
  ...OWN_OPTIONS,
  ...SOURCE_CHECKS,
  ...CALL_OPTIONS,
  tokenizer: nullable(OWN_OPTIONS.tokenizer),
  model: aModel,
  model_kwargs: nullable(anOptions),
};
const NAME_IT = 'Name it: pipeline("text-generation", "gpt2"), or in the options: { model: "gpt2" }.';
const NOT_BUILT = { ...SOURCE_NOT_BUILT, config: "set generation_config", feature_extractor: "models here read text" };

/** Defaults of transformers' TextGenerationPipeline. */
const PIPELINE_DEFAULTS = { max_new_tokens: 256, do_sample: true, temperature: 0.7 };
const DEFAULT_BATCH_SIZE = 8;

/** Options where the model is the second argument, as in transformers.js. */
type OptionsBesideModel = Omit<PipelineOptions, "model">;

/**
 * transformers' pipeline: `const generate = await pipeline("text-generation", "gpt2"); await generate("Once")`.
 * @param modelOrOptions the model, or the options with it: `{ model, tokenizer }`.
 */
export async function pipeline(
  task: "text-generation",
  modelOrOptions: PipelineOptions | PipelineOptions["model"],
  further: OptionsBesideModel = {},
): Promise<TextGenerationPipeline> {
  checkTask(task);
  const options = joinArguments(modelOrOptions, further);
  const { model: given, model_kwargs, ...named } = setOptions(options);
  const { tokenizer: givenTokenizer, ...rest } = named;
  const { own: source } = apart(rest, [...Object.keys(SOURCE_CHECKS), ...SOURCE_NO_EFFECT]);
  const { rest: always } = apart(rest, LOADING_ONLY);
  const model =
    typeof given === "string"
      ? await AutoModelForCausalLM.from_pretrained(given, { ...source, ...model_kwargs })
      : given;
  const tokenizer = givenTokenizer ?? (await model.tokenizer);
  const call = async (input: Input | readonly Input[], own: TextGenerationOptions = {}) => {
    checkOptions("pipeline", own, CALL_OPTIONS, { also: GENERATE_NAMES });
    checkInput(input);
    // A call's generation_config replaces all earlier options.
    const joined = own.generation_config ? setOptions(own) : { ...always, ...setOptions(own) };
    const isOne = typeof input === "string" || isMessage(input[0]);
    const inputs = (isOne ? [input] : input) as readonly Input[];
    const answers = await generateTexts(model, joined.tokenizer ?? tokenizer, inputs, joined);
    return isOne ? answers[0] : answers;
  };
  const shown = () => printable(`TextGenerationPipeline({\n  model: ${model.name_or_path}\n})`);
  const parts = { task: "text-generation" as const, model, dispose: () => model.dispose(), [inspected]: shown };
  return Object.assign(call, parts) as unknown as TextGenerationPipeline;
}

/** @throws PrefineError("config") for a missing model, unknown options and wrong values. */
function joinArguments(first: unknown, further: unknown): PipelineOptions {
  const isNamed = typeof first === "string" || isModel(first);
  if (!isNamed) checkValue("pipeline", first, { ...anOptions, expected: "a model" }, NAME_IT);
  const named = isNamed ? { model: first } : (first as object);
  const joined: Record<string, unknown> = { ...named, ...Object.fromEntries(optionEntries("pipeline", further)) };
  const { model } = joined;
  if (model === undefined || model === null || model === "")
    throw new PrefineError("config", "pipeline: expected a model, found none in the options", NAME_IT);
  checkOptions("pipeline", joined, PIPELINE_OPTIONS, {
    also: GENERATE_NAMES,
    notBuilt: NOT_BUILT,
    noEffect: SOURCE_NO_EFFECT,
  });
  return joined as unknown as PipelineOptions;
}

/** An object's entries with these names, and the others. */
function apart<T extends object>(given: T, names: readonly string[]): { own: Partial<T>; rest: T } {
  const of = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name) === isOwn));
  return { own: of(true) as Partial<T>, rest: of(false) as T };
}

type Input = string | Conversation;

const isMessage = (value: unknown): boolean => typeof value === "object" && value !== null && "role" in value;

async function generateTexts(
  model: CausalLM,
  tokenizer: Tokenizer,
  inputs: readonly Input[],
  options: TextGenerationOptions,
): Promise<{ generated_text: Input }[][]> {
  const { return_full_text = true, stop_sequence, batch_size = DEFAULT_BATCH_SIZE, ...further } = options;
  const { tools, documents, continue_final_message, ...generation } = further;
  checkCall(inputs);
  const stop = stop_sequence === undefined ? {} : { stop_strings: stop_sequence };
  const padTokenId = tokenizer.pad_token_id;
  const defaults = { ...PIPELINE_DEFAULTS, ...(padTokenId === null ? {} : { pad_token_id: padTokenId }) };
  const goesOn = (chat: Conversation) => continue_final_message ?? continuesLast(chat);
  const { signal } = options;
  const idsOf = (chat: Conversation) => chatIds(tokenizer, chat, { tools, documents, continues: goesOn(chat), signal });
  const full = (input: Input, text: string): Input =>
    typeof input === "string" ? input + text : withAnswer(input, text, goesOn(input));
  const answers: { generated_text: Input }[][] = [];
  for (let start = 0; start < inputs.length; start += batch_size) {
    const batch = inputs.slice(start, start + batch_size);
    const prompts: (string | number[])[] = [];
    for (const input of batch) prompts.push(typeof input === "string" ? input : await idsOf(input));
    const { texts } = await model.generate(prompts as string[] | number[][], {
      tokenizer,
      defaults,
      ...generation,
      ...stop,
    });
    const copies = texts.length / batch.length;
    for (const [i, input] of batch.entries()) {
      const own = texts.slice(i * copies, (i + 1) * copies);
      answers.push(own.map((text) => ({ generated_text: return_full_text ? full(input, text) : text })));
    }
  }
  return answers;
}

/** The chat with the answer as a new message, or appended to the last one. */
function withAnswer(chat: Conversation, text: string, goesOn: boolean): ChatMessage[] {
  if (!goesOn) return [...chat, { role: "assistant", content: text }];
  const { role, content } = chat[chat.length - 1];
  const longer = Array.isArray(content) ? withLongerText(content, text) : String(content) + text;
  return [...chat.slice(0, -1), { role, content: longer }];
}

/** Parts of a message with the answer appended to the last text, which the template left open; an error in Python. */
function withLongerText(parts: readonly Record<string, unknown>[], text: string): Record<string, unknown>[] {
  const last = parts.findLastIndex((part) => typeof part?.text === "string");
  return parts.map((part, i) => (i === last ? { ...part, text: `${part.text}${text}` } : part));
}

function checkTask(task: string): void {
  if (task === "text-generation") return;
  const isTypo = typeof task !== "string" || nearestName(task, ["text-generation"]) !== undefined;
  throw new PrefineError(
    isTypo ? "config" : "not-yet",
    `pipeline: expected the task "text-generation", found ${show(task)}`,
  );
}

/** @throws PrefineError("data") for what is neither a text nor a list. */
function checkInput(input: unknown): void {
  if (typeof input === "string" || Array.isArray(input)) return;
  const expected = "a text, a list of messages ([{ role, content }]), or a list of either";
  const hint = isMessage(input) ? "Put the message into a list." : undefined;
  throw new PrefineError("data", `pipeline: expected ${expected}, found ${describeValue(input)}`, hint);
}

function checkCall(inputs: readonly unknown[]): void {
  const wrong = inputs.find((input) => typeof input !== "string" && !isChat(input));
  if (wrong !== undefined) {
    const expected = "a string, a list of messages with roles, or a list of either";
    throw new PrefineError("data", `pipeline: expected ${expected}, found ${describeValue(wrong)}`);
  }
  if (inputs.some((input) => typeof input !== typeof inputs[0])) {
    throw new PrefineError("data", "pipeline: expected texts or chats, found both in one call");
  }
}
