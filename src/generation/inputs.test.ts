/** @file Every form of input of `generate` becomes prompts without padding; errors name wrong ones. */
import { describe, expect, it } from "vitest";
import type { ChatOptions, Conversation } from "../data/tokenizers/conversations.ts";
import { type GenerationInputs, readPrompts } from "./inputs.ts";

const options = {
  tokenizer: async () => ({
    encode: (text: string) => [...Buffer.from(text)],
    apply_chat_template: (chat: Conversation, { continue_final_message }: ChatOptions) => [
      ...Buffer.from(chat.map(({ content }) => content).join("")),
      continue_final_message ? 2 : 3,
    ],
  }),
  vocabSize: 200,
  bosTokenId: 1,
};
const read = (inputs: GenerationInputs) => readPrompts(inputs, options);

describe("inputs of generate", () => {
  it("texts, ids, and a tokenizer's result", async () => {
    expect(await read("Hi")).toEqual([[72, 105]]);
    expect(await read(["Hi", "a"])).toEqual([[72, 105], [97]]);
    expect(await read([5, 6])).toEqual([[5, 6]]);
    expect(await read([[5, 6], [7]])).toEqual([[5, 6], [7]]);
    expect(await read({ input_ids: [5, 6] })).toEqual([[5, 6]]);
    expect(await read({ input_ids: [5, 6], attention_mask: [1, 1] })).toEqual([[5, 6]]);
    expect(await read(Int32Array.of(5, 6) as unknown as number[])).toEqual([[5, 6]]);
  });

  it("removes padding on either side", async () => {
    const input_ids = [[0, 0, 5], [6, 0, 0], [7, 8, 9]]; // biome-ignore format: a matrix
    const attention_mask = [[0, 0, 1], [1, 0, 0], [1, 1, 1]]; // biome-ignore format: a matrix
    expect(await read({ input_ids, attention_mask })).toEqual([[5], [6], [7, 8, 9]]);
  });

  it("an empty prompt starts with the bos token, if there is one", async () => {
    expect(await read("")).toEqual([[1]]);
    expect(await read([[], [4]])).toEqual([[1], [4]]);
    await expect(readPrompts("", { ...options, bosTokenId: undefined })).rejects.toThrow("no bos_token_id");
  });

  it("names the fault", async () => {
    await expect(read([])).rejects.toThrow("at least one prompt");
    await expect(read([[5], [6, 200]])).rejects.toThrow(
      "prompt 1: expected ids below 200 (the model's vocabulary size), found 200",
    );
    await expect(read([5, 1.5])).rejects.toThrow("found 1.5");
    await expect(read(["a", 5] as unknown as string[])).rejects.toThrow("prompt 1: expected a string like the others");
    await expect(read({ input_ids: [5, 6], attention_mask: [1] })).rejects.toThrow(
      "2 tokens and an attention_mask of 1",
    );
  });
});
