/** @file Everything before the first step: model, tokenizer, data, learner. */

import { trainingArgsFile } from "../../checkpoints/trainingArgs.ts";
import { type BitsAndBytesConfig, recordQuantization } from "../../config/BitsAndBytesConfig.ts";
import { type DPOConfig, publicArguments } from "../../config/DPOConfig.ts";
import type { LoraConfig } from "../../config/LoraConfig.ts";
import { lossTraits } from "../../config/options/lossTypes.ts";
import type { PackedSize, Truncation } from "../../data/preferences/packPair.ts";
import type { ShapeOptions } from "../../data/shapes/shape.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { createLearner } from "../../dpo/engineLearner.ts";
import { withinMemory } from "../../dpo/memoryNeed.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import { PrefineError, throwIfStopped } from "../../errors.ts";
import type { Content } from "../../formats/content.ts";
import { describeQuantization } from "../../models/precision/quantize.ts";
import { counted } from "../../phrases.ts";
import { adapterIdentity, fingerprintOf } from "../fingerprint.ts";
import type { Platform } from "../platform.ts";
import { referenceCacheOf } from "../reference/cache.ts";
import { checkReferenceModel, referenceFacts } from "../reference/reference.ts";
import { evaluationSetName, type PairSource, type RunObserver, type RunParts, type RunSize } from "../run.ts";
import type { TokenCachePlace } from "./ahead/tokenCache.ts";
import { type CardFacts, cardFacts } from "./cardFacts.ts";
import { type DataNames, dataRecord } from "./dataRecord.ts";
import { mixedRotations } from "./mixedRotations.ts";
import { countAll, countParameters, learnerOptions, loadModels, type ModelInput, type TrainedModel } from "./models.ts";
import { packedSource, type Rows, splitNameOf, tokenizeRows } from "./rows.ts";
import { nameOfBase, withPadToken } from "./savedModel.ts";
import { modelSettings, startWeights } from "./startWeights.ts";
import { openStreamPairs } from "./streamPairs.ts";
import { isStreamed } from "./streamReader.ts";
import type { TokenizedRows, TokenizeRowsOptions } from "./tokenized.ts";
import { verifyDevice } from "./verifyDevice.ts";

export interface RunRequest {
  platform: Platform;
  /** The job that trains together; undefined: this process alone. */
  ranks?: DeviceRanks | undefined;
  model: ModelInput;
  ref_model: ModelInput | null;
  args: DPOConfig;
  train_dataset: Rows;
  /** By the prefix of their metrics: `eval`, or `eval_NAME` for each of several. */
  eval_datasets: ReadonlyMap<string, Rows>;
  tokenizer: Tokenizer | null;
  peft_config: LoraConfig | null;
  quantization_config?: BitsAndBytesConfig | null;
  /** Overrides args.max_length. */
  max_length?: number | null;
  max_prompt_length?: number | null;
  dataset_name?: string | null;
  to_preferences?: ShapeOptions | null | undefined;
  script_args?: DataNames | null | undefined;
  signal?: AbortSignal | undefined;
}

export interface OpenedRun {
  parts: RunParts;
  facts: CardFacts;
}

/** Loads, tokenizes, compiles. @throws PrefineError for anything that fails. */
export async function openRun(request: RunRequest, observer: RunObserver): Promise<OpenedRun> {
  const { args, platform } = request;
  const trained = await loadModels(request);
  for (const line of trained.warnings) observer.warn(line);
  const tokenizer = request.tokenizer ?? (await loadTokenizer(trained, request));
  setPadToken(tokenizer, args);
  const truncation = truncationOf(request, trained, observer);
  checkReferenceModel(trained, args, { maxLength: truncation.max_length });
  const { train, evals } = await tokenizeSplits(request, { trained, tokenizer, truncation, observer });
  const learner = await openLearner(request, { trained, train, observer });
  const { runtime } = learner;
  const savedAs = withPadToken(trained.savedAs, tokenizer);
  const { reference, quantization } = logModels(trained, args, observer);
  const adapter = savedAs.kind === "adapter" ? savedAs.config : null;
  const parts: RunParts = {
    args,
    learner,
    train: train.source,
    evals: new Map([...evals].map(([prefix, rows]) => [prefix, packedSource(rows, truncation)])),
    savedAs,
    files: await extraFiles(tokenizer, request, trained),
    fingerprint: await fingerprintOf({
      args,
      maxLength: truncation.max_length,
      ...(await pairsOf({ train, evals })),
      adapter: adapter && adapterIdentity(adapter, quantization),
      trainable: learner.trainable,
      models: modelSettings(trained, args),
    }),
    weights: startWeights(trained, platform.storage),
    parameters: countParameters(trained),
    size: { ...train.size, ...countAll(trained, learner.trainable) },
    referenceFacts: reference,
    referenceCache: await referenceCacheOf(trained, args, { truncation, tokenizer, runtime, platform }),
    observer,
  };
  const named = { base: trained.base, dataset_name: request.dataset_name || null };
  const described = { ...named, tokenizer, quantization, adapter, versions: versionsOf(platform, runtime) };
  return { parts, facts: await cardFacts(described, platform.storage) };
}

async function pairsOf({ train, evals }: { train: TrainRows; evals: ReadonlyMap<string, TokenizedRows> }) {
  const sets = new Map<string, string>();
  for (const [prefix, { store }] of evals) sets.set(prefix, await store.identity);
  return { train: await train.identity, evals: sets };
}

/** The pairs to train on, tokenized or a stream. */
interface TrainRows {
  source: PairSource;
  identity: string | Promise<string>;
  largest: PackedSize;
  reading: string;
  /** See TokenizedRows. */
  facts?: string | undefined;
  size: Pick<RunSize, "rows" | "cut" | "dropped">;
}

/** When a signal stopped a run that has done nothing yet. */
const EARLY = "before the first step was done; nothing was saved";

interface Fitting {
  trained: TrainedModel;
  train: TrainRows;
  observer: RunObserver;
}

/** @throws PrefineError("training") when the training does not fit into memory, or its device computes otherwise. */
async function openLearner(request: RunRequest, { trained, train, observer }: Fitting) {
  const { args, platform, signal } = request;
  const options = withinMemory(learnerOptions(trained, args), train.largest, {
    pairsPerStep: args.per_device_train_batch_size * args.gradient_accumulation_steps,
    gradientCheckpointing: args.activation_checkpointing ?? args.gradient_checkpointing,
    memory: platform.memory,
    onWarning: (line) => observer.warn(line),
  });
  throwIfStopped(signal, EARLY);
  const learner = await createLearner(options, await platform.openDevice());
  if (signal?.aborted) await learner.dispose();
  throwIfStopped(signal, EARLY);
  if (learner.runtime.notice !== null) observer.warn(learner.runtime.notice);
  await verifyDevice(learner, { options, pairs: train.source, platform, observer });
  return learner;
}

/** Logs the reference and the base model's quantization. */
function logModels(trained: TrainedModel, args: DPOConfig, observer: RunObserver) {
  const reference = referenceFacts(trained, args);
  observer.info(`reference: ${reference.description}`);
  const quantization = describeQuantization(trained.base.architecture);
  if (quantization) observer.info(`base model: ${quantization}`);
  return { reference, quantization };
}

interface Loaded {
  trained: TrainedModel;
  tokenizer: Tokenizer;
  truncation: Truncation;
  observer: RunObserver;
}

async function tokenizeSplits(request: RunRequest, { trained, tokenizer, truncation, observer }: Loaded) {
  const { args, train_dataset, eval_datasets, signal, ranks } = request;
  throwIfStopped(signal, EARLY);
  const options = {
    ...truncation,
    winRates: args.loss_type.some((type) => lossTraits(type).winRates),
    max_prompt_length: request.max_prompt_length ?? args.max_prompt_length,
    drop_degenerate: args.drop_degenerate,
    to_preferences: request.to_preferences,
    modelVocabSize: trained.base.architecture.vocabSize,
    observer,
    signal,
  };
  const tokenCache = tokenCacheOf(args, request.platform);
  const train = await trainRows(train_dataset, tokenizer, {
    ...options,
    args,
    ranks,
    tokenCache,
    split: "train_dataset",
  });
  observer.info(`data: ${train.reading}`);
  if (train.facts) observer.info(train.facts);
  const evals = new Map<string, TokenizedRows>();
  for (const [prefix, rows] of eval_datasets) {
    const split = evaluationSetName(prefix);
    const tokenized = await tokenizeRows(rows, tokenizer, { ...options, split });
    if (tokenized.reading !== train.reading) observer.info(`${split}: ${tokenized.reading}`);
    if (tokenized.store.length === 0) {
      throw new PrefineError("data", `${split}: expected at least one pair, found none`);
    }
    evals.set(prefix, tokenized);
  }
  return { train, evals };
}

function tokenCacheOf({ token_cache: place }: DPOConfig, platform: Platform): TokenCachePlace | undefined {
  if (place === false) return undefined;
  const { versions, ownStorage: storage = platform.storage } = platform;
  const folder = typeof place === "string" ? storage.folder(place) : storage.cacheFolder("tokens");
  return { folder, version: versions.prefine };
}

/** All pairs of a dataset, or those of a stream. */
async function trainRows(
  rows: Rows,
  tokenizer: Tokenizer,
  { args, ranks, ...options }: TokenizeRowsOptions & { args: DPOConfig; ranks: DeviceRanks | undefined },
): Promise<TrainRows> {
  if (isStreamed(rows)) {
    const split = splitNameOf(rows) ?? options.split;
    const [batchSize, dropLast] = [args.per_device_train_batch_size, args.dataloader_drop_last];
    const source = await openStreamPairs(rows, { ...options, split, tokenizer, batchSize, dropLast, ranks });
    const { identity, largest, reading } = source.reader;
    return { source, identity, largest, reading, size: { rows: source.length, cut: null, dropped: new Map() } };
  }
  const needsLengths = args.train_sampling_strategy === "group_by_length";
  const tokenized = await tokenizeRows(rows, tokenizer, { ...options, isAhead: true, needsLengths });
  const { store, largest, reading, facts, rows: count, cut, dropped } = tokenized;
  const source = packedSource(tokenized, options as Truncation);
  return { source, identity: store.identity, largest, reading, facts, size: { rows: count, cut, dropped } };
}

function loadTokenizer({ base, revision }: TrainedModel, { platform, signal }: RunRequest): Promise<Tokenizer> {
  return platform.loadTokenizer(base.nameOrPath, { revision, signal });
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

/** max_length, lowered to the model's number of positions. */
function truncationOf(request: RunRequest, { base }: TrainedModel, observer: RunObserver): Truncation {
  const { args, max_length, max_prompt_length } = request;
  const requested = max_length === undefined ? args.max_length : max_length;
  const { maxPositions } = base.architecture;
  if (requested !== null && !(Number.isInteger(requested) && requested > 0)) {
    throw new PrefineError("config", `max_length: expected an integer above 0, found ${requested}`);
  }
  if (requested === null || requested > maxPositions) {
    const positions = counted(maxPositions, "position");
    observer.warn(`max_length: lowered from ${requested ?? "no limit"} to the ${positions} of the model`);
  }
  const length = Math.min(requested ?? maxPositions, maxPositions);
  const mixed = mixedRotations(base.architecture, args, length);
  if (mixed !== undefined) observer.warn(mixed);
  if (max_prompt_length != null) {
    const last = max_prompt_length === 1 ? "last token" : `last ${max_prompt_length} tokens`;
    observer.info(`max_prompt_length: prompts are cut to their ${last}; TRL now only has max_length`);
  }
  return { max_length: length, truncation_mode: args.truncation_mode };
}

/**
 * The tokenizer's files, and the settings with facts that Python's files have no place for: where the data is, the base
 * model's quantization, and the base model's name if all weights are trained (an adapter's config names it).
 */
async function extraFiles(tokenizer: Tokenizer, request: RunRequest, { base, adapter }: TrainedModel) {
  const { args, platform } = request;
  const own = [...tokenizer.files].map(([name, bytes]): [string, Content] => [name, [bytes]]);
  const settings = {
    ...publicArguments(args),
    ...(await dataRecord(request, platform.storage)),
    ...(adapter ? {} : { model_name_or_path: nameOfBase(base, platform.storage) }),
    ...(base.quantization ? { quantization_config: recordQuantization(base.quantization) } : {}),
  };
  return [...own, trainingArgsFile(settings)];
}
