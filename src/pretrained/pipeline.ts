/** @file transformers' pipeline("text-generation"): texts in, texts out; messages in, messages out. */
import { setOptions } from "../config/option.ts";
import type { ChatMessage, Conversation } from "../data/tokenizers/conversations.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { nearestName, PrefineError, show } from "../errors.ts";
import type { CausalLM, GenerateOptions } from "../generation/causalLM.ts";
import { AutoModelForCausalLM } from "./autoModel.ts";
import type { ModelSourceOptions } from "./modelSource.ts";

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
export type PipelineOptions = TextGenerationOptions & {
  /**
   * A loaded model, or an id or path for AutoModelForCausalLM.from_pretrained.
   *
   * Required. Same as transformers.
   */
  model: CausalLM | string;
  /**
   * Options of from_pretrained for a model given by name: `{ quantization_config: { load_in_4bit: true } }`.
   *
   * Default: none. Same as transformers.
   */
  model_kwargs?: ModelSourceOptions | undefined;
};

/** Defaults of transformers' TextGenerationPipeline. */
const PIPELINE_DEFAULTS = { max_new_tokens: 256, do_sample: true, temperature: 0.7 };
const DEFAULT_BATCH_SIZE = 8;

/** `const generate = await pipeline("text-generation", { model, tokenizer }); await generate("Once")`. */
export async function pipeline(task: "text-generation", options: PipelineOptions): Promise<TextGenerationPipeline> {
  checkTask(task);
  checkModel(options);
  const { model: given, model_kwargs, ...always } = setOptions(options);
  const model = typeof given === "string" ? await AutoModelForCausalLM.from_pretrained(given, model_kwargs) : given;
  const tokenizer = options.tokenizer ?? (await model.tokenizer);
  const call = async (input: Input | readonly Input[], own: TextGenerationOptions = {}) => {
    // A call's generation_config replaces all earlier options.
    const joined = own.generation_config ? setOptions(own) : { ...always, ...setOptions(own) };
    const isOne = typeof input === "string" || isMessage(input[0]);
    const inputs = (isOne ? [input] : input) as readonly Input[];
    const answers = await generateTexts(model, tokenizer, inputs, joined);
    return isOne ? answers[0] : answers;
  };
  const parts = { task: "text-generation" as const, model, dispose: () => model.dispose() };
  return Object.assign(call, parts) as TextGenerationPipeline;
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
  checkCall(inputs, batch_size);
  const stop = stop_sequence === undefined ? {} : { stop_strings: stop_sequence };
  const padTokenId = tokenizer.pad_token_id;
  const defaults = { ...PIPELINE_DEFAULTS, ...(padTokenId === null ? {} : { pad_token_id: padTokenId }) };
  const goesOn = (chat: Conversation) => continue_final_message ?? chat[chat.length - 1].role === "assistant";
  const idsOf = (chat: Conversation): number[] => {
    const add_generation_prompt = !goesOn(chat);
    const ending = { add_generation_prompt, continue_final_message: !add_generation_prompt };
    return tokenizer.apply_chat_template(chat, { ...ending, tools, documents, return_dict: false });
  };
  const full = (input: Input, text: string): Input =>
    typeof input === "string" ? input + text : withAnswer(input, text, goesOn(input));
  const answers: { generated_text: Input }[][] = [];
  for (let start = 0; start < inputs.length; start += batch_size) {
    const batch = inputs.slice(start, start + batch_size);
    const prompts = batch.map((input) => (typeof input === "string" ? input : idsOf(input)));
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
  return [...chat.slice(0, -1), { role, content: String(content) + text }];
}

function checkTask(task: string): void {
  if (task === "text-generation") return;
  const isTypo = typeof task !== "string" || nearestName(task, ["text-generation"]) !== undefined;
  throw new PrefineError(
    isTypo ? "config" : "not-yet",
    `pipeline: expected the task "text-generation", found ${show(task)}`,
  );
}

function checkModel(options: Partial<PipelineOptions> | undefined): void {
  const { model } = Object(options) as Partial<PipelineOptions>;
  if (model !== undefined && model !== null && model !== "") return;
  const actual = typeof options === "object" && options !== null ? "none in the options" : show(options);
  throw new PrefineError(
    "config",
    `pipeline: expected a model, found ${actual}`,
    'Name it in the options: pipeline("text-generation", { model: "gpt2" }).',
  );
}

function checkCall(inputs: readonly unknown[], batchSize: number): void {
  const isChat = (input: unknown) => Array.isArray(input) && input.length > 0 && input.every(isMessage);
  const wrong = inputs.find((input) => typeof input !== "string" && !isChat(input));
  if (wrong !== undefined) {
    const expected = "a string, a list of messages with roles, or a list of either";
    throw new PrefineError("data", `pipeline: expected ${expected}, found ${show(wrong)}`);
  }
  if (inputs.some((input) => typeof input !== typeof inputs[0])) {
    throw new PrefineError("data", "pipeline: expected texts or chats, found both in one call");
  }
  if (Number.isInteger(batchSize) && batchSize > 0) return;
  throw new PrefineError("config", `pipeline: batch_size: expected an integer of at least 1, found ${batchSize}`);
}
