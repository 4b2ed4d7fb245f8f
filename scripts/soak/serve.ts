/**
 * @file npm run soak -- --serve [--minutes 1 --seed 1]: 50 clients at once against a server, half of which hang up at a
 * random moment. No answer may differ from the one given alone, and no memory, row or socket may be left over.
 */
import { request } from "node:http";
import { createServer, type PrefineServer } from "../../src/serving/createServer.ts";
import { dice } from "../fuzz/dice.ts";

export interface LoadOptions {
  clients: number;
  /** Number of different prompts. Default: 12 */
  questions?: number;
  seconds: number;
  /** Goes on until there are so many, however slow the machine. Default: none. */
  leastAnswers?: number;
  seed: number;
}

export interface LoadResult {
  answers: number;
  hungUp: number;
  /** Answers that differ from the one given alone; statuses other than 200 and 429. */
  faults: string[];
  /** Refusals of a full queue. */
  refused: number;
  /** Rows that are computed or wait at the end. */
  leftRows: number;
  /** Connections that are open at the end. */
  leftSockets: number;
  /** Bytes of the process after a third of the time, and at the end. */
  memory: [early: number, end: number];
}

const QUESTIONS = Array.from(
  { length: 12 },
  (_, i) => `${"Tell me more about tea. ".repeat(i % 4)}Number ${i}: is it so?`,
);

interface Asked {
  model: string;
  prompt: string;
  max_tokens: number;
  stream: boolean;
}

/** A connection of its own for each request. */
const at = ({ port }: PrefineServer) => ({ port, host: "127.0.0.1", agent: false as const });

/** Open connections of this process: the server's and its clients'. */
const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;

function readHealth(server: PrefineServer): Promise<{ running: number; queued: number }> {
  return new Promise((resolve, reject) => {
    const call = request({ ...at(server), path: "/health" }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      reply.on("end", () => resolve(JSON.parse(text)));
    });
    call.on("error", reject).end();
  });
}

/** A request that may hang up. @returns the text, its status, or undefined if the client hung up */
function ask(server: PrefineServer, asked: Asked, hangUpAfter?: number): Promise<string | number | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json" };
    const options = { ...at(server), path: "/v1/completions", method: "POST", headers };
    const call = request(options);
    const timer = hangUpAfter === undefined ? undefined : setTimeout(() => call.destroy(), hangUpAfter);
    call.on("error", () => resolve(undefined));
    call.on("close", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    call.on("response", (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      reply
        .on("error", () => {})
        .on("end", () => resolve(reply.statusCode === 200 ? textOf(text, asked) : reply.statusCode));
    });
    call.end(JSON.stringify({ ...asked, temperature: 0, logit_bias: { 3071: -100 } }));
  });
}

function textOf(body: string, { stream }: Asked): string {
  const parts = stream ? body.split("\n\n").filter((event) => event.startsWith("data: {")) : [body];
  return parts.map((part) => JSON.parse(part.replace(/^data: /, "")).choices[0].text).join("");
}

/** @param models folders of an adapter and its base model, `run` and `chat` */
export async function loadServer(models: string, options: LoadOptions): Promise<LoadResult> {
  const server = await createServer({ models, port: 0, onWarning: () => {} });
  const result: LoadResult = {
    answers: 0,
    hungUp: 0,
    refused: 0,
    faults: [],
    leftRows: -1,
    leftSockets: -1,
    memory: [0, 0],
  };
  const questions = QUESTIONS.slice(0, options.questions);
  const socketsBefore = openSockets();
  try {
    const alone = new Map<string, string | number | undefined>();
    for (const model of ["run", "chat"])
      for (const prompt of questions)
        alone.set(model + prompt, await ask(server, { model, prompt, max_tokens: 40, stream: false }));
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1000;
    const client = async (number: number) => {
      const { below } = dice(options.seed * 1000 + number);
      while (elapsed() < options.seconds || result.answers < (options.leastAnswers ?? 0)) {
        const model = below(2) ? "run" : "chat";
        const prompt = questions[below(questions.length)];
        const max_tokens = 1 + below(40);
        const hangsUp = number % 2 === 1;
        const text = await ask(
          server,
          { model, prompt, max_tokens, stream: below(2) === 1 },
          hangsUp ? below(400) : undefined,
        );
        const expected = String(alone.get(model + prompt));
        if (text === undefined) result.hungUp++;
        else if (text === 429) result.refused++;
        else if (typeof text === "number") result.faults.push(`status ${text}`);
        else if (expected.startsWith(text) && (max_tokens < 40 || text === expected)) result.answers++;
        else result.faults.push(`${model}: ${prompt}: ${text}`);
        if (result.memory[0] === 0 && elapsed() > options.seconds / 3) result.memory[0] = process.memoryUsage().rss;
      }
    };
    await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
    for (let tries = 0; tries < 50 && (result.leftRows !== 0 || result.leftSockets !== 0); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      result.leftSockets = Math.max(0, openSockets() - socketsBefore); // before the next connection
      const health = await readHealth(server);
      result.leftRows = health.running + health.queued;
    }
    result.memory[1] = process.memoryUsage().rss;
    return result;
  } finally {
    await server.close(0);
  }
}
