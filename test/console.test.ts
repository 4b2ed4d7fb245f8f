/** @file What console.log shows of the API's objects, and messages given to generate. */
import { inspect } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import * as api from "../src/index.ts";
import { MODEL, makeObjects } from "./support/apiObjects.ts";

let { model, tokenizer, splits, rows, trainer, generate } = {} as Awaited<ReturnType<typeof makeObjects>>;
beforeAll(async () => {
  ({ model, tokenizer, splits, rows, trainer, generate } = await makeObjects());
});

describe("messages", () => {
  it("generate renders them as a pipeline does", async () => {
    const chatting = await api.AutoTokenizer.from_pretrained(MODEL);
    chatting.chat_template =
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";
    const options = { tokenizer: chatting, max_new_tokens: 3, do_sample: false };
    const chat = [{ role: "user", content: "Why is the sky blue?" }];
    const sequences = await model.generate(chat, options);
    const { texts } = sequences;
    expect(chatting.decode(sequences[0]).startsWith("user: Why is the sky blue?\nassistant:")).toBe(true);
    const [answer] = await generate(chat, { ...options, return_full_text: false });
    expect(answer.generated_text).toBe(texts[0]);
    expect((await model.generate([chat, chat], options)).texts).toEqual([texts[0], texts[0]]);
    const open = [...chat, { role: "assistant", content: "It is" }];
    const continued = await model.generate(open, options);
    expect(chatting.decode(continued[0])).toMatch(/^user: Why is the sky blue\?\nassistant: It is(?!\n)/);
    await expect(model.generate(chat)).rejects.toMatchObject({
      code: "model",
      message: expect.stringContaining("chat template"),
    });
  });
});

it("a pipeline takes transformers.js' options, with a line about those without effect", async () => {
  const lines: string[] = [];
  const options = { device: "cpu", dtype: "fp32", revision: "main", max_new_tokens: 2, do_sample: false };
  const onWarning = (line: string) => void lines.push(line);
  const made = await api.pipeline("text-generation", MODEL, { ...options, onWarning });
  expect(lines).toEqual(["from_pretrained: no effect: device, dtype (prefine computes in float32 on the CPU)"]);
  const [{ generated_text }] = await made("Hi", { return_full_text: false });
  expect(generated_text).toBe((await model.generate("Hi", { max_new_tokens: 2, do_sample: false })).texts[0]);
});

describe("console.log", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["a Dataset", () => rows, /^Dataset\(\{\n {2}features: \[prompt, chosen, rejected\],\n {2}num_rows: 1\n\}\)$/],
    [
      "a DatasetDict",
      () => splits,
      /^DatasetDict\(\{\n {2}train_prefs: Dataset\(\{ features: \[.*\], num_rows: \d+ \}\)/,
    ],
    ["a model", () => model, /^CausalLM\(\{\n {2}name_or_path: .*everyday-gpt2,\n {2}model_type: gpt2, \d+ layers/],
    ["a tokenizer", () => tokenizer, /^Tokenizer\(\{\n {2}name_or_path: .*\n {2}vocab_size: \d+,/],
    ["a trainer", () => trainer, /^DPOTrainer\(\{\n {2}model: .*\n {2}train_dataset: rows, 1 row,\n/],
    ["a pipeline", () => generate, /^TextGenerationPipeline\(\{\n {2}model: .*\n\}\)$/],
    ["a DPOConfig", () => trainer.args, /^DPOConfig\(\{\n {2}bf16: false,\n/],
    ["a callback", () => new api.EarlyStoppingCallback(), /^EarlyStoppingCallback \{/],
    ["a run", () => api.runFrom({ model_name_or_path: "gpt2", dataset_name: "x" }).args, /^DPOConfig/],
  ])("%s is a few lines", (_, value, expected) => {
    const shown = inspect(value());
    expect(shown).toMatch(expected);
    expect(shown.split("\n").length).toBeLessThan(12);
  });
});
