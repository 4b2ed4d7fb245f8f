/**
 * @file OpenAI's own npm client works against the server unchanged. It has a lockfile of its own, next to this file:
 * `npm ci --prefix test/readers/openai` installs it; without that, the test is skipped by name.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createServer } from "../../src/serving/createServer.ts";
import { PARAMETERS } from "../../src/serving/openai/parameters.ts";
import { checkout } from "../support/builtPackage.ts";
import { writeServedModels } from "../support/servedModels.ts";

const folder = join(checkout, "test/readers/openai");
const installed = join(folder, "node_modules/openai");
const isInstalled = existsSync(installed);
const needsClient = isInstalled ? "" : " (npm ci --prefix test/readers/openai)";

describe.skipIf(!isInstalled)(`OpenAI's client${needsClient}`, () => {
  it("lists models, chats, streams, reads log-probabilities and errors", { timeout: 120_000 }, async () => {
    const scratch = mkdtempSync(join(tmpdir(), "prefine-openai-"));
    const { chat } = writeServedModels(scratch);
    const server = await createServer({ models: chat, port: 0 });
    onTestFinished(async () => {
      await server.close(0);
      rmSync(scratch, { recursive: true });
    });
    const env = { ...process.env, BASE_URL: server.url };
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "client.mjs")], { env });
    const found = JSON.parse(stdout);
    expect(found.models).toEqual(["chat"]);
    expect(found.model).toMatchObject({ id: "chat", object: "model" });
    expect(found.whole).toMatchObject({ index: 0, message: { role: "assistant" }, finish_reason: expect.any(String) });
    expect(found.whole.message.content.length).toBeGreaterThan(10);
    expect(found.streamed).toBe(found.whole.message.content);
    expect(found.usage).toMatchObject({ completion_tokens: 16 });
    expect(found.final.message.content).toBe(found.whole.message.content);
    const { content } = found.final.logprobs;
    expect(content.map(({ token }: { token: string }) => token).join("")).toBe(found.streamed);
    expect(found.text.length).toBeGreaterThan(0);
    expect(found.errors).toEqual([
      { kind: "BadRequestError", status: 400, code: "unsupported_parameter", param: "tools" },
      { kind: "NotFoundError", status: 404, code: "model_not_found", param: "model" },
      { kind: "BadRequestError", status: 400, code: "invalid_value", param: "temperature" },
    ]);
  });

  it("every parameter of its types is in the table, and the table has no other but prefine's own", () => {
    const namesIn = (file: string, type: string) => {
      const text = readFileSync(join(installed, "resources", file), "utf8");
      const body = new RegExp(`export interface ${type} \\{\\n([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? "";
      return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name]) => name);
    };
    const types = {
      chat: namesIn("chat/completions/completions.d.ts", "ChatCompletionCreateParamsBase"),
      text: namesIn("completions.d.ts", "CompletionCreateParamsBase"),
    };
    for (const endpoint of ["chat", "text"] as const) {
      const own = Object.entries(PARAMETERS).filter(([, { treatment }]) => treatment !== "own");
      const names = own.filter(([, { endpoints }]) => endpoints.includes(endpoint)).map(([name]) => name);
      expect(types[endpoint].length).toBeGreaterThan(15);
      expect(names.sort()).toEqual(types[endpoint].sort());
    }
  });
});
