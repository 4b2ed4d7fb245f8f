/**
 * @file A run is resumed only on the weights that it began with: base model, starting adapter, reference model, of any
 * file format. Other names and other splits of the same weights are the same.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { nodeStorage } from "../../src/disk/nodeStorage.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { hashModel } from "../../src/training/reference/modelHash.ts";
import type { DPOTrainerOptions } from "../../src/training/trainerOptions.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { PAIRS } from "../support/furnish.ts";
import { ggufLlama } from "../support/ggufLlama.ts";
import { contents, failure } from "../support/outcomes.ts";
import { randomGpt2 } from "../support/randomGpt2.ts";
import { shortRun, trainUntil } from "../support/stoppableRun.ts";
import { editTensors } from "../support/workbench.ts";

/** Plots take a quarter of a second per run and are tested elsewhere. */
vi.mock("../../src/plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

const dir = mkdtempSync(join(tmpdir(), "prefine-start-weights-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);

const LORA = { r: 2, lora_alpha: 4, target_modules: ["c_attn"], task_type: "CAUSAL_LM" } as const;

/** Doubles one weight: the log-probabilities of most pairs hardly change. */
function alter(folder: string, tensor: string): void {
  editTensors(join(folder, "model.safetensors"), (name, value) => {
    if (name === tensor) new Float32Array(value.data.buffer, value.data.byteOffset, 1)[0] *= 1.001;
    return [name, value];
  });
}

/** The same tensors in two files with an index. */
function split(from: string, to: string): void {
  mkdirSync(to);
  cpSync(join(from, "config.json"), join(to, "config.json"));
  const { tensors } = decodeSafetensors(readFileSync(join(from, "model.safetensors")), from);
  const halves: Map<string, SafetensorsTensor>[] = [new Map(), new Map()];
  for (const [i, [name, tensor]] of [...tensors].entries()) halves[i % 2].set(name, tensor as SafetensorsTensor);
  const weight_map: Record<string, string> = {};
  for (const [i, half] of halves.entries()) {
    const file = `model-0000${i + 1}-of-00002.safetensors`;
    writeFileSync(join(to, file), encodeSafetensors(half, { format: "pt" }));
    for (const name of half.keys()) weight_map[name] = file;
  }
  writeFileSync(join(to, "model.safetensors.index.json"), JSON.stringify({ weight_map }));
}

const run = (output_dir: string, options: Partial<DPOTrainerOptions>, resume = false) =>
  trainUntil(
    {
      model: at("model"),
      processing_class: byteTokenizer(),
      train_dataset: PAIRS,
      peft_config: LORA,
      ...options,
      args: shortRun(at(output_dir), { max_length: 64, max_steps: 2, save_strategy: "steps", save_steps: 1 }),
    },
    { resume_from_checkpoint: resume ? join(at(output_dir), "checkpoint-1") : false },
  );

beforeAll(async () => {
  await randomGpt2(at("model"), { vocab_size: 257, n_embd: 16, n_head: 2 });
  for (const name of ["twin", "other"]) cpSync(at("model"), at(name), { recursive: true });
  alter(at("other"), "transformer.h.0.mlp.c_fc.weight");
  split(at("model"), at("shards"));
  await run("begun", {});
});

describe("a resumed run", () => {
  test("goes on with the same weights under another name, in shards, or loaded by the caller", async () => {
    for (const model of [at("shards"), await AutoModelForCausalLM.from_pretrained(at("twin"))]) {
      expect(await run("begun", { model }, true)).toContainEqual(expect.stringMatching(/resuming after step 1 of 2$/));
    }
  });

  test.each([
    ["by its folder", async () => at("other")],
    ["loaded by the caller", () => AutoModelForCausalLM.from_pretrained(at("other"))],
  ])("is refused on another base model of the same shapes, given %s; nothing changes", async (_, model) => {
    const before = contents(at("begun"));
    const error = await failure(run("begun", { model: await model() }, true));
    expect(error.code).toBe("config");
    expect(error.message).toMatch(
      /checkpoint-1: expected the weights of the base model of that run \(sha256 \w{16}\), found others \(sha256 \w{16}\)$/,
    );
    expect(contents(at("begun"))).toEqual(before);
  });

  test("is refused with another reference model, with one more, and on other quantized weights", async () => {
    await run("referred", { ref_model: at("twin") });
    const other = await failure(run("referred", { ref_model: at("other") }, true));
    expect(other.message).toMatch(/expected the weights of ref_model of that run/);
    const none = await failure(run("referred", {}, true));
    expect(none.message).toMatch(/the weights of ref_model of that run \(sha256 \w+\), found others \(none\)$/);
    const quantization_config = { load_in_4bit: true };
    await run("packed", { quantization_config });
    const packed = await failure(run("packed", { quantization_config, model: at("other") }, true));
    expect(packed.message).toMatch(/expected the weights of the base model of that run/);
  });

  test("is refused with another starting adapter", async () => {
    const start = (folder: string) => AutoModelForCausalLM.from_pretrained(folder);
    await run("second", { model: await start(at("begun")), peft_config: null });
    const error = await failure(
      run("second", { model: await start(join(at("begun"), "checkpoint-1")), peft_config: null }, true),
    );
    expect(error.message).toMatch(/expected the weights of the starting adapter of that run/);
  });

  test("that trains all weights is refused on others", async () => {
    await run("whole", { peft_config: null });
    const error = await failure(run("whole", { peft_config: null, model: at("other") }, true));
    expect(error.message).toMatch(/expected the weights of the base model of that run/);
  });
});

test("the weights of a GGUF file count byte by byte", async () => {
  const { file } = await ggufLlama(at("gguf"));
  const hash = async () => hashModel(await loadModel(file), nodeStorage);
  const before = await hash();
  expect(await hash()).toBe(before);
  const bytes = readFileSync(file);
  bytes[statSync(file).size - 7] ^= 1;
  writeFileSync(file, bytes);
  expect(await hash()).not.toBe(before);
});
