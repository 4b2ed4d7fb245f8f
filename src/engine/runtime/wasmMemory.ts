/** @file The 4 GiB of 32-bit WebAssembly: what does not fit is told before it is read or computed. */
import { PrefineError } from "../../errors.ts";
import { formatBytes } from "./formatBytes.ts";

/** Of the 4 GiB; a feed that finds no room is not refused by onnxruntime-web, so none may come near the end. */
const MAX_FEEDS = 3 * 2 ** 30;
const LARGE = 2 ** 28; // below, copying the weights is lost in the time of a step

function bytesOf(buffers: readonly { byteLength: number }[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function tooMuch(found: string): PrefineError {
  return new PrefineError(
    "training",
    `${found}: WebAssembly has 4.3 GB, of which weights and inputs may take 3.2 GB`,
    "Take a smaller model, lower max_length, or install the native runtime: npm install onnxruntime-node.",
  );
}

/** @throws PrefineError where the weights and inputs of one run leave WebAssembly too little to compute in */
export function checkWasmMemory(buffers: readonly { byteLength: number }[]): void {
  const bytes = bytesOf(buffers);
  if (bytes > MAX_FEEDS) throw tooMuch(`weights and inputs are ${formatBytes(bytes)}`);
}

/** What a run of WebAssembly rejects with: running out of memory in words that help, everything else as it is. */
export function explainWasmFailure(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw /bad_alloc|Failed to allocate|Integer overflow|OOM|out of memory/i.test(message)
    ? tooMuch("out of memory")
    : error;
}

/** A sentence about what large weights cost, or "". */
export function wasmCopies(buffers: readonly { byteLength: number }[]): string {
  const bytes = bytesOf(buffers);
  return bytes < LARGE ? "" : ` The weights (${formatBytes(bytes)}) are copied for every step, too.`;
}
