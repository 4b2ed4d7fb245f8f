/** @file The public API: named as in transformers, PEFT, TRL and datasets wherever they have a name. */
export type { EvaluatedPair } from "./checkpoints/marginsTable.ts";
export type { LogEntry, TrainerState } from "./checkpoints/trainerState.ts";
export type { Agreement, SelfAgreement } from "./collecting/agreement.ts";
export { type PreferenceInput, type RecordedPreference, recordPreference } from "./collecting/recordPreference.ts";
export type { Share } from "./collecting/shares.ts";
export {
  type PreferenceStatistics,
  preferenceStatistics,
  type WinRate,
  type WinRateOptions,
  winRate,
} from "./collecting/winRate.ts";
export { BitsAndBytesConfig, type BitsAndBytesConfigInput } from "./config/BitsAndBytesConfig.ts";
export { DPOConfig, type DPOConfigInput } from "./config/DPOConfig.ts";
export { GenerationConfig, type GenerationConfigInput } from "./config/GenerationConfig.ts";
export { LoraConfig, type LoraConfigInput } from "./config/LoraConfig.ts";
export { parseRun, type RunConfig, type RunInput, runFrom } from "./config/run.ts";
export { Dataset } from "./data/datasets/dataset.ts";
export type { DatasetDict } from "./data/datasets/datasetDict.ts";
export type { Feature, Features, Row } from "./data/datasets/features.ts";
export { IterableDataset, type ShuffleStreamOptions } from "./data/datasets/iterableDataset.ts";
export type { IterableDatasetDict } from "./data/datasets/iterableDatasetDict.ts";
export { type LoadDatasetOptions, loadDataset } from "./data/datasets/loadDataset.ts";
export type { MapFunction, MapModule } from "./data/datasets/mapFunction.ts";
export type { MapOptions } from "./data/datasets/mapRows.ts";
export type { SortOptions } from "./data/datasets/sortOrder.ts";
export type { DataFiles } from "./data/datasets/splitFiles.ts";
export type { Shard, ShardOptions } from "./data/datasets/streamParts.ts";
export type { TrainTestOptions } from "./data/datasets/trainTestSplit.ts";
export { ultrafeedback } from "./data/datasets/ultrafeedback.ts";
export { type DoctorInput, type DoctorOptions, doctor } from "./data/doctor/call.ts";
export type { DoctorFinding, DoctorSeverity } from "./data/doctor/check.ts";
export type { DoctorReport, DoctorRows } from "./data/doctor/doctor.ts";
export type { HubProgress } from "./data/hub/resolveRepo.ts";
export type { HubOptions } from "./data/hub/settings.ts";
export type { ShapeOptions } from "./data/shapes/shape.ts";
export { type ToPreferencesOptions, toPreferences } from "./data/shapes/toPreferences.ts";
export type { ChatMessage, ChatOptions, Conversation } from "./data/tokenizers/conversations.ts";
export { AutoTokenizer, GPT2Tokenizer, type LoadTokenizerOptions } from "./data/tokenizers/loadTokenizer.ts";
export {
  type BatchEncoding,
  type DecodeOptions,
  type EncodeOptions,
  type Encoding,
  Tokenizer,
} from "./data/tokenizers/tokenizer.ts";
export { DPOTrainer } from "./dpoTrainer.ts";
export { PrefineError, type PrefineErrorCode } from "./errors.ts";
export { type MergedModel, type MergeOptions, merge_and_unload } from "./exporting/mergeAndUnload.ts";
export type { CausalLM, GenerateOptions, InputsWithOptions } from "./generation/causalLM.ts";
export type { GenerateOutput, StreamedText } from "./generation/generate.ts";
export type { GenerationInputs } from "./generation/inputs.ts";
export type { FinishReason } from "./generation/sequence.ts";
export { type PlotFilesOptions, plotRunFolders } from "./plots/plotRunFolders.ts";
export { type PlotOptions, plotRuns } from "./plots/plotRuns.ts";
export { readTrainerState, type TrainerStateFile } from "./plots/readTrainerState.ts";
export { renderPng } from "./plots/renderPng.ts";
export type { PlottedRun, RawLogEntry } from "./plots/series.ts";
export type { ThemeName } from "./plots/theme.ts";
export { AutoModelForCausalLM } from "./pretrained/autoModel.ts";
export type { ModelSourceOptions } from "./pretrained/modelSource.ts";
export {
  type GeneratedChat,
  type GeneratedText,
  type PipelineOptions,
  pipeline,
  type TextGenerationOptions,
  type TextGenerationPipeline,
} from "./pretrained/pipeline.ts";
export {
  createServer,
  type ModelToServe,
  type PrefineServer,
  type RequestRecord,
  type ServerOptions,
} from "./serving/createServer.ts";
export { createLogger, type LoggerOptions } from "./terminal/logger.ts";
export type { Logger, StepReport } from "./terminal/logging.ts";
export { plotTerminal, type TerminalPlotOptions } from "./terminal/plotTerminal.ts";
export { type RunOptions, train } from "./train.ts";
export type {
  CallbackInput,
  CallbackState,
  EventDetails,
  EventName,
  TrainerCallback,
} from "./training/callbacks/callbacks.ts";
export { EarlyStoppingCallback, type EarlyStoppingOptions } from "./training/callbacks/earlyStopping.ts";
export type { TrainerControl } from "./training/loopState.ts";
export type { ModelInput } from "./training/prepare/models.ts";
export type { Rows, RowsByName } from "./training/prepare/rows.ts";
export type { ComputeMetrics, EvalPrediction, PairIds } from "./training/run.ts";
export type { DPOTrainerOptions, TrainOptions, TrainOutput } from "./training/trainerOptions.ts";
