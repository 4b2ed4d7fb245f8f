/** @file The 4 GiB limit of 32-bit WebAssembly: reports what does not fit before it is read or computed. */
import { PrefineError } from "../../errors.ts";
import { formatBytes } from "./formatBytes.ts";

/** Of the 4 GiB; onnxruntime-web does not reject a feed that finds no room, so stay well below the limit. */
const MAX_FEEDS = 3 * 2 ** 30;
const LARGE = 2 ** 28; // below, the time to copy the weights is negligible in a step

function bytesOf(buffers: readonly { byteLength: number }[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function tooMuch(problem: string): PrefineError {
  return new PrefineError(
    "training",
    `${problem}: WebAssembly has 4.3 GB, of which weights and inputs may take 3.2 GB`,
    "Take a smaller model, lower max_length, or install the native runtime: npm install onnxruntime-node.",
  );
}

/** @throws PrefineError if the weights and inputs of one run leave WebAssembly too little memory to compute in */
export function checkWasmMemory(buffers: readonly { byteLength: number }[]): void {
  const bytes = bytesOf(buffers);
  if (bytes > MAX_FEEDS) throw tooMuch(`weights and inputs are ${formatBytes(bytes)}`);
}

/** Explains a rejected run of WebAssembly: out of memory gets advice, other errors pass unchanged. */
export function explainWasmFailure(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw /bad_alloc|Failed to allocate|Integer overflow|OOM|out of memory/i.test(message)
    ? tooMuch("out of memory")
    : error;
}

/** A sentence about the cost of large weights, or "". */
export function wasmCopies(buffers: readonly { byteLength: number }[]): string {
  const bytes = bytesOf(buffers);
  return bytes < LARGE ? "" : ` The weights (${formatBytes(bytes)}) are also copied for every step.`;
}
