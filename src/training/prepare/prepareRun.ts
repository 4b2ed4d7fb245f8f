/** @file Everything before the first step: model, tokenizer, data, learner. */
import { trainingArgsFile } from "../../checkpoints/trainingArgs.ts";
import { type BitsAndBytesConfig, recordQuantization } from "../../config/BitsAndBytesConfig.ts";
import { type DPOConfig, publicArguments } from "../../config/DPOConfig.ts";
import type { LoraConfig } from "../../config/LoraConfig.ts";
import type { Truncation } from "../../data/preferences/packPair.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { createLearner } from "../../dpo/engineLearner.ts";
import { PrefineError } from "../../errors.ts";
import type { Content } from "../../formats/content.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";
import { describeQuantization } from "../../models/precision/quantize.ts";
import { adapterIdentity, fingerprintOf } from "../fingerprint.ts";
import type { CardFacts } from "../finish.ts";
import type { Platform } from "../platform.ts";
import { referenceCacheOf } from "../reference/cache.ts";
import { checkReference, referenceFacts } from "../reference/reference.ts";
import type { RunObserver, RunParts } from "../run.ts";
import { evaluationSetName, type PreparedPairs, packedSource, preparePairs, type Rows } from "./data.ts";
import { withinMemory } from "./memory.ts";
import {
  countParameters,
  learnerOptions,
  type ModelInput,
  prepareModel,
  type TrainedModel,
  withPadToken,
} from "./model.ts";

export interface RunRequest {
  platform: Platform;
  model: ModelInput;
  ref_model: ModelInput | null;
  args: DPOConfig;
  train_dataset: Rows;
  /** By the prefix of their metrics: `eval`, or `eval_NAME` for each of several. */
  eval_datasets: ReadonlyMap<string, Rows>;
  tokenizer: Tokenizer | null;
  peft_config: LoraConfig | null;
  quantization_config?: BitsAndBytesConfig | null;
  /** Wins over args.max_length. */
  max_length?: number | null;
  max_prompt_length?: number | null;
  dataset_name?: string | null;
  signal?: AbortSignal;
}

export interface PreparedRun {
  parts: RunParts;
  facts: CardFacts;
}

/** Loads, tokenizes, compiles. @throws PrefineError for whatever of it does not work. */
export async function prepareRun(request: RunRequest, observer: RunObserver): Promise<PreparedRun> {
  const { args, platform } = request;
  const trained = await prepareModel(request);
  for (const line of trained.warnings) observer.warn(line);
  const tokenizer = request.tokenizer ?? (await loadTokenizer(trained, platform));
  setPadToken(tokenizer, args);
  const truncation = truncationOf(request, trained, observer);
  checkReference(trained, args, { maxLength: truncation.max_length });
  const { train, evals } = await prepareSplits(request, { trained, tokenizer, truncation, observer });
  const fitting = { args, largest: train.largest, observer, memory: platform.memory };
  const options = withinMemory(learnerOptions(trained, args), fitting);
  const learner = await createLearner(options, await platform.openDevice());
  const { runtime } = learner;
  if (runtime.notice !== null) observer.warn(runtime.notice);
  const model = withPadToken(trained.saved, tokenizer);
  const { reference, quantization } = tellModels(trained, args, observer);
  const adapter = model.kind === "adapter" ? model.config : null;
  const lora = adapter && adapterIdentity(adapter, quantization);
  const identity = { args, maxLength: truncation.max_length, trainable: learner.trainable, adapter: lora };
  const parts: RunParts = {
    args,
    learner,
    train: packedSource(train, truncation),
    evals: new Map([...evals].map(([prefix, prepared]) => [prefix, packedSource(prepared, truncation)])),
    model,
    files: filesBeside(tokenizer, request, trained.base),
    fingerprint: await fingerprintOf({
      ...identity,
      train: train.pairs,
      evals: new Map([...evals].map(([prefix, { pairs }]) => [prefix, pairs])),
    }),
    parameters: countParameters(trained),
    reference,
    referenceCache: await referenceCacheOf(trained, args, { truncation, tokenizer, runtime, platform }),
    observer,
  };
  const names = { base_model: trained.base.nameOrPath, ...nameOf(request) };
  return { parts, facts: { ...names, quantization, adapter, versions: versionsOf(platform, runtime) } };
}

/** Which reference there is, and how the base model is kept. */
function tellModels(trained: TrainedModel, args: DPOConfig, observer: RunObserver) {
  const reference = referenceFacts(trained, args);
  observer.info(`reference: ${reference.description}`);
  const quantization = describeQuantization(trained.base.architecture);
  if (quantization) observer.info(`base model: ${quantization}`);
  return { reference, quantization };
}

interface Prepared {
  trained: TrainedModel;
  tokenizer: Tokenizer;
  truncation: Truncation;
  observer: RunObserver;
}

async function prepareSplits(request: RunRequest, { trained, tokenizer, truncation, observer }: Prepared) {
  const { args, train_dataset, eval_datasets, signal } = request;
  const options = {
    ...truncation,
    max_prompt_length: request.max_prompt_length ?? args.max_prompt_length,
    drop_degenerate: args.drop_degenerate,
    modelVocabSize: trained.base.architecture.vocabSize,
    observer,
    ...(signal ? { signal } : {}),
  };
  const train = await preparePairs(train_dataset, tokenizer, { ...options, split: "train_dataset" });
  const evals = new Map<string, PreparedPairs>();
  for (const [prefix, rows] of eval_datasets) {
    const split = evaluationSetName(prefix);
    const prepared = await preparePairs(rows, tokenizer, { ...options, split });
    if (prepared.pairs.length === 0) throw new PrefineError("data", `${split}: expected at least one pair, found none`);
    evals.set(prefix, prepared);
  }
  return { train, evals };
}

function loadTokenizer({ base, revision }: TrainedModel, platform: Platform): Promise<Tokenizer> {
  return platform.loadTokenizer(base.nameOrPath, revision === undefined ? {} : { revision });
}

/** @param runtime the ONNX Runtime that computes. */
function versionsOf({ versions }: Platform, { kind, version }: { kind: "native" | "wasm"; version: string }) {
  return { ...versions, onnxruntime: kind === "wasm" ? `${version} (WebAssembly)` : version };
}

/** TRL: args.pad_token, else the tokenizer's own, else its end-of-text token. */
function setPadToken(tokenizer: Tokenizer, args: DPOConfig): void {
  const token = args.pad_token ?? tokenizer.pad_token ?? tokenizer.eos_token;
  if (token !== null) tokenizer.pad_token = token;
}

/** max_length, lowered to the positions that the model knows. */
function truncationOf(request: RunRequest, { base }: TrainedModel, observer: RunObserver): Truncation {
  const { args, max_length, max_prompt_length } = request;
  const asked = max_length === undefined ? args.max_length : max_length;
  const { maxPositions } = base.architecture;
  if (asked !== null && !(Number.isInteger(asked) && asked > 0)) {
    throw new PrefineError("config", `max_length: expected an integer above 0, found ${asked}`);
  }
  if (asked === null || asked > maxPositions) {
    observer.warn(`max_length: lowered from ${asked ?? "no limit"} to the ${maxPositions} positions of the model`);
  }
  if (max_prompt_length != null) {
    observer.info(
      `max_prompt_length: prompts are cut to their last ${max_prompt_length} tokens; TRL now only has max_length`,
    );
  }
  return { max_length: Math.min(asked ?? maxPositions, maxPositions), truncation_mode: args.truncation_mode };
}

/**
 * The tokenizer's files, and the settings with the data set's name, where `prefine compare --split` finds it, and with
 * the base's quantization, for which PEFT's adapter_config.json has no place.
 */
function filesBeside(tokenizer: Tokenizer, request: RunRequest, { quantization }: LoadedModel): [string, Content][] {
  const own = [...tokenizer.files].map(([name, bytes]): [string, Content] => [name, [bytes]]);
  const kept = quantization ? { quantization_config: recordQuantization(quantization) } : {};
  return [...own, trainingArgsFile({ ...publicArguments(request.args), ...nameOf(request), ...kept })];
}

function nameOf({ dataset_name }: RunRequest): { dataset_name?: string } {
  return dataset_name ? { dataset_name } : {};
}
