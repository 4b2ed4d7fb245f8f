/**
 * @file prefine_state.json, written last into a checkpoint: the state for resuming, and size and SHA-256 of every other
 * file. It ends with a SHA-256 of its own text, and names its step, which the folder's name must match: no file of a
 * checkpoint can be replaced by another checkpoint's, and neither can all of them.
 */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
import { sha256 } from "../formats/sha256.ts";
import { ADAPTER_CONFIG } from "./adapter.ts";
import { encodeAdapterConfig, parseAdapterConfig } from "./adapterConfig.ts";
import { stepOfName } from "./checkpointNames.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { SavedModel } from "./modelFiles.ts";

export const RESUME = "prefine_state.json";
const FORMAT = 3;
/** Formats 1 and 2 have sizes without hashes; format 1 has an older form of `loop`, which training can read. */
const READABLE = [1, 2, FORMAT];
export const DAMAGED = "Is the checkpoint damaged? Resume from another one.";

/** A file of a checkpoint as it was written. */
export interface WrittenFile {
  bytes: number;
  /** Absent in formats 1 and 2. */
  sha256?: string;
}

export interface ResumeState {
  kind: SavedModel["kind"];
  /** Absent in formats 1 and 2. */
  step?: number;
  optimizerStep: number;
  loop: object;
  fingerprint: Fingerprint;
  /** Saved with save_only_model: there is no optimizer to resume with. */
  only_model?: boolean;
  /** SHA-256 of adapter_config.json without the name of the base model, which users may change. */
  adapter_sha256?: string | undefined;
  /** Names of all other files. */
  files: Record<string, WrittenFile>;
}

/** The text of the file, sealed with its own hash. */
export function encodeResumeFile(resume: ResumeState): string {
  const text = JSON.stringify({ format: FORMAT, ...resume }, null, 2).replace(/\n\}$/, "");
  return `${text},\n  "sha256": "${sha256(text)}"\n}\n`;
}

const SEAL = /,\n {2}"sha256": "([0-9a-f]{64})"\n\}\n$/;

/** @throws PrefineError("io") if the folder is not a prefine checkpoint, or the file was changed. */
export async function readResumeFile(folder: RunFolder): Promise<ResumeState> {
  const text = (await folder.exists()) ? await folder.readText(RESUME) : undefined;
  if (text === undefined) {
    const hint = "Only prefine's checkpoints can be resumed; TRL's contain pickled PyTorch objects.";
    throw new PrefineError("io", `${folder.path}: expected a checkpoint of prefine, found no ${RESUME}`, hint);
  }
  const where = folder.pathOf(RESUME);
  const resume = parseResume(text);
  if (!resume) {
    const expected = `expected the state of a run in format ${READABLE.slice(0, -1).join(", ")} or ${FORMAT}`;
    throw new PrefineError("io", `${where}: ${expected}, found something else`, DAMAGED);
  }
  const seal = SEAL.exec(text);
  if (resume.sha256 !== undefined && (!seal || sha256(text.slice(0, seal.index)) !== seal[1])) {
    throw new PrefineError("io", `${where}: was changed after it was saved (SHA-256)`, DAMAGED);
  }
  return resume;
}

function parseResume(text: string): (ResumeState & { sha256?: unknown }) | undefined {
  let resume: unknown;
  try {
    resume = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isObject(resume)) return undefined;
  const { format, fingerprint, loop, files, step } = resume;
  if (!READABLE.includes(format as number) || !isObject(fingerprint) || !isObject(loop) || !isObject(files)) return;
  const isSealed = format === FORMAT;
  if (isSealed !== "sha256" in resume || (isSealed && !Number.isSafeInteger(step))) return undefined;
  const written = Object.entries(files).map(([name, file]) => [name, isSealed ? file : { bytes: file }] as const);
  if (!written.every(([, file]) => isWrittenFile(file, isSealed))) return undefined;
  return { ...resume, files: Object.fromEntries(written) } as unknown as ResumeState;
}

function isWrittenFile(file: unknown, isSealed: boolean): file is WrittenFile {
  if (!isObject(file) || !Number.isSafeInteger(file.bytes)) return false;
  return !isSealed || (typeof file.sha256 === "string" && /^[0-9a-f]{64}$/.test(file.sha256));
}

/**
 * @param file the name of the file that says which step it is of.
 * @throws PrefineError("io") if the folder has the name of another step's checkpoint.
 */
export function checkStep(folder: RunFolder, file: string, step: number): void {
  const named = stepOfName(folder.name);
  if (named === undefined || named === step) return;
  const message = `${folder.pathOf(file)}: expected the state of step ${named}, found that of step ${step}`;
  throw new PrefineError("io", message, "Was the folder renamed, or filled with another checkpoint's files?");
}

/**
 * Checks sizes, then hashes.
 * @param files some or all of the checkpoint's.
 * @throws PrefineError("io") naming the first file that is not as it was written.
 */
export async function checkFiles(folder: RunFolder, files: Record<string, WrittenFile>): Promise<void> {
  for (const [name, { bytes }] of Object.entries(files)) {
    const size = await folder.size(name);
    if (size === bytes) continue;
    const actual = size === undefined ? "no such file" : `${size} bytes`;
    throw new PrefineError("io", `${folder.pathOf(name)}: expected ${bytes} bytes, found ${actual}`, DAMAGED);
  }
  for (const [name, file] of Object.entries(files)) {
    if (file.sha256 === undefined || (await folder.sha256(name)) === file.sha256) continue;
    throw new PrefineError("io", `${folder.pathOf(name)}: was changed after it was saved (SHA-256)`, DAMAGED);
  }
}

/** Whether adapter_config.json is as it was saved, except for the name of the base model. */
export async function hasOwnAdapterConfig(folder: RunFolder, { adapter_sha256 }: ResumeState): Promise<boolean> {
  const text = await folder.readText(ADAPTER_CONFIG);
  const hash = text === undefined ? undefined : adapterHash(text, folder.pathOf(ADAPTER_CONFIG));
  return hash !== undefined && hash === adapter_sha256;
}

/** SHA-256 of an adapter's settings without the name of its base model; undefined for a broken file. */
export function adapterHash(text: string, where: string): string | undefined {
  try {
    const config = parseAdapterConfig(text, where);
    return sha256(encodeAdapterConfig({ ...config, base_model_name_or_path: null, revision: null }));
  } catch (error) {
    if (error instanceof PrefineError) return undefined;
    throw error;
  }
}
