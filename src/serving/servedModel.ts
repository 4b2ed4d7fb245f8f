/** @file A model that the server answers with: a name, a tokenizer, and its place in a scheduler. */
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { ModelSettings } from "../generation/modelSettings.ts";
import type { Scheduler } from "./batching/scheduler.ts";

export interface ServedModel {
  /** The `model` of requests. */
  name: string;
  /** The name of the base model, for an adapter; null for a whole model. */
  parent: string | null;
  tokenizer: Tokenizer;
  /** The model's own generation settings. */
  settings: ModelSettings;
  vocabSize: number;
  /** Most tokens of prompt and answer: the model's positions, or fewer where memory has no room for their cache. */
  contextLength: number;
  scheduler: Scheduler;
  /** Number of its decoder in the scheduler. */
  variant: number;
  /** Seconds since 1970 at which it was loaded. */
  created: number;
}
