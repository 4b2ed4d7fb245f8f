/**
 * @file An HTTP server for programs and pages of this machine: access, limits, errors, draining. Node's own server,
 * without a framework: backpressure, sockets that no client reads and connections that end need its events, and the
 * routes are few.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PrefineError } from "../../errors.ts";
import { ApiError, apiErrorOf } from "./apiError.ts";
import { checkAccess, type GuardOptions } from "./guard.ts";
import type { RequestRecord } from "./requestRecord.ts";
import { watchReaders } from "./watchReaders.ts";

/** A request that has passed the guard. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** The path, decoded, without the query. */
  path: string;
  /** Headers for the answer. */
  headers: Record<string, string>;
  /** Aborts once the client is gone. */
  signal: AbortSignal;
}

export interface Route {
  method: "GET" | "POST";
  /** The whole path, or its beginning if it ends with a slash; "/" is the whole path. */
  path: string;
  /** Whether it needs no token. */
  isOpen?: boolean;
  /** @returns a JSON answer, or nothing where it has answered. @throws ApiError */
  answer: (exchange: Exchange) => Promise<object | undefined>;
}

export interface HttpOptions extends GuardOptions {
  port: number;
  routes: readonly Route[];
  onRequest?: ((record: RequestRecord) => void) | undefined;
  /** Errors of the server itself. */
  onFailure: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  /** Refuses new requests, waits for running ones for at most so long, then ends them. */
  close(drainSeconds: number): Promise<void>;
}

const MOST_CONNECTIONS = 512;
const MOST_HEADER_BYTES = 16 * 1024;
/** Time (ms) for a request's headers, and for all of it. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 60_000;
const KEEP_ALIVE_MS = 15_000;
/** Time (ms) for the rest of a body that no code reads. */
const LEFTOVER_MS = 1000;

/** @throws PrefineError("io") if the address can't be used. */
export async function openHttpServer(options: HttpOptions): Promise<HttpServer> {
  const limits = { maxHeaderSize: MOST_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS };
  const running = new Set<ServerResponse>();
  const state = { isClosing: false };
  const server = createServer({ ...limits, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) => {
    running.add(response);
    response.on("close", () => running.delete(response));
    void serve(request, response, options, state);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await listen(server, options);
  const stopWatching = watchReaders(sockets);
  return {
    port: (server.address() as AddressInfo).port,
    close: async (drainSeconds) => {
      state.isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), drainSeconds * 1000);
      for (const response of running) response.on("close", () => server.closeIdleConnections());
      await closed;
      clearTimeout(timer);
      stopWatching();
    },
  };
}

function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): PrefineError {
  const place = `${host}:${port}`;
  const known: Record<string, [what: string, hint: string]> = {
    EADDRINUSE: ["the port is in use", "Choose another one with --port, or stop the program that uses it."],
    EACCES: ["no permission for this port", "Choose one above 1023 with --port."],
    EADDRNOTAVAIL: ["this machine has no such address", "Choose another one with --host."],
    ENOTFOUND: ["no such host", "Choose an address of this machine with --host."],
  };
  const [what, hint] = known[error.code ?? ""] ?? [error.message, undefined];
  return new PrefineError("io", `${place}: can't listen: ${what}`, hint, { cause: error });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  { isClosing }: { isClosing: boolean },
): Promise<void> {
  const start = performance.now();
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  response.on("error", () => {}); // the client is gone
  const headers: Record<string, string> = { "x-content-type-options": "nosniff", ...(isClosing && CLOSE) };
  const path = pathOf(request.url);
  try {
    if (isClosing) throw new ApiError(503, "the server is shutting down", { code: "shutting_down" });
    const body = await answer({ request, response, path, headers, signal: gone.signal }, options);
    if (body !== undefined) sendJson(response, 200, body, headers);
  } catch (error) {
    const told = apiErrorOf(error);
    if (told.status === 500 && !gone.signal.aborted) options.onFailure(error);
    if (response.headersSent) response.destroy();
    else sendJson(response, told.status, told.body, { ...headers, ...told.headers });
  }
  discardRest(request);
  if (!options.onRequest) return;
  if (!response.closed) await new Promise((resolve) => response.on("close", resolve));
  const status = response.writableFinished ? response.statusCode : 499;
  const { method = "" } = request;
  options.onRequest({ method, path, status, seconds: (performance.now() - start) / 1000 });
}

const CLOSE = { connection: "close" };

/** "" for a path that can't be decoded. */
function pathOf(url = "/"): string {
  try {
    return decodeURIComponent(url.split("?", 1)[0]);
  } catch {
    return "";
  }
}

async function answer(exchange: Exchange, options: HttpOptions): Promise<object | undefined> {
  const { request, response, path, headers } = exchange;
  const at = options.routes.filter((route) =>
    /.\/$/.test(route.path) ? path.startsWith(route.path) : path === route.path,
  );
  Object.assign(headers, checkAccess(request, { ...options, isOpen: at.some(({ isOpen }) => isOpen === true) }));
  if (request.method === "OPTIONS" && headers["access-control-allow-origin"]) {
    const allowed = { "access-control-allow-methods": "GET, POST", "access-control-max-age": "600" };
    const asked = request.headers["access-control-request-headers"] ?? "content-type";
    response.writeHead(204, { ...headers, ...allowed, "access-control-allow-headers": asked }).end();
    return undefined;
  }
  const route = at.find(({ method }) => method === request.method);
  if (route) return route.answer(exchange);
  if (at.length === 0) throw new ApiError(404, `no such path: ${request.method} ${path}`, { code: "unknown_url" });
  const allow = at.map(({ method }) => method).join(", ");
  throw new ApiError(405, `${path}: expected ${allow}, found ${request.method}`, { headers: { allow } });
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string>): void {
  if (response.destroyed || response.writableEnded) return;
  const text = JSON.stringify(body);
  const type = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  response.writeHead(status, { ...headers, ...type, "content-length": Buffer.byteLength(text) }).end(text);
}

/** Lets a client that is still sending read the answer first. */
function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LEFTOVER_MS).unref();
  request.on("close", () => clearTimeout(timer));
}
