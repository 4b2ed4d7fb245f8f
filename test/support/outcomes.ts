/** @file Shared by tests of errors and of written folders. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PrefineError } from "../../src/errors.ts";

/** The PrefineError that a promise rejects with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<PrefineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PrefineError)) throw new Error(`expected a PrefineError, found ${String(error)}`);
  return error;
}

/** The PrefineError that `make` throws; anything else fails the test. */
export function thrown(make: () => unknown): PrefineError {
  try {
    make();
  } catch (error) {
    if (error instanceof PrefineError) return error;
    throw error;
  }
  throw new Error("internal: nothing was thrown");
}

export const hash = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** All files under a folder with the SHA-256 of their contents, following links. */
export function contents(root: string): Record<string, string> {
  const all = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const paths = all.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path.slice(root.length + 1), hash(readFileSync(path))]));
}
