/** @file prefine serve as a process: signals, a port in use, names, readers that don't read. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer as createHttp } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { openEventStream } from "../../src/serving/http/eventStream.ts";
import { openHttpServer } from "../../src/serving/http/httpServer.ts";
import { watchReaders } from "../../src/serving/http/watchReaders.ts";
import { checkout } from "../support/builtPackage.ts";
import { runCommand } from "../support/runCommand.ts";

const MODEL = `${checkout}/demo/everyday-gpt2`;

interface Running {
  child: ChildProcess;
  url: string;
  /** Everything printed so far. */
  output: () => string;
  exit: Promise<number | null>;
}

async function start(...words: string[]): Promise<Running> {
  const child = spawn(process.execPath, ["--import", "tsx", ...PROGRAM, ...words], { cwd: checkout });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (bytes) => {
      output += bytes;
    });
  for (;;) {
    const [url] = /http:\S+\/v1(?=\n {2}.*\n)/.exec(output) ?? [];
    if (url) return { child, url, output: () => output, exit };
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The command without a build. */
const PROGRAM = [
  "-e",
  "import('./src/cli/main.ts').then(async ({ main }) => process.exit(await main(process.argv.slice(1))))",
];

const post = (url: string, body: object) =>
  fetch(`${url}/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "small", temperature: 0, ...body }),
  });

describe("prefine serve", () => {
  it("prints its address and models, logs no text, and ends running answers on SIGTERM", async () => {
    const { child, url, output, exit } = await start("serve", `small=${MODEL}`, "--port", "0", "--verbose");
    expect(output()).toContain("  small  256 tokens\n");
    const reply = await post(url, {
      prompt: "A secret prompt",
      max_tokens: 200,
      logit_bias: { 3071: -100 },
      stream: true,
    });
    const reader = reply.body?.getReader();
    await reader?.read();
    child.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const refused = await post(url, { prompt: "x" }).then(
      ({ status }) => status,
      () => "refused",
    );
    expect([503, "refused"]).toContain(refused);
    let text = "";
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += Buffer.from(part.value);
    expect(text.trim().endsWith("data: [DONE]")).toBe(true);
    expect(await exit).toBe(0);
    expect(output()).toContain("POST /v1/completions 200 ");
    expect(output()).not.toContain("secret");
  });

  it("ends at once on a second signal, whatever is still arriving", async () => {
    const { child, url, output, exit } = await start("serve", MODEL, "--port", "0");
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
    await fetch(`${url}/models`, { headers: { connection: "close" } }); // the other request has been seen
    child.kill("SIGTERM");
    while (!output().includes("stopping: ")) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 250)); // the same signal in less is the same event
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exit).toBe(143);
  });

  it("refuses a port in use, a model that is not there, and names given twice, in one line", async () => {
    const other = createHttp().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const port = String((other.address() as AddressInfo).port);
    const inUse = await runCommand("serve", MODEL, "--port", port);
    expect(inUse).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`127.0.0.1:${port}: can't listen: the port is in use`),
    });
    const missing = await runCommand("serve", "no/such/model", "--port", "0");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("no/such/model") });
    const twice = await runCommand("serve", MODEL, `${MODEL}/`, "--port", "0");
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining("two models are named everyday-gpt2") });
    for (const port of ["70000", "-1", "x", ""])
      expect(await runCommand("serve", MODEL, "--port", port)).toMatchObject({ code: 1 });
  });
});

describe("readers that don't read", () => {
  /** A client that asks and takes nothing. */
  async function silentClient(port: number): Promise<Socket> {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return socket;
  }

  it("are dropped once too much waits for them, or after a while", async () => {
    for (const mostWaiting of [100_000, Number.POSITIVE_INFINITY]) {
      let sent = 0;
      let isGone = false;
      const ended = new Promise<void>((resolve) => {
        const answer = async ({
          response,
          signal,
        }: Parameters<Parameters<typeof openHttpServer>[0]["routes"][0]["answer"]>[0]) => {
          const stop =
            mostWaiting === 100_000 ? () => {} : watchReaders(new Set(response.socket ? [response.socket] : []), 300);
          const stream = openEventStream(response, {}, mostWaiting);
          while (!signal.aborted && sent < 50_000) {
            if (response.writableLength < 1_000_000) stream.send({ text: "x".repeat(1000), number: sent++ });
            await new Promise((resolve) => setImmediate(resolve));
          }
          isGone = signal.aborted;
          stop();
          resolve();
          return undefined;
        };
        const options = { host: "127.0.0.1", port: 0, origins: [], onFailure: () => {} };
        void openHttpServer({ ...options, routes: [{ method: "GET", path: "/events", answer }] }).then(
          async (server) => {
            const client = await silentClient(server.port);
            onTestFinished(async () => {
              client.destroy();
              await server.close(0);
            });
          },
        );
      });
      await ended;
      expect(isGone).toBe(true);
      expect(sent).toBeLessThan(50_000);
    }
  });
});
