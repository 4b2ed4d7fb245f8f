/** @file apply_chat_template equals transformers'; chat templates are saved as in transformers 5. */
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { AutoTokenizer } from "./loadTokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

const folder = fileURLToPath(new URL("../../../test/fixtures/chat-tokenizer", import.meta.url));
const chat = [{ role: "user", content: "Why?" }];
const text = "<|im_start|>user\nWhy?<|im_end|>\n";
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await AutoTokenizer.from_pretrained(folder);
});

describe("apply_chat_template", () => {
  test("text, ids, ids with their mask; no bos is added", () => {
    expect(tokenizer.apply_chat_template(chat, { tokenize: false })).toBe(text);
    const ids: number[] = tokenizer.apply_chat_template(chat, { return_dict: false });
    expect(ids).toEqual(tokenizer.encode(text, { add_special_tokens: false }));
    expect(tokenizer.encode(text)).toEqual([tokenizer.bos_token_id, ...ids]);
    const both = tokenizer.apply_chat_template(chat);
    expect(both).toEqual({ input_ids: ids, attention_mask: ids.map(() => 1) });
  });
  test("several conversations", () => {
    const texts = tokenizer.apply_chat_template([chat, [...chat, ...chat]], { tokenize: false });
    expect(texts).toEqual([text, text + text]);
  });
  test("generation prompt, continue_final_message, tools, a custom template, variables", () => {
    const make = (options: object, messages = chat) =>
      tokenizer.apply_chat_template(messages, { ...options, tokenize: false });
    expect(make({ add_generation_prompt: true })).toBe(`${text}<|im_start|>assistant\n`);
    const open = [...chat, { role: "assistant", content: "Because" }];
    expect(make({ continue_final_message: true }, open)).toBe(`${text}<|im_start|>assistant\nBecause`);
    expect(make({ tools: [{ name: "f" }] })).toBe(`<|im_start|>system\n# Tools\n{"name": "f"}<|im_end|>\n${text}`);
    expect(make({ chat_template: "tool_use", add_generation_prompt: true, enable_thinking: false })).toBe(
      `${text}<|im_start|>assistant\n<think>\n\n</think>\n\n`,
    );
    expect(make({ chat_template: "{{ eos_token }}{{ answer }}", answer: 42 })).toBe("<|im_end|>42");
  });
  test("invalid calls", () => {
    const both = { add_generation_prompt: true, continue_final_message: true };
    expect(() => tokenizer.apply_chat_template(chat, both)).toThrow("found both");
    expect(() => tokenizer.apply_chat_template(chat, { truncation: true })).toThrow("truncation is not built");
    expect(() => tokenizer.apply_chat_template(chat, { chat_template: "{{ raise_exception('no') }}" })).toThrow(
      `${folder}: the chat template failed: no`,
    );
  });
});

describe("files", () => {
  test("templates are saved, and read back", async () => {
    const out = await mkdtemp(join(tmpdir(), "chat-"));
    await tokenizer.save_pretrained(out);
    const kept = ["chat_template.jinja", "additional_chat_templates/tool_use.jinja"];
    for (const name of kept) expect(await readFile(join(out, name))).toEqual(await readFile(join(folder, name)));
    expect((await AutoTokenizer.from_pretrained(out)).chat_template).toEqual(tokenizer.chat_template);
  });
  test("a template in tokenizer_config.json is saved in a separate file", async () => {
    const out = await mkdtemp(join(tmpdir(), "chat-"));
    const config = { eos_token: "<|im_end|>", chat_template: "{{ messages }}" };
    await writeFile(join(out, "tokenizer.json"), await readFile(join(folder, "tokenizer.json")));
    await writeFile(join(out, "tokenizer_config.json"), JSON.stringify(config));
    const read = await AutoTokenizer.from_pretrained(out);
    expect(read.chat_template).toBe("{{ messages }}");
    const saved = await mkdtemp(join(tmpdir(), "chat-"));
    await read.save_pretrained(saved);
    expect((await readdir(saved)).sort()).toEqual(["chat_template.jinja", "tokenizer.json", "tokenizer_config.json"]);
    expect(await readFile(join(saved, "chat_template.jinja"), "utf8")).toBe("{{ messages }}");
    expect(await readFile(join(saved, "tokenizer_config.json"), "utf8")).not.toContain("chat_template");
  });
});
