/** @file Answers of OpenAI-style servers: read as they come, and every way in which such a server can fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { urlSource } from "./answerSource.ts";

const KEY = "sk-never-shown";
let server: Server;
let url: string;
let respond: (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    respond(response, JSON.parse(text), request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const source = (patience?: number) =>
  urlSource({ url, model: "m", apiKey: KEY }, { temperature: 0.5, max_tokens: 9 }, patience);
const user = [{ role: "user", content: "Q" }];
const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content: string, finish_reason: string | null = null) =>
  event({ choices: [{ delta: { content }, finish_reason }] });
const answers =
  (...pieces: string[]) =>
  (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
async function ask({
  prompt = user as string | typeof user,
  patience = 5000,
  signal = new AbortController().signal,
} = {}) {
  const pieces: unknown[] = [];
  for await (const piece of source(patience).answer({ prompt, seed: 7, signal })) pieces.push(piece);
  return pieces;
}

test("asks for a stream of chat or text, and reads its pieces and counts", async () => {
  let sent: unknown;
  respond = (response, body, request) => {
    sent = { body, path: request.url, key: request.headers.authorization };
    answers(
      ": hello\n",
      delta("Té"),
      delta("a", "stop"),
      event({ choices: [], usage: { completion_tokens: 2 } }),
      "data: [DONE]\n\n",
    )(response);
  };
  expect(await ask()).toEqual([
    { text: "Té", tokens: undefined },
    { text: "a", tokens: undefined },
    { text: "", tokens: 2 },
  ]);
  const sampling = { temperature: 0.5, max_tokens: 9, seed: 7, stream: true, stream_options: { include_usage: true } };
  const [path, key] = ["/v1/chat/completions", `Bearer ${KEY}`];
  expect(sent).toEqual({ path, key, body: { model: "m", messages: user, ...sampling } });
  respond = (response, body, request) => {
    sent = { body, path: request.url };
    answers(
      event({ choices: [{ text: " is", finish_reason: null }] }),
      event({ choices: [{ text: "", finish_reason: "length" }] }),
    )(response);
  };
  expect(await ask({ prompt: "Tea" })).toEqual([
    { text: " is", tokens: undefined },
    { text: "", tokens: undefined, isCut: true }, // its end: as long as it may be
  ]);
  expect(sent).toEqual({ path: "/v1/completions", body: { model: "m", prompt: "Tea", ...sampling } });
});

test("characters and events may be cut anywhere between two packets", async () => {
  const bytes = Buffer.from([delta("é😀\r\n"), delta("x", "stop"), "data: [DONE]"].join(""));
  respond = async (response) => {
    response.writeHead(200);
    for (const byte of bytes) {
      response.write(Uint8Array.of(byte));
      if (byte > 127 || byte === 10) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    response.end();
  };
  expect(await ask()).toEqual([
    { text: "é😀\r\n", tokens: undefined },
    { text: "x", tokens: undefined },
  ]);
});

test.each<[string, typeof respond, string]>([
  [
    "a wrong key",
    (response) => response.writeHead(401).end(`no such key: ${KEY}`),
    "found status 401: no such key: ***",
  ],
  ["a wrong path", (response) => response.writeHead(404).end("x".repeat(9999)), "found status 404: xxx"],
  [
    "a redirect",
    (response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
    "can't be reached, or hung up",
  ],
  ["an end within the answer", answers(delta("half")), "the endpoint hung up within the answer"],
  [
    "an error within the answer",
    answers(delta("half"), event({ error: { message: "out of memory" } })),
    "failed: out of memory",
  ],
  ["no JSON", answers("data: {oops\n\n"), "failed: an event that is no JSON"],
  [
    "a connection that breaks",
    (response) => response.writeHead(200).write(delta("half"), () => response.destroy()),
    "hung up",
  ],
])("%s is an error that says so", async (_, given, message) => {
  respond = given;
  const error = await ask().then(String, String);
  expect(error).toContain(message);
  expect(error).not.toContain(KEY);
  expect(error.length).toBeLessThan(800);
});

test("a server that sends nothing, or nothing more, is given up after a while", async () => {
  for (const given of [() => {}, (response: ServerResponse) => response.writeHead(200).write(delta("half"))]) {
    respond = given;
    await expect(ask({ patience: 60 })).rejects.toThrow("the endpoint sent nothing for 0.06 s");
  }
});

test("a stop ends the request", async () => {
  const controller = new AbortController();
  const closed = new Promise((resolve) => {
    respond = (response) => {
      response.on("close", resolve);
      response.writeHead(200).write(delta("half"));
      setTimeout(() => controller.abort(), 10);
    };
  });
  await expect(ask({ signal: controller.signal })).rejects.toThrow("abort");
  await closed;
});

test("events of odd kinds are passed by; an answer without end is cut off", async () => {
  const odd = [
    5,
    [],
    {},
    { choices: "x" },
    { choices: [null] },
    { choices: [{ delta: { content: 5 } }] },
    { usage: { completion_tokens: "x" } },
  ];
  respond = answers(...odd.map((one) => event(one as object)), delta("x", "stop"));
  expect(await ask()).toEqual([{ text: "x", tokens: undefined }]);
  respond = answers(...Array.from({ length: 11 }, () => delta("x".repeat(100_000))), delta("", "stop"));
  await expect(ask()).rejects.toThrow("the answer has more than a million characters");
});
