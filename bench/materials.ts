/** @file Inputs of the benchmark: a random model of GPT-2's size and the 24 rows. */

import { once } from "node:events";
import { copyFileSync, createWriteStream, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { PrefineError } from "../src/errors.ts";
import { fromFloat32 } from "../src/formats/narrowFloats.ts";
import { architectureOf } from "../src/models/families/architectures.ts";
import { Mt19937 } from "../src/random.ts";

/** The folder next to the checkout; this file runs from bench/dist/bench. */
const shared = fileURLToPath(new URL("../../../../shared/", import.meta.url));
export const tokenizerFolder = join(shared, "gpt2-tokenizer");
export const dataFolder = join(shared, "data", "preferences-300");
const rowsFile = join(shared, "data", "bench-rows.json");

/** @throws PrefineError if the shared folder is missing: rows and tokenizer are not part of the package */
export function checkMaterials(): void {
  for (const path of [rowsFile, dataFolder, tokenizerFolder]) {
    if (existsSync(path)) continue;
    throw new PrefineError(
      "io",
      `bench: ${path}: expected the rows, the dataset and the tokenizer of the benchmark, found nothing`,
      "They belong in a folder `shared` next to the checkout and are not part of it.",
    );
  }
}

/** Numbers of the 24 rows of train_prefs. */
export function benchRows(): number[] {
  return (JSON.parse(readFileSync(rowsFile, "utf8")) as { rows: number[] }).rows;
}

/** config.json of GPT-2 124M. */
export function modelConfig(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(tokenizerFolder, "config.json"), "utf8")) as Record<string, unknown>;
}

/** A row of ultrafeedback_binarized with the text of the last messages, as in the course note. */
export function preferenceTexts(row: Record<string, unknown>): Record<string, unknown> {
  const lastMessage = (messages: unknown) => (messages as { content: string }[]).at(-1)?.content;
  return { prompt: row.prompt, chosen: lastMessage(row.chosen), rejected: lastMessage(row.rejected) };
}

const BLOCK = 2 ** 20;

/**
 * Normal weights of standard deviation 0.02, with Hugging Face's names and GPT-2's tokenizer; 500 MB.
 * @param config of a model other than GPT-2 124M. @param dtype of the file.
 */
export async function writeRandomModel(
  folder: string,
  config?: Record<string, unknown>,
  dtype: "F32" | "BF16" = "F32",
): Promise<void> {
  for (const name of readdirSync(tokenizerFolder)) copyFileSync(join(tokenizerFolder, name), join(folder, name));
  const configFile = join(folder, "config.json");
  if (config) writeFileSync(configFile, JSON.stringify(config, null, 2));
  const { parameters } = architectureOf(JSON.parse(readFileSync(configFile, "utf8")), configFile);
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let offset = 0;
  for (const [name, shape] of parameters) {
    const size = (dtype === "F32" ? 4 : 2) * sizeOf(shape as readonly number[]);
    header[name] = { dtype, shape, data_offsets: [offset, offset + size] };
    offset += size;
  }
  const text = JSON.stringify(header);
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  const file = createWriteStream(join(folder, "model.safetensors"));
  file.write(length);
  file.write(bytes);
  // Repeats one block of draws: speed does not depend on the values, and 124 million draws take longer than a step.
  const draws = new Mt19937(0).normal(new Float32Array(BLOCK), 0, 0.02);
  const write = tensorWriter(file, draws, dtype);
  for (const [name, shape] of parameters) await write(name, sizeOf(shape as readonly number[]));
  file.end();
  await finished(file);
}

function tensorWriter(file: ReturnType<typeof createWriteStream>, draws: Float32Array, dtype: "F32" | "BF16") {
  const bytesOf = (values: Float32Array) => {
    const data = fromFloat32(values, dtype);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  };
  return async (name: string, size: number): Promise<void> => {
    const isNorm = /(ln_\w+|norm)\.weight$/.test(name);
    const values = name.endsWith(".bias") ? new Float32Array(size) : isNorm ? new Float32Array(size).fill(1) : draws;
    for (let done = 0; done < size; done += BLOCK) {
      const isFull = !file.write(bytesOf(values.subarray(0, Math.min(BLOCK, size - done)))); // norms are shorter
      if (isFull) await once(file, "drain");
    }
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
