/** @file The paths of OpenAI's API: models, chats, texts; and /health. */
import { randomUUID } from "node:crypto";
import { type AnswerPiece, complete, type RunningCompletion } from "../completion.ts";
import { apiErrorOf } from "../http/apiError.ts";
import { openEventStream } from "../http/eventStream.ts";
import type { Exchange, Route } from "../http/httpServer.ts";
import { readJson } from "../http/readJson.ts";
import type { ServedModel } from "../servedModel.ts";
import type { Endpoint } from "./parameters.ts";
import { findModel, type ReadRequest, readRequest } from "./readRequest.ts";
import { chunk, FORMS, wholeReply } from "./replies.ts";

/** A prompt of a million tokens is less. */
const MOST_BODY_BYTES = 4 * 2 ** 20;

const MODELS = "/v1/models";

export function openAiRoutes(models: ReadonlyMap<string, ServedModel>, onFailure: (error: unknown) => void): Route[] {
  const described = [...models.values()].map(describeModel);
  const completions = (path: string, endpoint: Endpoint): Route => ({
    method: "POST",
    path,
    answer: async (exchange) => {
      const body = await readJson(exchange.request, MOST_BODY_BYTES);
      const read = await readRequest(body, endpoint, { models, signal: exchange.signal });
      const running = complete(read.completion, exchange.signal);
      if (!read.isStream) return wholeAnswer(read, running, endpoint);
      await streamAnswer(exchange, { read, running, endpoint, onFailure });
      return undefined;
    },
  });
  const schedulers = [...new Set([...models.values()].map(({ scheduler }) => scheduler))];
  const total = (of: "queued" | "running") => schedulers.reduce((sum, scheduler) => sum + scheduler[of], 0);
  return [
    completions("/v1/chat/completions", "chat"),
    completions("/v1/completions", "text"),
    { method: "GET", path: MODELS, answer: async () => ({ object: "list", data: described }) },
    {
      method: "GET",
      path: `${MODELS}/`,
      answer: async ({ path }) => describeModel(findModel(path.slice(MODELS.length + 1), models)),
    },
    {
      method: "GET",
      path: "/health",
      isOpen: true,
      answer: async () => ({ status: "ok", running: total("running"), queued: total("queued") }),
    },
  ];
}

const describeModel = ({ name, parent, created, contextLength }: ServedModel) => ({
  id: name,
  object: "model",
  created,
  owned_by: "prefine",
  root: parent ?? name,
  parent,
  context_length: contextLength,
});

const newHead = (endpoint: Endpoint, model: string) => ({
  id: FORMS[endpoint].prefix + randomUUID().replaceAll("-", ""),
  created: Math.floor(Date.now() / 1000),
  model,
});

/** The text before an answer, with `echo`. */
const echoOf = ({ echoed, completion }: ReadRequest, index: number): AnswerPiece[] =>
  echoed ? [{ index, text: echoed[Math.floor(index / completion.n)], logprobs: [] }] : [];

async function wholeAnswer(
  read: ReadRequest,
  { pieces, usage }: RunningCompletion,
  endpoint: Endpoint,
): Promise<object> {
  const { model, prompts, n, topLogprobs } = read.completion;
  const answers = Array.from({ length: prompts.length * n }, (_, index) => echoOf(read, index));
  for await (const piece of pieces) answers[piece.index].push(piece);
  const form = FORMS[endpoint];
  const choices = answers.map((answer, index) => form.choice(index, answer, topLogprobs !== undefined));
  return wholeReply(form, newHead(endpoint, model.name), choices, usage());
}

interface Streaming {
  read: ReadRequest;
  running: RunningCompletion;
  endpoint: Endpoint;
  onFailure: (error: unknown) => void;
}

async function streamAnswer({ response, headers, signal }: Exchange, streaming: Streaming): Promise<void> {
  const { read, running, endpoint, onFailure } = streaming;
  const { model, prompts, n, topLogprobs } = read.completion;
  const form = FORMS[endpoint];
  const head = newHead(endpoint, model.name);
  const stream = openEventStream(response, headers);
  const open = read.hasUsage ? null : undefined;
  const send = (choice: object) => stream.send(chunk(form, head, [choice], open));
  const hasLogprobs = topLogprobs !== undefined;
  const answers = prompts.length * n;
  const given = new Array<number>(answers).fill(0);
  for (let index = 0; index < answers; index++) {
    if (form.first) send(form.first(index));
    for (const piece of echoOf(read, index)) send(form.delta(piece, 0, false));
  }
  try {
    for await (const piece of running.pieces) {
      const { index, text, logprobs, finishReason } = piece;
      if (text !== "" || logprobs.length > 0) send(form.delta(piece, given[index], hasLogprobs));
      given[index] += text.length;
      if (finishReason) send(form.last(index, finishReason));
    }
    if (read.hasUsage) stream.send(chunk(form, head, [], running.usage()));
    stream.end("[DONE]");
  } catch (error) {
    const told = apiErrorOf(error);
    if (told.status === 500 && !signal.aborted) onFailure(error);
    stream.send(told.body);
    stream.end();
  }
}
