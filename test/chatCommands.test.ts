/** @file prefine generate and prefine compare on a chat model (tiny-llama): a prompt is a user's message, or --raw. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CausalLM } from "../src/generation/causalLM.ts";
import { AutoModelForCausalLM } from "../src/pretrained/autoModel.ts";
import { runCommand } from "./support/runCommand.ts";
import { hasReference, needsReference, referenceFolder } from "./support/shared.ts";

const path = join(referenceFolder, "models/tiny-llama");
const settings = { do_sample: false, max_new_tokens: 12 };
const words = ["--max_new_tokens", "12", "--json"];

describe.skipIf(!hasReference)(`chat models${needsReference}`, () => {
  let model: CausalLM;
  /** The model's answer to a text that is tokenized without a template. */
  const answer = async (text: string) => (await model.generate(text, settings)).texts[0];
  const ask = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand("generate", path, ...args, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout)[0];
  };
  beforeAll(async () => {
    model = await AutoModelForCausalLM.from_pretrained(path);
  });
  afterAll(() => model?.dispose());

  it("generate wraps a prompt as a user's message, --raw does not, --system comes before it", async () => {
    const user = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n";
    const chat = await ask("--prompt", "Why?");
    expect(chat).toEqual({ prompt: "Why?", text: await answer(user), finish_reason: expect.any(String) });
    const raw = await ask("--prompt", "Why?", "--raw");
    expect(raw.text).toBe(await answer("Why?"));
    expect(raw.text).not.toBe(chat.text);
    const { text } = await ask("--prompt", "Why?", "--system", "Be brief.");
    expect(text).toBe(await answer(`<|im_start|>system\nBe brief.<|im_end|>\n${user}`));
    const streamed = await runCommand("generate", path, "--prompt", "Why?", "--max_new_tokens", "12");
    expect(streamed.stdout).toContain(chat.text);
  });

  it("--system needs a template", async () => {
    const plain = join(referenceFolder, "models/tiny-gpt2");
    for (const args of [[plain], [path, "--raw"]]) {
      const { code, stderr } = await runCommand("generate", ...args, "--prompt", "x", "--system", "y");
      expect(code).toBe(1);
      expect(stderr).toContain("--system: expected a model with a chat template");
    }
  });

  it("compare takes the questions of a split of conversations, with all earlier messages", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prefine-chat-"));
    const run = join(folder, "dpo");
    cpSync(join(referenceFolder, "trajectories/tiny-llama-conversational/final_adapter"), run, { recursive: true });
    const configPath = join(run, "adapter_config.json");
    const config = JSON.parse(readFileSync(configPath, "utf8"));
    writeFileSync(configPath, JSON.stringify({ ...config, base_model_name_or_path: path }));
    const turn = (role: string, content: string) => ({ role, content });
    const prompt = [turn("user", "One?"), turn("assistant", "No."), turn("user", "Two?")];
    const row = { prompt, chosen: [turn("assistant", "Yes")], rejected: [turn("assistant", "No")] };
    const data = join(folder, "rows.jsonl");
    writeFileSync(data, `${JSON.stringify(row)}\n`);
    const flags = ["--dataset_name", data, "--split", "train"];
    const { code, stdout, stderr } = await runCommand("compare", run, ...flags, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [pair] = JSON.parse(stdout).answers;
    const tokenizer = await model.tokenizer;
    const text: string = tokenizer.apply_chat_template(prompt, { add_generation_prompt: true, tokenize: false });
    const finish_reason = { original: expect.any(String), trained: expect.any(String) };
    expect(pair).toEqual({ prompt: "Two?", original: await answer(text), trained: expect.any(String), finish_reason });
  });
});
