/** @file A request's JSON -> what to compute, by OpenAI's rules. */
import type { Conversation } from "../../data/tokenizers/conversations.ts";
import { callTokenizer } from "../../data/tokenizers/slowCalls.ts";
import { show } from "../../errors.ts";
import { callSettings } from "../../generation/callOptions.ts";
import { chatIds } from "../../generation/inputs.ts";
import type { GenerationSettings } from "../../generation/sequence.ts";
import { largest } from "../../lists.ts";
import { counted } from "../../phrases.ts";
import type { CompletionRequest } from "../completion.ts";
import { ApiError } from "../http/apiError.ts";
import type { ServedModel } from "../servedModel.ts";
import { readMessages } from "./messages.ts";
import type { Endpoint } from "./parameters.ts";
import { type Body, biasIn, boolIn, checkNames, includesUsage, numberIn, stopsIn, wrong } from "./readFields.ts";

export interface ReadRequest {
  completion: CompletionRequest;
  isStream: boolean;
  hasUsage: boolean;
  /** Texts before the answers, by prompt: `echo`. */
  echoed?: readonly string[] | undefined;
}

const ANY = Number.MAX_SAFE_INTEGER;
const MOST_ANSWERS = 128;
/** OpenAI's default of /v1/completions. */
const TEXT_TOKENS = 16;

/** @throws ApiError 400, 404 */
export async function readRequest(
  body: Body,
  endpoint: Endpoint,
  { models, signal }: { models: ReadonlyMap<string, ServedModel>; signal: AbortSignal },
): Promise<ReadRequest> {
  const model = modelOf(body, models);
  const given = checkNames(body, endpoint);
  const n = numberIn(given, "n", { least: 1, most: MOST_ANSWERS, isInteger: true }) ?? 1;
  const topLogprobs = logprobsIn(given, endpoint);
  const isEcho = endpoint === "text" && boolIn(given, "echo");
  if (isEcho && topLogprobs !== undefined)
    throw new ApiError(400, "echo: not supported with logprobs", { param: "echo" });
  const shared = {
    penalties: {
      frequency_penalty: numberIn(given, "frequency_penalty", { least: -2, most: 2 }) ?? 0,
      presence_penalty: numberIn(given, "presence_penalty", { least: -2, most: 2 }) ?? 0,
      logit_bias: biasIn(given, model.vocabSize),
    },
    stops: stopsIn(given),
    isStream: boolIn(given, "stream"),
    hasUsage: includesUsage(given),
    sampling: samplingOf(given),
    asked: tokensIn(given, endpoint),
  };
  const prompts =
    endpoint === "chat" ? [await chatPrompt(given, model, signal)] : await textPrompts(given, model, signal);
  if (prompts.length * n > MOST_ANSWERS) throw wrong("n", `at most ${MOST_ANSWERS} answers`, prompts.length * n);
  const { penalties, stops, isStream, hasUsage, sampling, asked } = shared;
  const settings = settingsOf(model, sampling, roomFor(prompts, asked, { model, endpoint }));
  const echoed = isEcho
    ? prompts.map((ids) => model.tokenizer.decode([...ids], { skip_special_tokens: true }))
    : undefined;
  return { completion: { model, prompts, settings, penalties, n, stops, topLogprobs }, isStream, hasUsage, echoed };
}

function modelOf({ model: name }: Body, models: ReadonlyMap<string, ServedModel>): ServedModel {
  if (typeof name !== "string") throw wrong("model", `one of ${[...models.keys()].join(", ")}`, name);
  return findModel(name, models);
}

/** @throws ApiError 404 */
export function findModel(name: string, models: ReadonlyMap<string, ServedModel>): ServedModel {
  const model = models.get(name);
  if (model) return model;
  const names = [...models.keys()].join(", ");
  const message = `model: expected one of ${names}, found ${show(name)}`;
  throw new ApiError(404, message, { param: "model", code: "model_not_found" });
}

/** Number of alternatives per token; undefined: no log-probabilities. */
function logprobsIn(body: Body, endpoint: Endpoint): number | undefined {
  if (endpoint === "text") return numberIn(body, "logprobs", { least: 0, most: 5, isInteger: true });
  const top = numberIn(body, "top_logprobs", { least: 0, most: 20, isInteger: true });
  if (boolIn(body, "logprobs")) return top ?? 0;
  if (top !== undefined) throw wrong("top_logprobs", "logprobs: true next to it", top);
  return undefined;
}

/** New tokens asked for; undefined: as many as there is room for. */
function tokensIn(body: Body, endpoint: Endpoint): number | undefined {
  const range = { least: 1, most: ANY, isInteger: true };
  const [older, newer] = [numberIn(body, "max_tokens", range), numberIn(body, "max_completion_tokens", range)];
  if (older !== undefined && newer !== undefined && older !== newer)
    throw wrong("max_tokens", "max_completion_tokens alone, or the same number", older);
  return newer ?? older ?? (endpoint === "text" ? TEXT_TOKENS : undefined);
}

function samplingOf(body: Body) {
  const temperature = numberIn(body, "temperature", { least: 0, most: 2 });
  const top_p = numberIn(body, "top_p", { least: 0, most: 1 });
  const isGreedy = temperature === 0 || top_p === 0;
  return {
    do_sample: !isGreedy,
    ...(isGreedy ? {} : { temperature, top_p }),
    ...(isGreedy ? {} : { top_k: numberIn(body, "top_k", { least: 0, most: ANY, isInteger: true }) }),
    ...(isGreedy ? {} : { min_p: numberIn(body, "min_p", { least: 0, most: 1 }) }),
    repetition_penalty: numberIn(body, "repetition_penalty", { least: 0.01, most: 100 }),
    seed: seedIn(body),
  };
}

/** Any integer; the generator's has 32 bits. */
function seedIn(body: Body): number | undefined {
  const seed = numberIn(body, "seed", { least: -ANY, most: ANY, isInteger: true });
  return seed === undefined ? undefined : ((seed % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

function settingsOf(
  model: ServedModel,
  sampling: ReturnType<typeof samplingOf>,
  max_new_tokens: number,
): GenerationSettings {
  const { settings } = callSettings(
    {
      ...sampling,
      max_new_tokens,
      max_length: null,
      max_time: null,
      num_beams: 1,
      num_return_sequences: 1,
      defaults: { top_k: 0 }, // transformers' 50 is none of OpenAI's
    },
    { model: model.settings.values, modelFile: model.settings.where },
  );
  return settings;
}

/** @throws ApiError 400 `context_length_exceeded` */
function roomFor(
  prompts: readonly (readonly number[])[],
  asked: number | undefined,
  { model, endpoint }: { model: ServedModel; endpoint: Endpoint },
): number {
  const longest = largest(prompts.map((ids) => ids.length));
  const room = model.contextLength - longest;
  if (room >= (asked ?? 1)) return asked ?? room;
  const limit = `this model's context has ${counted(model.contextLength, "token")}`;
  const needed = asked === undefined ? "" : ` and asks for ${counted(asked, "more", "more")}`;
  const message = `${limit}: the prompt has ${longest}${needed}. Shorten the prompt or lower max_tokens`;
  const param = endpoint === "chat" ? "messages" : "prompt";
  throw new ApiError(400, message, { param, code: "context_length_exceeded" });
}

/** Characters of a token: a prompt with more than so many times the context's tokens is refused before tokenizing. */
const LONGEST_TOKEN = 128;

function refuseLong(length: number, param: string, { contextLength }: ServedModel): void {
  if (length <= contextLength * LONGEST_TOKEN) return;
  const message = `this model's context has ${counted(contextLength, "token")}: the prompt has ${length} characters`;
  throw new ApiError(400, message, { param, code: "context_length_exceeded" });
}

async function chatPrompt(body: Body, model: ServedModel, signal: AbortSignal): Promise<number[]> {
  const { tokenizer } = model;
  const messages: Conversation = readMessages(body.messages);
  if (tokenizer.chat_template === null) {
    const message = `${model.name}: has no chat template; ask it with /v1/completions`;
    throw new ApiError(400, message, { param: "model", code: "no_chat_template" });
  }
  refuseLong(JSON.stringify(messages).length, "messages", model);
  return checkIds(await chatIds(tokenizer, messages, { continues: false, signal }), model, "messages");
}

async function textPrompts({ prompt }: Body, model: ServedModel, signal: AbortSignal): Promise<number[][]> {
  const isIds = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 && value.every((id) => typeof id === "number");
  const list: readonly unknown[] =
    typeof prompt === "string" || isIds(prompt) ? [prompt] : Array.isArray(prompt) ? prompt : [];
  if (list.length === 0 || list.length > MOST_ANSWERS || !list.every((one) => typeof one === "string" || isIds(one)))
    throw wrong("prompt", "a text, token ids, or a list of either", prompt);
  const prompts: number[][] = [];
  for (const one of list) {
    if (isIds(one)) prompts.push(checkIds(one, model, "prompt"));
    else {
      const text = one as string;
      refuseLong(text.length, "prompt", model);
      prompts.push(checkIds(await callTokenizer(model.tokenizer, ["encode", text], signal), model, "prompt"));
    }
  }
  return prompts;
}

/** An empty prompt becomes the model's bos token, as in transformers. */
function checkIds(ids: readonly number[], { vocabSize, settings }: ServedModel, param: string): number[] {
  const { bos_token_id: bos } = settings.values;
  const prompt = ids.length === 0 && typeof bos === "number" ? [bos] : [...ids];
  if (prompt.length === 0) throw wrong(param, "text", "");
  const bad = prompt.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (bad !== undefined) throw wrong(param, `token ids below ${vocabSize}`, bad);
  return prompt;
}
