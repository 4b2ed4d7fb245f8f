/** @file Calls that may spread a list. */

/** Files with calls that spread a list, and what the list is: a long one overflows the stack. See src/lists.ts. */
export const SPREADS: Record<string, string> = {
  "src/cli/demo/story.ts": "two sides",
  "src/collecting/events.ts": "verdicts, types of events",
  "src/data/chatTemplates/jinja/expressions.ts": "operators of the grammar",
  "src/data/preferences/tokenizePair.ts": "arguments of a method",
  "src/data/shapes/userDefined.ts": "three parts",
  "src/data/tokenizers/callable.ts": "arguments of a call",
  "src/data/tokenizers/slowCalls.ts": "arguments of a method",
  "src/dpo/pairFeeds.ts": "lengths of a pair",
  "src/dpoTrainer.ts": "arguments",
  "src/engine/graph/ops/wordBlocks.ts": "outputs of an op",
  "src/engine/node/mpiLibrary.ts": "arguments",
  "src/engine/runtime/readTensor.ts": "arguments",
  "src/formats/dynamicCodes.ts": "a number and its negative",
  "src/formats/parquetBytes.ts": "columns of a row group, of which a file has at most 10,000",
  "src/models/families/gemma.ts": "a field and its default",
  "src/models/packedAttention.ts": "keys and values",
  "src/plots/panel.ts": "the ends of an axis",
  "src/pretrained/tokenizerThread.ts": "arguments of a method",
  "src/random.ts": "coefficients",
  "src/training/prepare/models.ts": "one shape or none",
  "src/training/prepare/streamShards.ts": "characters of a hash",
  "src/training/sameRun.ts": "characters of a message, at most 400",
};
