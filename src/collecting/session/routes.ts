/**
 * @file The paths of the page where answers are judged: its files, the next pair, answers as they are written,
 * verdicts. No reply names where an answer came from.
 */
import { STATUS_CODES } from "node:http";
import { isMessages } from "../../data/shapes/shape.ts";
import { ApiError } from "../../serving/http/apiError.ts";
import { openEventStream } from "../../serving/http/eventStream.ts";
import type { Exchange, Route } from "../../serving/http/httpServer.ts";
import { readJson } from "../../serving/http/readJson.ts";
import { type Content, STRONGEST, VERDICTS } from "../events.ts";
import type { LiveAnswer } from "./liveAnswer.ts";
import { textOfAnswer } from "./liveAnswer.ts";
import type { CollectingSession, Judgment } from "./session.ts";
import type { Task } from "./task.ts";

/** A file of the page. */
export interface PageFile {
  /** `text/html`. */
  type: string;
  bytes: Uint8Array;
}

/** What a session of the page is called, and how it ends. */
export interface PageFacts {
  /** For the page's title: the file of pairs. */
  title: string;
  /** Prompts can be typed: there is a model to answer them. */
  canAsk: boolean;
  /** Prompts are messages. */
  isChat: boolean;
  /** Pairs to judge in all; null: unknown. */
  total: number | null;
  /** The command that trains on the pairs. */
  trainCommand: string;
}

const MOST_BODY_BYTES = 4 * 2 ** 20;
const ANSWERS = "/api/answers/";

/** Scripts, styles and requests of this server alone; no frames, no forms, no other site. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function pageRoutes(
  session: CollectingSession,
  facts: PageFacts,
  files: ReadonlyMap<string, PageFile>,
): Route[] {
  const post = (path: string, act: (body: Record<string, unknown>) => Promise<object>): Route => ({
    method: "POST",
    path,
    answer: async ({ request }) => act(await readJson(request, MOST_BODY_BYTES)),
  });
  const state = () => ({ progress: session.progress() });
  return [
    ...[...files].map(([path, file]) => fileRoute(path, file)),
    { method: "GET", path: "/api/facts", answer: async () => ({ ...facts, ...state() }) },
    { method: "GET", path: "/api/statistics", answer: async () => ({ ...session.statistics(), ...state() }) },
    { method: "GET", path: ANSWERS, answer: (exchange) => streamAnswers(session, exchange) },
    post("/api/next", async ({ shown }) => {
      const task = await session.next(textIn({ shown }, "shown"));
      return { task: task ? taskFor(task) : null, ...state() };
    }),
    post("/api/ask", async ({ prompt, shown }) => {
      const task = session.ask(promptIn(prompt, facts), textIn({ shown }, "shown"));
      return { task: taskFor(task), ...state() };
    }),
    post("/api/retry", async ({ id }) => ({ task: taskFor(session.retry(neededText({ id }, "id"))), ...state() })),
    post("/api/verdict", async (body) => {
      const { saved } = await session.judge(neededText(body, "id"), judgmentIn(body));
      return { saved, ...state() };
    }),
    post("/api/undo", async ({ shown }) => ({ undone: await session.undo(textIn({ shown }, "shown")), ...state() })),
  ];
}

function fileRoute(path: string, { type, bytes }: PageFile): Route {
  return {
    method: "GET",
    path,
    isOpen: true,
    answer: async ({ response, headers }) => {
      const safety = {
        "content-security-policy": POLICY,
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      };
      const sizes = {
        "content-type": `${type}; charset=utf-8`,
        "content-length": bytes.length,
        "cache-control": "no-cache",
      };
      response.writeHead(200, STATUS_CODES[200], { ...headers, ...safety, ...sizes }).end(bytes);
      return undefined;
    },
  };
}

/** What a page sees of a task: no names of sources, and not whether it is a repeat. */
function taskFor({ id, prompt, left, right }: Task): object {
  return {
    id,
    prompt: typeof prompt === "string" ? prompt : prompt.map(messageFor),
    left: partFor(left, 0),
    right: partFor(right, 0),
  };
}

const messageFor = (message: { role: string; content?: unknown }) => ({
  role: message.role,
  text: textOfAnswer([message]),
});

/** What is new of an answer. */
const partFor = ({ text, state, isCut, problem }: LiveAnswer, from: number) => ({
  text: text.slice(from),
  state,
  isCut,
  problem: problem ?? null,
});

/** Milliseconds between two events of a stream: pages draw no faster. */
const BEAT = 50;

/** Sends what is new of both answers until both have ended. `?left=N&right=N`: characters that the page has. */
async function streamAnswers(session: CollectingSession, exchange: Exchange): Promise<undefined> {
  const { request, response, path, headers, signal } = exchange;
  const { left, right } = session.task(path.slice(ANSWERS.length));
  const query = new URL(request.url ?? "/", "http://localhost").searchParams;
  const sent = { left: countIn(query, "left"), right: countIn(query, "right") };
  const stream = openEventStream(response, headers);
  const send = () => {
    stream.send({ left: partFor(left, sent.left), right: partFor(right, sent.right) });
    [sent.left, sent.right] = [left.text.length, right.text.length];
  };
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      send();
    }, BEAT);
  };
  const unwatch = [left, right].map((answer) => answer.watch(soon));
  const gone = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  send();
  await Promise.race([gone, Promise.all([left.ended, right.ended])]);
  clearTimeout(timer);
  for (const end of unwatch) end();
  send();
  stream.end();
  return undefined;
}

function countIn(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? "0";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid(name, "a number of characters", text);
}

const invalid = (param: string, expected: string, found: unknown) =>
  new ApiError(400, `${param}: expected ${expected}, found ${JSON.stringify(found) ?? "nothing"}`.slice(0, 300), {
    param,
    code: "invalid_value",
  });

function textIn(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw invalid(name, "a text", value);
}

function neededText(body: Record<string, unknown>, name: string): string {
  const text = textIn(body, name);
  if (text !== undefined) return text;
  throw invalid(name, "a text", undefined);
}

function numberOf(body: Record<string, unknown>, name: string, most: number): number | null {
  const value = body[name] ?? null;
  if (value === null || (typeof value === "number" && value >= 0 && value <= most)) return value;
  throw invalid(name, `a number from 0 to ${most}`, value);
}

/** A week in seconds. */
const LONGEST_LOOK = 604_800;

function judgmentIn(body: Record<string, unknown>): Judgment {
  const verdict = VERDICTS.find((one) => one === body.verdict);
  if (verdict === undefined) throw invalid("verdict", `one of ${VERDICTS.join(", ")}`, body.verdict);
  const strength = numberOf(body, "strength", STRONGEST);
  const edit = textIn(body, "edit") ?? null;
  const isDecided = verdict === "left" || verdict === "right";
  if (!isDecided && (edit ?? strength) !== null)
    throw invalid("verdict", "left or right with edit or strength", verdict);
  const note = textIn(body, "note")?.trim() || null;
  return { verdict, edit, strength, note, seconds: numberOf(body, "seconds", LONGEST_LOOK) };
}

/** A typed prompt: a text, or messages that go on from earlier answers. */
function promptIn(prompt: unknown, { isChat }: PageFacts): Content {
  if (!isChat && typeof prompt === "string" && prompt !== "") return prompt;
  const isPlain = (one: object) => "content" in one && typeof one.content === "string";
  if (isChat && isMessages(prompt) && prompt.every(isPlain)) {
    return prompt.map(({ role, content }) => ({ role, content }));
  }
  throw invalid("prompt", isChat ? "a list of messages with role and content" : "a text", prompt);
}
