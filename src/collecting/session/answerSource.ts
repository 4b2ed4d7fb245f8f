/** @file Where answers come from: a model that this process has loaded, or one behind an OpenAI-style URL. */
import { PrefineError } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { complete } from "../../serving/completion.ts";
import { readRequest } from "../../serving/openai/readRequest.ts";
import type { ServedModel } from "../../serving/servedModel.ts";
import type { Content } from "../events.ts";

export interface AnswerPiece {
  text: string;
  /** Of the answer up to here; absent: unknown. */
  tokens?: number | undefined;
  /** It ends here, since it may not be longer. */
  isCut?: boolean | undefined;
}

export interface Asking {
  prompt: Content;
  seed: number;
  signal: AbortSignal;
}

export interface AnswerSource {
  /** Stored with each answer, never shown to those who judge it. */
  name: string;
  /** The same: how it samples. */
  settings: Readonly<Record<string, unknown>>;
  answer(asking: Asking): AsyncIterable<AnswerPiece>;
}

/** Parameters of OpenAI's API, such as temperature and max_tokens. */
export type Sampling = Readonly<Record<string, number>>;

const asked = (prompt: Content) => (typeof prompt === "string" ? { prompt } : { messages: prompt });

/** A model that is loaded in this process. */
export function servedSource(models: ReadonlyMap<string, ServedModel>, name: string, sampling: Sampling): AnswerSource {
  return {
    name,
    settings: sampling,
    async *answer({ prompt, seed, signal }) {
      const endpoint = typeof prompt === "string" ? "text" : "chat";
      const body = { model: name, ...asked(prompt), ...sampling, seed, stream: true };
      const { completion } = await readRequest(body, endpoint, { models, signal });
      const { pieces, usage } = complete(completion, signal);
      for await (const { text, finishReason } of pieces)
        yield { text, tokens: usage().completion_tokens, isCut: finishReason === "length" };
    },
  };
}

export interface UrlModel {
  /** What the paths of OpenAI's API begin with: `http://127.0.0.1:8000/v1`. */
  url: string;
  model: string;
  /** Sent to this URL only. */
  apiKey: string | undefined;
}

/** Milliseconds without a byte after which an endpoint counts as gone. */
const PATIENCE = 120_000;
/** Characters of an answer: a server that never ends is cut off. */
const LONGEST = 1_000_000;

/** A model behind an OpenAI-style URL. */
export function urlSource({ url, model, apiKey }: UrlModel, sampling: Sampling, patience = PATIENCE): AnswerSource {
  return {
    name: `${model}@${url}`,
    settings: sampling,
    async *answer({ prompt, seed, signal }) {
      const path = typeof prompt === "string" ? "completions" : "chat/completions";
      const body = {
        model,
        ...asked(prompt),
        ...sampling,
        seed,
        stream: true,
        stream_options: { include_usage: true },
      };
      const watch = new AbortController();
      let timer = setTimeout(() => watch.abort(), patience);
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(() => watch.abort(), patience);
      };
      const over = AbortSignal.any([signal, watch.signal]);
      try {
        const response = await post(`${url}/${path}`, { body, apiKey, signal: over });
        yield* piecesOf(response, alive);
      } catch (cause) {
        if (signal.aborted || cause instanceof PrefineError) throw cause;
        const what = watch.signal.aborted ? `sent nothing for ${patience / 1000} s` : "can't be reached, or hung up";
        throw new PrefineError("hub", `${url}: the endpoint ${what}`, undefined, { cause });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

interface Posting {
  body: object;
  apiKey: string | undefined;
  signal: AbortSignal;
}

/** @throws PrefineError("hub") for another status than 200. */
async function post(url: string, { body, apiKey, signal }: Posting): Promise<Response> {
  const key: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  const headers = { "content-type": "application/json", ...key };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal, redirect: "error" });
  if (response.ok && response.body) return response;
  const text = (await response.text()).slice(0, 400).replaceAll(apiKey ?? "\0", "***");
  const hint = response.status === 401 ? "Set OPENAI_API_KEY to the key of this endpoint." : undefined;
  throw new PrefineError("hub", `${url}: expected an answer, found status ${response.status}: ${text}`, hint);
}

/** The pieces of a stream of events. @throws PrefineError("hub") where it ends without an end. */
async function* piecesOf(response: Response, alive: () => void): AsyncGenerator<AnswerPiece> {
  let isOver = false;
  let length = 0;
  for await (const data of dataLines(response.body as ReadableStream<Uint8Array>, alive)) {
    if (data === "[DONE]") return;
    const { text, tokens, ends, isCut, error } = readChunk(data);
    if (error !== undefined) throw new PrefineError("hub", `${response.url}: the endpoint failed: ${error}`);
    isOver ||= ends;
    length += text.length;
    if (text !== "" || tokens !== undefined || isCut) yield { text, tokens, ...(isCut ? { isCut } : {}) };
    if (length > LONGEST)
      throw new PrefineError("hub", `${response.url}: the answer has more than a million characters`);
  }
  if (!isOver) throw new PrefineError("hub", `${response.url}: the endpoint hung up within the answer`);
}

/** What follows `data:` in the lines of a stream. */
async function* dataLines(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    alive();
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST)
      throw new PrefineError("hub", "the endpoint sent a line of more than a million characters");
    for (const line of lines) if (line.startsWith("data:")) yield line.slice("data:".length).trim();
  }
  if (rest.startsWith("data:")) yield rest.slice("data:".length).trim();
}

interface Chunk {
  text: string;
  tokens: number | undefined;
  ends: boolean;
  isCut?: boolean;
  error?: string;
}

/** One event of OpenAI's streams, of chats or of texts. Fields that are something else count as absent. */
function readChunk(data: string): Chunk {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    return { text: "", tokens: undefined, ends: false, error: "an event that is no JSON" };
  }
  if (!isObject(chunk)) return { text: "", tokens: undefined, ends: false };
  const { error, usage, choices } = chunk;
  const used = isObject(usage) ? usage.completion_tokens : undefined;
  const tokens = Number.isInteger(used) ? (used as number) : undefined;
  if (error) {
    const told = isObject(error) ? error.message : error;
    return { text: "", tokens, ends: false, error: String(told).slice(0, 400) };
  }
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (!isObject(choice)) return { text: "", tokens, ends: false };
  const given = isObject(choice.delta) ? choice.delta.content : choice.text;
  const { finish_reason: reason } = choice;
  const text = typeof given === "string" ? given : "";
  return { text, tokens, ends: typeof reason === "string", isCut: reason === "length" };
}
