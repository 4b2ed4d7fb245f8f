/** @file createServer: models behind OpenAI's API, on a port of this machine. */
import { randomBytes } from "node:crypto";
import {
  abortSignal,
  anyFunction,
  bool,
  checkOptions,
  checkValue,
  nullable,
  optionsOf,
  text,
  texts,
  type ValueCheck,
} from "../arguments.ts";
import { PrefineError } from "../errors.ts";
import { emitWarning } from "../host.ts";
import { isLoopback } from "./http/guard.ts";
import { openHttpServer } from "./http/httpServer.ts";
import type { RequestRecord } from "./http/requestRecord.ts";
import { loadModels, type ModelToServe } from "./loadModels.ts";
import { openAiRoutes } from "./openai/routes.ts";

export type { ModelToServe, RequestRecord };

export interface ServerOptions {
  /**
   * Hub ids, folders, runs or checkpoints. The base models of adapters are served as well.
   *
   * Required. Prefine's own.
   */
  models: string | ModelToServe | readonly (string | ModelToServe)[];
  /**
   * Address to listen at; another one than this machine's own needs an API key.
   *
   * Default: `"127.0.0.1"`. Prefine's own.
   */
  host?: string | undefined;
  /**
   * Port to listen at; 0: any free one.
   *
   * Default: `8000`. Prefine's own.
   */
  port?: number | undefined;
  /**
   * What clients send as `Authorization: Bearer`; null: none is needed.
   *
   * Default: none on this machine's own addresses, else a random one. Prefine's own.
   */
  apiKey?: string | null | undefined;
  /**
   * Origins of web pages that may ask, such as `http://localhost:3000`.
   *
   * Default: none. Prefine's own.
   */
  allowOrigins?: readonly string[] | undefined;
  /**
   * Answers from weights in 8 or 4 bits with float32 products. False: with products of integers, as of `generate`.
   *
   * Default: `false`. Prefine's own.
   */
  exact?: boolean | undefined;
  /**
   * Token for the hub.
   *
   * Default: HF_TOKEN. Same as transformers.
   */
  token?: string | false | undefined;
  /**
   * Ends the loading of the models.
   *
   * Default: never ended. Prefine's own.
   */
  signal?: AbortSignal | undefined;
  /**
   * Receives a record of each request at its end, without its texts.
   *
   * Default: nothing. Prefine's own.
   */
  onRequest?: ((record: RequestRecord) => void) | undefined;
  /**
   * Receives lines about models, and about requests that failed.
   *
   * Default: process.emitWarning. Prefine's own.
   */
  onWarning?: ((line: string) => void) | undefined;
}

export interface PrefineServer {
  /** `http://127.0.0.1:8000/v1`: baseURL of OpenAI's clients. */
  readonly url: string;
  readonly port: number;
  /** What clients have to send; null: nothing. */
  readonly apiKey: string | null;
  /** The models by name, with their base models' names and their contexts in tokens. */
  readonly models: readonly { name: string; parent: string | null; contextLength: number }[];
  /**
   * Refuses new requests, waits for the running ones, then frees the models.
   * @param drainSeconds the longest wait. Default: 30
   */
  close(drainSeconds?: number): Promise<void>;
}

const aModel: ValueCheck = {
  expected: "a hub id or a folder, an object with { model }, or a list of them",
  accepts: (value) => {
    const isModel = (one: unknown) =>
      (typeof one === "string" && one !== "") || (typeof one === "object" && one !== null && "model" in one);
    return Array.isArray(value) ? value.length > 0 && value.every(isModel) : isModel(value);
  },
};
const aPort: ValueCheck = {
  expected: "a port from 0 to 65535",
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
};
/** Shorter ones could be guessed. */
const SHORTEST_KEY = 16;
const aKey: ValueCheck = {
  expected: `a text of at least ${SHORTEST_KEY} printable ASCII characters without spaces`,
  accepts: (value) => typeof value === "string" && value.length >= SHORTEST_KEY && /^[!-~]+$/.test(value),
  secret: true,
};

const CHECKS = optionsOf<ServerOptions>("createServer", {
  models: aModel,
  host: text,
  port: aPort,
  apiKey: nullable(aKey),
  allowOrigins: texts,
  exact: bool,
  token: {
    expected: "a text or false",
    accepts: (value) => typeof value === "string" || value === false,
    secret: true,
  },
  signal: abortSignal,
  onRequest: anyFunction,
  onWarning: anyFunction,
});
const MODEL_CHECKS = optionsOf<ModelToServe>("createServer's models", {
  model: text,
  name: text,
  revision: text,
  base: text,
  quantization_config: {
    expected: "a BitsAndBytesConfig",
    accepts: (value) => value === null || typeof value === "object",
  },
});

const DEFAULT_PORT = 8000;
const DRAIN_SECONDS = 30;

/**
 * Serves models under OpenAI's API: `const server = await createServer({ models: "dpo" })`, then OpenAI's clients with
 * `baseURL: server.url`.
 * @throws PrefineError for wrong options, a model that can't be loaded, a port in use
 */
export async function createServer(options: ServerOptions): Promise<PrefineServer> {
  checkOptions("createServer", options, CHECKS);
  checkValue("createServer: models", options?.models, aModel);
  const { models: given, host = "127.0.0.1", port = DEFAULT_PORT, allowOrigins = [], exact, token, signal } = options;
  const onWarning = options.onWarning ?? emitWarning;
  const list = (Array.isArray(given) ? given : [given]).map((one) => (typeof one === "string" ? { model: one } : one));
  for (const one of list) checkOptions("createServer", one, MODEL_CHECKS);
  const apiKey = keyFor(host, options.apiKey);
  const onFailure = (error: unknown) =>
    onWarning(`a request failed: ${error instanceof Error ? error.message : error}`);
  const { models, dispose } = await keepingAlive(loadModels(list, { exact, token, signal, onWarning }));
  try {
    const routes = openAiRoutes(models, onFailure);
    const access = { host, port, token: apiKey ?? undefined, origins: allowOrigins };
    const server = await openHttpServer({ ...access, routes, onRequest: options.onRequest, onFailure });
    let closed: Promise<void> | undefined;
    return {
      url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}/v1`,
      port: server.port,
      apiKey,
      models: [...models.values()].map(({ name, parent, contextLength }) => ({ name, parent, contextLength })),
      close: (drainSeconds = DRAIN_SECONDS) => {
        closed ??= keepingAlive(server.close(drainSeconds).then(dispose));
        return closed;
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Threads do not keep a process alive: one that only waits here would end without a word. */
function keepingAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 60_000);
  return work.finally(() => clearInterval(timer));
}

function keyFor(host: string, given: string | null | undefined): string | null {
  if (isLoopback(host)) return given ?? null;
  if (given !== null) return given ?? `prefine-${randomBytes(24).toString("base64url")}`;
  const message = `apiKey: expected one at ${host}, which other machines reach, found null`;
  throw new PrefineError("config", message, "Leave it out for a random one, or listen at 127.0.0.1.");
}
