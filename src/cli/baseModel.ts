/** @file The base model of a run, for `prefine compare`. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isCheckpointName } from "../checkpoints/checkpointNames.ts";
import type { BitsAndBytesConfig } from "../config/BitsAndBytesConfig.ts";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { nearbyHint } from "../disk/nearbyNames.ts";
import { PrefineError } from "../errors.ts";
import { parseYaml } from "../formats/yaml.ts";
import { findModel } from "../pretrained/modelSource.ts";
import { type QuantizationFlags, quantizationFlags } from "./quantizationFlags.ts";
import { startOfRun } from "./runData.ts";

export interface BaseModel {
  id: string;
  revision: string | undefined;
  /** Quantization of both models. */
  quantization: BitsAndBytesConfig | null;
  /** The base model of the run's adapter, if given by --base. */
  baseOfRun: string | undefined;
}

interface BaseModelFlags extends QuantizationFlags {
  base?: string;
  revision?: string;
  token?: string;
}

/** From --base, else from adapter_config.json, training_args.json or the model card. */
export async function findBaseModel(run: string, flags: BaseModelFlags): Promise<BaseModel> {
  const { base: named, revision, token } = flags;
  const model = await findModel(run, { base: named, revision, token, ...quantizationFlags(flags) });
  const { adapter, base, baseRevision, quantization } = model;
  if (adapter) return { id: base, revision: baseRevision, quantization, baseOfRun: named };
  const whole = { quantization, baseOfRun: undefined };
  if (named) return { id: named, revision: undefined, ...whole };
  const start = (await startOfRun(run)) ?? (await baseOfCard(run));
  if (start === undefined) {
    const hint = (await exists(run)) ? WITH_BASE : await nearbyHint(run, WITH_BASE);
    throw noBaseModel(run, await describeRun(run), hint);
  }
  if ((await exists(start.id)) || looksLikeRepoId(start.id)) return { ...start, ...whole };
  throw noBaseModel(run, `nothing at ${start.id}, which it names`);
}

const WITH_BASE = "Pass it with --base.";

function noBaseModel(run: string, actual: string, hint = WITH_BASE): PrefineError {
  const message = `${run}: expected a run that names its base model, found ${actual}`;
  return new PrefineError("model", message, hint);
}

const exists = (path: string) => stat(path).then(Boolean, () => false);

async function describeRun(run: string): Promise<string> {
  if (!(await exists(run))) return "nothing";
  return "no adapter_config.json, no model_name_or_path in training_args.json and no base_model in README.md";
}

/** `base_model` from the header of the run's README.md; for a checkpoint, from the folder above it. */
async function baseOfCard(run: string): Promise<Pick<BaseModel, "id" | "revision"> | undefined> {
  const folder = isCheckpointName(basename(run)) ? dirname(run) : run;
  const card = await readFile(join(folder, "README.md"), "utf8").catch(() => "");
  const header = /^---\n([\s\S]*?)\n---/.exec(card)?.[1];
  const value = header ? readHeader(header) : undefined;
  const base = value && typeof value === "object" && "base_model" in value ? value.base_model : undefined;
  return typeof base === "string" && base !== "" ? { id: base, revision: undefined } : undefined;
}

/** A header that can't be read names no base model. */
function readHeader(header: string): unknown {
  try {
    return parseYaml(header);
  } catch {
    return undefined;
  }
}
