/** @file What the server refuses, in OpenAI's form: parameters, sizes, hosts, origins, tokens, a full queue. */

import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type PrefineServer } from "../../src/serving/createServer.ts";
import { PARAMETERS } from "../../src/serving/openai/parameters.ts";
import { writeServedModels } from "../support/servedModels.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-refusals-"));
const { chat } = writeServedModels(folder);
const KEY = "a-key-of-some-length";
const ORIGIN = "http://localhost:3000";

describe("refusals", () => {
  let server: PrefineServer;
  const failures: string[] = [];
  beforeAll(async () => {
    const models = [{ model: chat }, { model: "demo/everyday-gpt2", name: "plain" }];
    const onWarning = (line: string) => failures.push(line);
    server = await createServer({ models, port: 0, allowOrigins: [ORIGIN], onWarning });
  }, 60_000);
  afterAll(async () => {
    expect(failures).toEqual([]); // none was an error of the server
    await server?.close(0);
    rmSync(folder, { recursive: true });
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const CHAT = { model: "chat", messages: [{ role: "user", content: "Hi" }], max_tokens: 2, temperature: 0 };
  const TEXT = { model: "chat", prompt: "Hi", max_tokens: 2, temperature: 0 };
  const errorOf = async (reply: Response) => {
    const { error } = (await reply.json()) as { error: { type: string } };
    expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
    return { status: reply.status, ...error };
  };

  it("answers what it can, with parameters that have no effect or ask for nothing", async () => {
    const plain = { best_of: 1, suffix: "", user: "me", echo: null, logprobs: null };
    expect((await post("/completions", { ...TEXT, ...plain })).status).toBe(200);
    const neutral = {
      ...{ tools: [], tool_choice: "auto", functions: [], function_call: "none", response_format: { type: "text" } },
      ...{ modalities: ["text"], verbosity: "medium", reasoning_effort: "none", audio: null, moderation: null },
      ...{ user: "me", metadata: { a: "b" }, store: true, service_tier: "auto", parallel_tool_calls: true },
      ...{ safety_identifier: "x", prompt_cache_key: "k", prompt_cache_retention: "24h", prediction: null },
      stream_options: { include_usage: false, include_obfuscation: false },
    };
    expect((await post("/chat/completions", { ...CHAT, ...neutral })).status).toBe(200);
    const parts = [{ type: "text", text: "Hi" }];
    const messages = [
      { role: "developer", content: "Be brief." },
      { role: "user", content: parts, name: "me" },
    ];
    expect((await post("/chat/completions", { ...CHAT, messages })).status).toBe(200);
  });

  it("refuses every parameter that it does not have, by name", async () => {
    const refused = Object.entries(PARAMETERS).filter(([, { treatment }]) => treatment === "refused");
    expect(refused.length).toBeGreaterThan(10);
    for (const [name, { endpoints }] of refused) {
      const [path, body] = endpoints[0] === "chat" ? ["/chat/completions", CHAT] : ["/completions", TEXT];
      const found = await errorOf(await post(path, { ...body, [name]: { some: "value" } }));
      expect(found).toMatchObject({ status: 400, param: name, code: "unsupported_parameter" });
      expect(found.type).toBe("invalid_request_error");
    }
  });

  it.each([
    ["/chat/completions", { temperatur: 1 }, "temperatur", "did you mean temperature?"],
    ["/chat/completions", { prompt: "x" }, "prompt", "unknown parameter"],
    ["/completions", { messages: [] }, "messages", "unknown parameter"],
    ["/chat/completions", { temperature: 3 }, "temperature", "from 0 to 2, found 3"],
    ["/chat/completions", { temperature: "1" }, "temperature", 'found "1"'],
    ["/chat/completions", { top_p: -1 }, "top_p", "from 0 to 1"],
    ["/chat/completions", { n: 0 }, "n", "an integer from 1 to 128"],
    ["/chat/completions", { n: 1.5 }, "n", "an integer"],
    ["/completions", { prompt: ["a", "b"], n: 100 }, "n", "at most 128 answers, found 200"],
    ["/chat/completions", { max_tokens: 0 }, "max_tokens", "of at least 1"],
    ["/chat/completions", { max_completion_tokens: 3 }, "max_tokens", "the same number"],
    ["/chat/completions", { stop: ["a", "b", "c", "d", "e"] }, "stop", "up to 4"],
    ["/chat/completions", { stop: 5 }, "stop", "a text"],
    ["/chat/completions", { seed: 1.5 }, "seed", "an integer"],
    ["/chat/completions", { stream: "yes" }, "stream", "true or false"],
    ["/chat/completions", { stream_options: { other: 1 } }, "stream_options", "include_usage"],
    ["/chat/completions", { top_logprobs: 3 }, "top_logprobs", "logprobs: true"],
    ["/chat/completions", { logprobs: true, top_logprobs: 21 }, "top_logprobs", "from 0 to 20"],
    ["/completions", { logprobs: 6 }, "logprobs", "from 0 to 5"],
    ["/completions", { logprobs: 1, echo: true }, "echo", "not supported with logprobs"],
    ["/chat/completions", { presence_penalty: 3 }, "presence_penalty", "from -2 to 2"],
    ["/chat/completions", { logit_bias: { x: 1 } }, "logit_bias", "token ids below"],
    ["/chat/completions", { logit_bias: { 5: 101 } }, "logit_bias", "from -100 to 100"],
    ["/chat/completions", { messages: [] }, "messages", "at least one message"],
    ["/chat/completions", { messages: ["hi"] }, "messages[0]", "an object with role and content"],
    ["/chat/completions", { messages: [{ role: "king", content: "" }] }, "messages[0].role", "system, developer"],
    ["/chat/completions", { messages: [{ role: "tool", content: "" }] }, "messages[0].role", "not calls of functions"],
    ["/chat/completions", { messages: [{ role: "user", content: 5 }] }, "messages[0].content", "a text"],
    [
      "/chat/completions",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
      "messages[0].content[0]",
      "image_url",
    ],
    ["/chat/completions", { messages: [{ role: "assistant", tool_calls: [{}] }] }, "messages[0].tool_calls", "texts"],
    ["/completions", { prompt: "" }, undefined, ""],
    ["/completions", { prompt: [] }, "prompt", "a text, token ids"],
    ["/completions", { prompt: [[-1]] }, "prompt", "token ids below"],
    ["/completions", { prompt: [1e9] }, "prompt", "token ids below"],
    ["/completions", { prompt: [1, "a"] }, "prompt", "a list of either"],
    ["/completions", { model: "gpt-4" }, "model", "expected one of chat, plain"],
    ["/completions", { model: null }, "model", "one of"],
    ["/chat/completions", { model: "plain" }, "model", "no chat template"],
  ])("%s with %j names %s", async (path, more, param, message) => {
    const reply = await post(path, { ...(path === "/completions" ? TEXT : CHAT), ...more });
    if (param === undefined) return expect(reply.status).toBe(200); // the bos token stands for an empty text
    const found = await errorOf(reply);
    expect(found).toMatchObject({ param, message: expect.stringContaining(message) });
    expect(found.status).toBe(message.includes("chat, plain") ? 404 : 400);
  });

  it("says that a context overflows: the prompt alone, or with the answer", async () => {
    const code = "context_length_exceeded";
    const long = "tea and bread ".repeat(200);
    expect(await errorOf(await post("/completions", { ...TEXT, prompt: long }))).toMatchObject({ code, status: 400 });
    const messages = [{ role: "user", content: long }];
    expect(await errorOf(await post("/chat/completions", { ...CHAT, messages }))).toMatchObject({ code });
    const much = await errorOf(await post("/completions", { ...TEXT, max_tokens: 256 }));
    expect(much).toMatchObject({
      code,
      message: expect.stringContaining("256 tokens: the prompt has 2 and asks for 256 more"),
    });
    const huge = await errorOf(await post("/completions", { ...TEXT, prompt: "x".repeat(3_000_000) }));
    expect(huge).toMatchObject({ code, message: expect.stringContaining("3000000 characters") });
  });

  it("refuses paths, methods and bodies of other kinds", async () => {
    expect(await errorOf(await fetch(`${server.url}/embeddings`))).toMatchObject({ status: 404, code: "unknown_url" });
    expect(await errorOf(await fetch(`${server.url}/models/%E0%A4%A`))).toMatchObject({ status: 404 });
    expect(await errorOf(await fetch(`${server.url}/models/none`))).toMatchObject({ status: 404, param: "model" });
    const get = await fetch(`${server.url}/chat/completions`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await errorOf(await post("/completions", "{"))).toMatchObject({ status: 400 });
    expect(await errorOf(await post("/completions", "[]"))).toMatchObject({ status: 400 });
    expect(await errorOf(await post("/completions", TEXT, { "content-type": "text/plain" }))).toMatchObject({
      status: 415,
    });
    const huge = await post("/completions", "x".repeat(5 * 2 ** 20));
    expect(await errorOf(huge)).toMatchObject({ status: 413, code: "body_too_large" });
  });

  /** A request with headers that fetch does not allow. */
  const raw = (headers: Record<string, string>, method = "GET") =>
    new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
      const url = new URL(server.url);
      const request = httpRequest({ port: server.port, host: "127.0.0.1", path: "/v1/models", method, headers });
      request.on("response", (reply) => {
        reply.resume();
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers });
      });
      request.on("error", reject).end();
      expect(url.hostname).toBe("127.0.0.1");
    });

  it("refuses hosts and origins of other sites: DNS rebinding, pages that post", async () => {
    for (const host of ["localhost", "localhost:1", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
      expect((await raw({ host })).status).toBe(200);
    for (const host of [
      "evil.example",
      "evil.example:8000",
      "127.0.0.1.evil.example",
      "localhost@evil.example",
      "127.0.0.1:x",
    ])
      expect((await raw({ host })).status).toBe(403);
    const host = `127.0.0.1:${server.port}`;
    expect((await raw({ host, origin: `http://${host}` })).status).toBe(200);
    for (const origin of ["http://evil.example", "null", `https://${host}`, "http://localhost:3001"])
      expect((await raw({ host, origin })).status).toBe(403);
    const allowed = await raw({ host, origin: ORIGIN });
    expect(allowed).toMatchObject({ status: 200, headers: { "access-control-allow-origin": ORIGIN } });
    expect(await raw({ host, origin: ORIGIN }, "OPTIONS")).toMatchObject({ status: 204 });
    expect((await raw({ host, origin: "http://evil.example" }, "OPTIONS")).status).toBe(403);
  });

  it("bounds headers, and the time that they take", async () => {
    expect((await raw({ host: "localhost", "x-long": "x".repeat(20_000) })).status).toBe(431);
    const socket = connect(server.port, "127.0.0.1");
    socket.write("no HTTP at all\r\n\r\n");
    const answer = await new Promise((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
    expect(answer).toContain("400 Bad Request");
    socket.destroy();
  });

  it("tells that its queue is full, and when to come back", async () => {
    const body = JSON.stringify({ ...TEXT, n: 100, temperature: 1, max_tokens: 60 });
    const controller = new AbortController();
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, signal: controller.signal };
    const busy = Array.from({ length: 4 }, () => fetch(`${server.url}/completions`, init).catch(() => undefined));
    const refused = await Promise.race(busy.map(async (reply) => (await reply)?.status === 429 && (await reply)));
    if (!refused) throw new Error("expected a refusal before the first answer");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await errorOf(refused)).toMatchObject({
      status: 429,
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
    });
    controller.abort();
    await Promise.all(busy);
    expect((await post("/completions", TEXT)).status).toBe(200); // the others have left the queue
  });
});

describe("an API key", () => {
  let server: PrefineServer;
  beforeAll(async () => {
    server = await createServer({ models: "demo/everyday-gpt2", host: "0.0.0.0", port: 0, apiKey: KEY });
  }, 60_000);
  afterAll(() => server?.close(0));

  it("is needed for everything but /health", async () => {
    const at = `http://127.0.0.1:${server.port}`;
    const status = async (path: string, authorization?: string) =>
      (await fetch(at + path, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await status("/health")).toBe(200);
    expect(await status("/v1/models", `Bearer ${KEY}`)).toBe(200);
    for (const wrong of [undefined, KEY, `Bearer ${KEY}x`, "Bearer ", `Basic ${KEY}`])
      expect(await status("/v1/models", wrong)).toBe(401);
  });

  it("is made at random for other machines, and can't be left out there", async () => {
    const options = { models: "demo/everyday-gpt2", host: "0.0.0.0", port: 0 };
    await expect(createServer({ ...options, apiKey: null })).rejects.toThrow("expected one at 0.0.0.0");
    await expect(createServer({ ...options, apiKey: "short" })).rejects.toThrow("expected a text of at least 16");
    const other = await createServer(options);
    expect(other.apiKey).toMatch(/^prefine-[\w-]{32}$/);
    await other.close(0);
  });
});
