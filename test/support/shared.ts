/**
 * @file Where the reference values are. PREFINE_REFERENCE names another folder of the same layout: tests then take all
 * models and cases in it by name.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSafetensors } from "../../src/formats/safetensors.ts";

/** The folder next to the checkout that has reference values and the local hub. */
export const sharedFolder = fileURLToPath(new URL("../../../shared", import.meta.url));
/** The reference values in the folder next to the checkout, with the models of the fixtures. */
export const ownReference = join(sharedFolder, "reference");
export const referenceFolder = process.env.PREFINE_REFERENCE ?? ownReference;
/** Whether another folder is used: then counts of the one next to the checkout do not apply. */
export const isElsewhere = referenceFolder !== ownReference;
/** False in a user's clone, which has no reference values next to it. */
export const hasReference = existsSync(referenceFolder);
/** For the names of tests that are skipped without them. */
export const needsReference = hasReference ? "" : " (SKIPPED: ../shared/reference is absent)";

/** Names in a folder of the reference values, without `extension`; none if the folder is absent. */
export function referenceNames(folder: string, extension = ""): string[] {
  const path = join(referenceFolder, folder);
  const files = existsSync(path) ? readdirSync(path).sort() : [];
  return files.filter((file) => file.endsWith(extension)).map((file) => file.slice(0, file.length - extension.length));
}

/** Tensors of a safetensors file as float arrays (integers too), with their shapes. */
export function readTensors(
  file: string,
): Map<string, { shape: readonly number[]; data: Float32Array | BigInt64Array }> {
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const read = [...tensors].map(([name, { dtype, shape, data }]) => {
    const bytes = new Uint8Array(data as Uint8Array).slice().buffer;
    const values = dtype === "I64" ? new BigInt64Array(bytes) : new Float32Array(bytes);
    return [name, { shape: [...shape], data: values }] as const;
  });
  return new Map(read);
}

/** The largest |a - b|, and the largest |b|. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): { difference: number; scale: number } {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length} differ`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= difference)) difference = d; // NaN counts
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return { difference, scale };
}
