/** @file transformers' pipeline("text-generation"): texts in, texts out. */
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import { nearestName, PrefineError } from "../errors.ts";
import { AutoModelForCausalLM } from "./causalLM.ts";
import type { CausalLM, GenerateOptions } from "./generativeModel.ts";

/** Options of a call: everything that `generate` takes, and what becomes of the text. */
export type TextGenerationOptions = GenerateOptions & {
  /** Whether the prompt stands before the answer. Default: true. */
  return_full_text?: boolean;
  /** Texts that end an answer and stay in it; transformers' name for stop_strings here. */
  stop_sequence?: string | readonly string[];
  /** Prompts that go through the model at once; equal ones of a batch are drawn independently. Default: 8. */
  batch_size?: number;
};

export interface GeneratedText {
  generated_text: string;
}

/** Call it with one text or with several; `num_return_sequences` answers each. */
export interface TextGenerationPipeline {
  (text: string, options?: TextGenerationOptions): Promise<GeneratedText[]>;
  (texts: readonly string[], options?: TextGenerationOptions): Promise<GeneratedText[][]>;
  readonly task: "text-generation";
  readonly model: CausalLM;
  /** Frees what the model holds in the runtime. */
  dispose(): Promise<void>;
}

/** The model, and options that hold for every call. */
export type PipelineOptions = TextGenerationOptions & {
  /** A loaded model, or what AutoModelForCausalLM.from_pretrained takes. */
  model: CausalLM | string;
};

/** What transformers' TextGenerationPipeline takes where neither the caller nor the model says anything. */
const PIPELINE_DEFAULTS = { max_new_tokens: 256, do_sample: true, temperature: 0.7 };
const DEFAULT_BATCH_SIZE = 8;

/** `const generate = await pipeline("text-generation", { model, tokenizer }); await generate("Once")`. */
export async function pipeline(task: "text-generation", options: PipelineOptions): Promise<TextGenerationPipeline> {
  checkTask(task);
  const { model: given, ...always } = options;
  const model = typeof given === "string" ? await AutoModelForCausalLM.from_pretrained(given) : given;
  const tokenizer = options.tokenizer ?? (await model.tokenizer);
  const call = async (input: string | readonly string[], own: TextGenerationOptions = {}) => {
    // A generation_config of the call stands in for everything that was said before.
    const joined = own.generation_config ? own : { ...always, ...own };
    const answers = await generateTexts(model, tokenizer, typeof input === "string" ? [input] : input, joined);
    return typeof input === "string" ? answers[0] : answers;
  };
  const parts = { task: "text-generation" as const, model, dispose: () => model.dispose() };
  return Object.assign(call, parts) as TextGenerationPipeline;
}

async function generateTexts(
  model: CausalLM,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  options: TextGenerationOptions,
): Promise<GeneratedText[][]> {
  const { return_full_text = true, stop_sequence, batch_size = DEFAULT_BATCH_SIZE, ...generation } = options;
  checkCall(prompts, batch_size);
  const stop = stop_sequence === undefined ? {} : { stop_strings: stop_sequence };
  const padTokenId = tokenizer.pad_token_id;
  const defaults = { ...PIPELINE_DEFAULTS, ...(padTokenId === null ? {} : { pad_token_id: padTokenId }) };
  const answers: GeneratedText[][] = [];
  for (let start = 0; start < prompts.length; start += batch_size) {
    const batch = prompts.slice(start, start + batch_size);
    const { texts } = await model.generate(batch, { tokenizer, defaults, ...generation, ...stop });
    const copies = texts.length / batch.length;
    for (const [i, prompt] of batch.entries()) {
      const own = texts.slice(i * copies, (i + 1) * copies);
      answers.push(own.map((text) => ({ generated_text: return_full_text ? prompt + text : text })));
    }
  }
  return answers;
}

function checkTask(task: string): void {
  if (task === "text-generation") return;
  const isTypo = nearestName(task, ["text-generation"]) !== undefined;
  throw new PrefineError(
    isTypo ? "config" : "not-yet",
    `pipeline: expected the task "text-generation", found ${JSON.stringify(task)}`,
  );
}

function checkCall(prompts: readonly unknown[], batchSize: number): void {
  const wrong = prompts.find((prompt) => typeof prompt !== "string");
  if (typeof wrong === "object") {
    throw new PrefineError("not-yet", "pipeline: chats are not built yet", "Give it the prompt as a text.");
  }
  if (wrong !== undefined) throw new PrefineError("data", `pipeline: expected a text or texts, found ${typeof wrong}`);
  if (Number.isInteger(batchSize) && batchSize > 0) return;
  throw new PrefineError("config", `pipeline: batch_size: expected an integer of at least 1, found ${batchSize}`);
}
