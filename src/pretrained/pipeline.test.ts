/** @file pipeline("text-generation") on a small decoder: shapes of the answers, defaults, options, errors. */
import { describe, expect, it, vi } from "vitest";
import { byteTokenizer } from "../../test/support/byteTokenizer.ts";
import { TableDecoder } from "../../test/support/tableDecoder.ts";
import { CausalLM } from "../generation/causalLM.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { pipeline } from "./pipeline.ts";

const tokenizer = byteTokenizer();

function makeModel(generationConfig: Record<string, unknown> = { eos_token_id: 256 }): CausalLM {
  return new CausalLM({
    nameOrPath: "table",
    loaded: { config: {}, configFile: "config.json", generationConfig } as unknown as LoadedModel,
    adapter: undefined,
    loadTokenizer: async () => tokenizer,
    openDecoder: async () => new TableDecoder({ vocabSize: tokenizer.vocabSize, maxPositions: 1024 }),
  });
}

const greedy = { do_sample: false, max_new_tokens: 5 };

describe("text-generation pipeline", () => {
  it("one text gives a list of answers, a list of texts a list of lists", async () => {
    const generate = await pipeline("text-generation", { model: makeModel(), tokenizer });
    const one = await generate("Once", greedy);
    expect(one).toEqual([{ generated_text: expect.stringMatching(/^Once/) }]);
    const short = await generate("Once", { ...greedy, return_full_text: false });
    expect(`Once${short[0].generated_text}`).toBe(one[0].generated_text);
    const several = await generate(["Once", "a", "Once"], { ...greedy, batch_size: 2 });
    expect(several).toEqual([one, [{ generated_text: expect.stringMatching(/^a/) }], one]);
    const twice = await generate(["Once", "a"], { ...greedy, do_sample: true, num_return_sequences: 3, seed: 1 });
    expect(twice.map((answers) => answers.length)).toEqual([3, 3]);
    expect(new Set(twice[0].map((answer) => answer.generated_text)).size).toBeGreaterThan(1);
    expect(twice[1].every((answer) => answer.generated_text.startsWith("a"))).toBe(true);
  });

  it("samples 256 tokens at temperature 0.7 by default", async () => {
    const model = makeModel({});
    const spy = vi.spyOn(model, "generate");
    const generate = await pipeline("text-generation", { model, tokenizer, seed: 3 });
    await generate("Once");
    const { completions } = await spy.mock.results[0].value;
    expect(completions[0]).toHaveLength(256);
    const same = await model.generate("Once", { do_sample: true, temperature: 0.7, max_new_tokens: 256, seed: 3 });
    expect(completions).toEqual(same.completions);
    await generate("Once", { max_length: 9 });
    expect((await spy.mock.results[2].value).completions[0]).toHaveLength(5);
  });

  it("the pipeline's options apply to every call without its own generation_config", async () => {
    const generate = await pipeline("text-generation", {
      model: makeModel({}),
      tokenizer,
      ...greedy,
      return_full_text: false,
    });
    const [{ generated_text: five }] = await generate("Once");
    const [{ generated_text: two }] = await generate("Once", { max_new_tokens: 2 });
    expect(five.startsWith(two)).toBe(true);
    expect(await generate("Once", { max_new_tokens: undefined })).toEqual([{ generated_text: five }]);
    const config = { generation_config: { do_sample: false, max_new_tokens: 2 } };
    expect(await generate("Once", config)).toEqual([{ generated_text: `Once${two}` }]);
  });

  it("stop_sequence ends an answer and is kept in it", async () => {
    const generate = await pipeline("text-generation", { model: makeModel({}), tokenizer, do_sample: false });
    const [{ generated_text: whole }] = await generate("Once", { max_new_tokens: 40 });
    const stop = whole.slice(6, 8);
    const [{ generated_text }] = await generate("Once", { max_new_tokens: 40, stop_sequence: stop });
    expect(generated_text).toBe(whole.slice(0, whole.indexOf(stop, 4) + stop.length));
  });

  it("a chat returns the chat followed by the answer, or with the last message continued", async () => {
    const chatting = byteTokenizer();
    chatting.chat_template =
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}" +
      "{% if tools %}[{{ tools | length }}]{% endif %}";
    const model = makeModel();
    const spy = vi.spyOn(model, "generate");
    const generate = await pipeline("text-generation", { model, tokenizer: chatting, ...greedy });
    const prompts = () => spy.mock.calls.map(([ids]) => (ids as number[][]).map((one) => chatting.decode(one)));
    const chat = [{ role: "user", content: "Hi" }];
    const [{ generated_text: text }] = await generate(chat, { return_full_text: false });
    expect(text).toEqual(expect.any(String));
    const whole = [...chat, { role: "assistant", content: text }];
    expect(await generate(chat)).toEqual([{ generated_text: whole }]);
    expect(await generate([chat, chat])).toEqual([[{ generated_text: whole }], [{ generated_text: whole }]]);
    const open = [...chat, { role: "assistant", content: "Hel" }];
    const [{ generated_text: messages }] = await generate(open);
    expect(messages).toHaveLength(2);
    expect(messages[1].content).toMatch(/^Hel/);
    await generate(open, { continue_final_message: false, tools: [{}] });
    expect(prompts().map(([prompt]) => prompt)).toEqual([
      "user: Hi\nassistant:",
      "user: Hi\nassistant:",
      "user: Hi\nassistant:",
      "user: Hi\nassistant: Hel",
      "user: Hi\nassistant: Hel\nassistant:[1]",
    ]);
    const wrong = generate([{ content: "Hi" }] as unknown as string);
    await expect(wrong).rejects.toThrow("pipeline: expected a string, a list of messages with roles");
    await expect(generate(["a", chat] as unknown as string)).rejects.toThrow("found both in one call");
  });

  it("a chat that ends in an assistant message of parts continues its last text", async () => {
    const chatting = byteTokenizer();
    chatting.chat_template =
      "{% for m in messages %}{{ m.role }}:{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}";
    const model = makeModel();
    const spy = vi.spyOn(model, "generate");
    const generate = await pipeline("text-generation", { model, tokenizer: chatting, ...greedy });
    const parts = (...texts: string[]) => texts.map((text) => ({ type: "text", text }));
    const chat = [
      { role: "user", content: parts("Hi") },
      { role: "assistant", content: parts("One ", "Hel") },
    ];
    const [{ generated_text: answer }] = await generate(chat, { return_full_text: false });
    const [{ generated_text: messages }] = await generate(chat);
    expect(messages).toEqual([chat[0], { role: "assistant", content: parts("One ", `Hel${answer}`) }]);
    expect(chat[1].content).toEqual(parts("One ", "Hel"));
    const [[ids]] = spy.mock.calls[0] as unknown as [number[][]];
    expect(chatting.decode(ids)).toBe("user:Hiassistant:One Hel");
  });

  it.each([
    [undefined, "nothing"],
    [{}, "none in the options"],
    [{ model: null }, "none in the options"],
    [{ model: "" }, "none in the options"],
  ])("refuses options without a model: %j", async (options, actual) => {
    const making = pipeline("text-generation", options as never);
    await expect(making).rejects.toThrow(`pipeline: expected a model, found ${actual}`);
    await expect(making).rejects.toMatchObject({ code: "config", hint: expect.stringContaining("{ model:") });
  });

  it("refuses other tasks, chats without a template and wrong options", async () => {
    const model = makeModel();
    const ask = (task: string) => pipeline(task as "text-generation", { model, tokenizer });
    await expect(ask("translation")).rejects.toMatchObject({ code: "not-yet" });
    await expect(ask("text-generatoin")).rejects.toMatchObject({ code: "config" });
    const generate = await ask("text-generation");
    await expect(generate([{ role: "user", content: "Hi" }])).rejects.toMatchObject({ code: "model" });
    await expect(generate("a", { max_new_token: 4 } as object)).rejects.toThrow("did you mean max_new_tokens?");
    await expect(generate("a", { batch_size: 0 })).rejects.toThrow("batch_size: expected an integer of at least 1");
  });
});
