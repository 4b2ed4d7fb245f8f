/** @file The server's answers: equal to generate's, alone and together; streams, choices, log-probabilities. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveAdapter } from "../../src/checkpoints/adapter.ts";
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { createServer, type PrefineServer } from "../../src/serving/createServer.ts";
import { randomAdapter } from "../support/randomAdapter.ts";
import { writeServedModels } from "../support/servedModels.ts";

const QUESTIONS = [
  "Is tea a drink?",
  "How are bees useful?",
  "Why is the sky blue?",
  "What is bread made of?",
  "Tell me about a long winter in the north, and how people keep warm there.",
  "Hi",
];

interface Choice {
  index: number;
  text: string;
  message: { role: string; content: string };
  delta: { role?: string; content?: string };
  finish_reason: string | null;
  logprobs: { content: { token: string; bytes: number[]; logprob: number; top_logprobs: object[] }[] } | null;
}
interface Reply {
  id: string;
  object: string;
  model: string;
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } } | null;
  error?: { message: string };
}

describe("answers", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-serving-"));
  const { chat, run } = writeServedModels(folder);
  let server: PrefineServer;
  /** Greedy answers of `prefine generate`, by model and question. */
  const expected = new Map<string, string>();
  const chatOf = (question: string) => [{ role: "user", content: question }];
  beforeAll(async () => {
    for (const [name, path] of [
      ["chat", chat],
      ["run", run],
    ]) {
      const model = await AutoModelForCausalLM.from_pretrained(path);
      for (const question of QUESTIONS) {
        const { texts } = await model.generate(chatOf(question), { do_sample: false, max_new_tokens: 24 });
        expected.set(`${name}: ${question}`, texts[0]);
      }
      await model.dispose();
    }
    expect(new Set(expected.values()).size).toBeGreaterThan(8);
    server = await createServer({ models: run, port: 0 });
    rmSync(folder, { recursive: true }); // all is in memory
  }, 60_000);
  afterAll(() => server?.close(0));

  const post = (path: string, body: object) =>
    fetch(`${server.url}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const ask = async (body: object, path = "chat/completions"): Promise<Reply> => {
    const reply = (await (await post(path, { model: "chat", ...body })).json()) as Reply;
    expect(reply.error).toBeUndefined();
    return reply;
  };
  const stream = async (body: object, path = "chat/completions"): Promise<Reply[]> => {
    const text = await (await post(path, { model: "chat", stream: true, ...body })).text();
    const events = text.trim().split("\n\n");
    expect(events.at(-1)).toBe("data: [DONE]");
    return events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)));
  };
  const greedy = (question: string) => ({ messages: chatOf(question), temperature: 0, max_tokens: 24 });

  it("lists the run, and the base model that it shares weights with", async () => {
    const { data } = (await (await fetch(`${server.url}/models`)).json()) as {
      data: { id: string; parent: unknown }[];
    };
    expect(data.map(({ id, parent }) => [id, parent])).toEqual([
      ["run", "chat"],
      ["chat", null],
    ]);
    expect(await (await fetch(`${server.url}/models/run`)).json()).toMatchObject({ id: "run", context_length: 256 });
    const health = await fetch(server.url.replace("/v1", "/health"));
    expect(await health.json()).toEqual({ status: "ok", running: 0, queued: 0 });
  });

  it("greedy answers equal generate's, one at a time, all at once, streamed or not", async () => {
    const cases = [...expected].map(([key, text]) => {
      const [, model, question] = /^(\w+): (.*)$/.exec(key) ?? [];
      return { model, question, text };
    });
    for (const { model, question, text } of cases) {
      expect((await ask({ model, ...greedy(question) })).choices[0].message).toMatchObject({ content: text });
    }
    const together = await Promise.all(
      [...cases, ...cases].map(async ({ model, question }, i) => {
        const body = { model, ...greedy(question) };
        if (i < cases.length) return (await ask(body)).choices[0].message.content;
        return (await stream(body)).map(({ choices }) => choices[0].delta.content ?? "").join("");
      }),
    );
    expect(together).toEqual([...cases, ...cases].map(({ text }) => text));
  });

  it("reads a conversation that goes on from the cache, with the same answer", async () => {
    const messages = [...chatOf(QUESTIONS[4]), { role: "assistant", content: expected.get(`chat: ${QUESTIONS[4]}`) }];
    const body = { messages: [...messages, ...chatOf("And then?")], temperature: 0, max_tokens: 12 };
    const first = await ask(body);
    expect(first.usage?.prompt_tokens_details.cached_tokens).toBeGreaterThan(20);
    const { prompt_tokens = 0, completion_tokens } = first.usage ?? {};
    expect(completion_tokens).toBe(12);
    const again = await ask(body);
    expect(again.choices[0].message.content).toBe(first.choices[0].message.content);
    expect(again.usage?.prompt_tokens_details.cached_tokens).toBe(prompt_tokens - 1);
  });

  it("samples n answers from one prompt, by the seed", async () => {
    const body = { messages: chatOf("Tell me something."), n: 4, temperature: 1.5, seed: 7, max_tokens: 12 };
    const texts = async (more = {}) => (await ask({ ...body, ...more })).choices.map(({ message }) => message.content);
    const found = await texts();
    expect(new Set(found).size).toBe(4);
    expect(await texts()).toEqual(found);
    expect(await texts({ seed: 8 })).not.toEqual(found);
    const chunks = await stream({ ...body, stream_options: { include_usage: true } });
    const pieces = ["", "", "", ""];
    for (const { choices, usage } of chunks) {
      for (const { index, delta } of choices) pieces[index] += delta.content ?? "";
      if (choices.length > 0) expect(usage).toBeNull();
    }
    expect(pieces).toEqual(found);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 48 } });
    expect(
      chunks
        .filter(({ choices }) => choices[0]?.finish_reason)
        .map(({ choices }) => choices[0].index)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
  });

  it("ends before a stop sequence, at the end of the text, or at the limit", async () => {
    const question = QUESTIONS[1];
    const text = expected.get(`chat: ${question}`) ?? "";
    const stop = text.slice(8, 13);
    const { choices } = await ask({ ...greedy(question), stop: ["never", stop] });
    expect(choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: text.slice(0, text.indexOf(stop)) },
    });
    expect((await ask({ ...greedy(question), max_tokens: 2 })).choices[0].finish_reason).toBe("length");
    const chunks = await stream({ ...greedy(question), stop });
    const streamed = chunks.map(({ choices: [choice] }) => choice.delta.content ?? "").join("");
    expect(streamed).toBe(text.slice(0, text.indexOf(stop)));
  });

  it("gives log-probabilities of chats and texts", async () => {
    const body = { ...greedy(QUESTIONS[0]), logprobs: true, top_logprobs: 3 };
    const [{ message, logprobs }] = (await ask(body)).choices;
    const tokens = logprobs?.content ?? [];
    expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString()).toBe(message.content);
    for (const { token, logprob, top_logprobs } of tokens) {
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]).toMatchObject({ token, logprob }); // greedy
    }
    const chunks = await stream(body);
    expect(chunks.flatMap(({ choices: [choice] }) => choice.logprobs?.content ?? [])).toEqual(tokens);
    const text = await ask({ prompt: "Is tea a drink?", temperature: 0, max_tokens: 4, logprobs: 2 }, "completions");
    const found = text.choices[0].logprobs as unknown as { tokens: string[]; text_offset: number[] };
    expect(found.tokens.join("")).toBe(text.choices[0].text);
    expect(found.text_offset[0]).toBe(0);
    expect(found.text_offset[1]).toBe(found.tokens[0].length);
  });

  it("continues texts and token ids, several at once, with the prompt before them if asked", async () => {
    const options = { temperature: 0, max_tokens: 6 };
    const prompts = QUESTIONS.slice(0, 3);
    const { choices, object, usage } = await ask({ prompt: prompts, ...options, echo: true }, "completions");
    expect(object).toBe("text_completion");
    expect(usage?.completion_tokens).toBe(18);
    for (const [i, prompt] of prompts.entries()) {
      const alone = (await ask({ prompt, ...options }, "completions")).choices[0].text;
      expect(choices[i].text).toBe(prompt + alone);
    }
    const ids = [100, 200, 300];
    const byIds = (await ask({ prompt: [ids, ids], ...options }, "completions")).choices;
    expect(byIds[0].text).toBe(byIds[1].text);
    const chunks = await stream({ prompt: prompts[0], ...options, echo: true }, "completions");
    expect(chunks.map(({ choices: [choice] }) => choice.text).join("")).toBe(choices[0].text);
  });

  it("biases and penalizes tokens", async () => {
    const plain = (await ask({ ...greedy(QUESTIONS[0]), max_tokens: 40 })).choices[0].message.content;
    const forced = await ask({ ...greedy(QUESTIONS[0]), max_tokens: 3, logit_bias: { 100: 100 }, logprobs: true });
    expect(new Set(forced.choices[0].logprobs?.content.map(({ token }) => token)).size).toBe(1);
    const penalized = await ask({ ...greedy(QUESTIONS[0]), max_tokens: 40, frequency_penalty: 2, presence_penalty: 2 });
    expect(penalized.choices[0].message.content).not.toBe(plain);
  });
});

/** Adapters that change the base model's weights, replace some, or add to integers. */
describe.each<[name: string, bits: boolean, adapters: Record<string, Partial<AdapterConfig>>]>([
  [
    "PiSSA, and modules that are saved whole",
    false,
    {
      pissa: { init_lora_weights: "pissa", target_modules: ["c_attn"] },
      saved: { target_modules: ["c_proj"], modules_to_save: ["ln_f", "wpe"] },
    },
  ],
  ["8 bits under LoRA and DoRA", true, { lora: {}, dora: { use_dora: true } }],
])("%s", (_, isQuantized, adapters) => {
  it("answers as generate, next to the base model", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prefine-serving-"));
    const { chat } = writeServedModels(folder);
    const base = await loadModel(chat);
    for (const [name, more] of Object.entries(adapters))
      await saveAdapter(folderAt(join(folder, name)), randomAdapter(base, { r: 4, ...more }));
    const quantization_config = isQuantized ? { load_in_8bit: true } : null;
    const names = [...Object.keys(adapters), "chat"];
    const expected: string[] = [];
    const prompts = QUESTIONS.slice(0, 3);
    for (const name of names) {
      const model = await AutoModelForCausalLM.from_pretrained(join(folder, name), { quantization_config });
      for (const prompt of prompts)
        expected.push((await model.generate(prompt, { do_sample: false, max_new_tokens: 12 })).texts[0]);
      await model.dispose();
    }
    expect(new Set(expected).size).toBe(expected.length);
    const models = names.slice(0, -1).map((name) => ({ model: join(folder, name), quantization_config }));
    const server = await createServer({ models, port: 0 });
    const ask = async (model: string, prompt: string) => {
      const body = JSON.stringify({ model, prompt, temperature: 0, max_tokens: 12 });
      const headers = { "content-type": "application/json" };
      const reply = await fetch(`${server.url}/completions`, { method: "POST", headers, body });
      return ((await reply.json()) as Reply).choices[0].text;
    };
    const asked = names.flatMap((name) => prompts.map((prompt) => [name, prompt] as const));
    const together = await Promise.all(asked.map(([name, prompt]) => ask(name, prompt)));
    await server.close(0);
    rmSync(folder, { recursive: true });
    expect(together).toEqual(expected);
  });
});
