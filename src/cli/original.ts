/** @file The model that a run was trained from, which `prefine compare` asks beside it. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseDocument } from "yaml";
import type { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { PrefineError } from "../errors.ts";
import { findModel } from "../pretrained/modelSource.ts";
import { type QuantizationFlags, quantizationFlags } from "./quantizationFlags.ts";
import { startOfRun } from "./runData.ts";

export interface Original {
  id: string;
  revision: string | undefined;
  /** How both models are kept. */
  quantization: BitsAndBytesConfig | null;
  /** The model under the run's adapter where --base names it. */
  baseOfRun: string | undefined;
}

interface OriginalFlags extends QuantizationFlags {
  base?: string;
  revision?: string;
  token?: string;
}

/** --base, else what adapter_config.json, training_args.json or the model card names. */
export async function findOriginal(run: string, flags: OriginalFlags): Promise<Original> {
  const { base: named, revision, token } = flags;
  const found = await findModel(run, { base: named, revision, token, ...quantizationFlags(flags) });
  const { adapter, base, baseRevision, quantization } = found;
  if (adapter) return { id: base, revision: baseRevision, quantization, baseOfRun: named };
  const whole = { quantization, baseOfRun: undefined };
  if (named) return { id: named, revision: undefined, ...whole };
  const start = (await startOfRun(run)) ?? (await baseOfCard(run));
  if (start === undefined) throw noOriginal(run, await whatIsThere(run));
  if ((await exists(start.id)) || looksLikeRepoId(start.id)) return { ...start, ...whole };
  throw noOriginal(run, `nothing at ${start.id}, which it names`);
}

function noOriginal(run: string, actual: string): PrefineError {
  const message = `${run}: expected a run that names its original, found ${actual}`;
  return new PrefineError("model", message, "Name it with --base.");
}

const exists = (path: string) => stat(path).then(Boolean, () => false);

async function whatIsThere(run: string): Promise<string> {
  if (!(await exists(run))) return "nothing there";
  return "no adapter_config.json, no model_name_or_path in training_args.json and no base_model in README.md";
}

/** `base_model` in the header of the run's README.md; a checkpoint's is in the folder above it. */
async function baseOfCard(run: string): Promise<Pick<Original, "id" | "revision"> | undefined> {
  const folder = /^checkpoint-\d+$/.test(basename(run)) ? dirname(run) : run;
  const card = await readFile(join(folder, "README.md"), "utf8").catch(() => "");
  const header = /^---\n([\s\S]*?)\n---/.exec(card)?.[1];
  const value: unknown = header ? parseDocument(header, { logLevel: "silent" }).toJS() : undefined;
  const base = value && typeof value === "object" && "base_model" in value ? value.base_model : undefined;
  return typeof base === "string" && base !== "" ? { id: base, revision: undefined } : undefined;
}
