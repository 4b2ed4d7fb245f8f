/**
 * @file Allowed imports between the modules of src: the table of the design, in its current form. A module is a folder
 * of src (each part of engine and data is one) or a file in src. All may import those of EVERYWHERE.
 *
 * Against the first design:
 * - models and generation import data/hub: a model is found by its hub id when it is loaded.
 * - models knows the type of a byte range that a device loads.
 * - device is above models and optim, whose kernels it registers. Modules that use a device and run anywhere (learner,
 *   dpo, generation, training) get one from the modules above, and know only the interface.
 * - generation imports config: GenerationConfig is one of the tables of options.
 * - training and checkpoints know only the interfaces of disk: dpoTrainer, the entry for Node, passes it in.
 * - dpoTrainer imports plots with import() at the end of a run: a plot is drawn from the file.
 * - dpo reads one file of config, plain data: the names of the losses and the needs of each. It is there and not in
 *   dpo, because config imports nothing; a config is read, checked and explained without loading the method.
 * - dpo and models take plain options, and plots reads trainer_state.json by itself: they need less than was allowed.
 * - plots also reads the table of losses (whether a loss starts at ln 2) and the names of checkpoints.
 */

export interface Rule {
  /** Modules from which anything may be imported. */
  values?: readonly string[];
  /** Modules from which types may be imported. */
  types?: readonly string[];
  /** Modules that may be loaded with import() when needed. */
  late?: readonly string[];
  /** Single files of modules that may not be imported otherwise. */
  files?: readonly string[];
}

const ENGINE = ["engine/graph", "engine/onnx", "engine/runtime"];
const DATA = [
  "data/hub",
  "data/datasets",
  "data/chatTemplates",
  "data/tokenizers",
  "data/preferences",
  "data/shapes",
  "data/doctor",
];
const LIBRARY = [
  "random",
  "disk",
  "config",
  "formats",
  "patterns",
  "optim",
  ...ENGINE,
  ...DATA,
  "models",
  "device",
  "learner",
  "dpo",
  "checkpoints",
  "verdict",
  "generation",
  "pretrained",
  "exporting",
];

/** Modules that all may import. */
export const EVERYWHERE: readonly string[] = ["errors", "host", "phrases", "lists", "arguments"];

export const RULES: Record<string, Rule> = {
  errors: {},
  host: {},
  phrases: {},
  lists: {},
  arguments: {},
  random: {},
  disk: { values: ["formats"] },
  config: { values: ["formats"] },
  formats: {},
  patterns: {},
  optim: { values: ["formats"] },
  "engine/graph": {},
  "engine/onnx": { values: ["engine/graph", "formats"] },
  "engine/runtime": { values: ["formats", "engine/onnx"], types: ["engine/graph"] },
  "engine/node": { values: ["engine/runtime", "engine/onnx", "disk"] },
  "data/hub": { values: ["disk", "formats"] },
  "data/datasets": { values: ["disk", "data/hub", "formats", "patterns"] },
  "data/chatTemplates": { values: ["formats"] },
  "data/tokenizers": {
    values: ["disk", "formats", "patterns", "data/chatTemplates"],
    types: ["data/hub"],
    late: ["data/hub"],
  },
  "data/preferences": {
    values: ["random", "formats", "data/chatTemplates"],
    types: ["data/tokenizers", "data/datasets"],
  },
  "data/shapes": {
    values: ["formats", "data/datasets", "data/preferences"],
    files: ["src/config/options/dataFormats.ts"],
  },
  "data/doctor": {
    values: ["random", "formats", "data/chatTemplates", "data/tokenizers", "data/preferences", "data/shapes"],
    types: ["data/datasets"],
  },
  models: { values: ["engine/graph", "formats", "patterns", "random"], types: ["engine/runtime"] },
  device: { values: ["engine/node", "engine/runtime", "optim", "models"] },
  cluster: { values: ["device", "disk"], types: ["engine/runtime", "formats"] },
  learner: { values: [...ENGINE, "models", "optim"] },
  dpo: {
    values: [...ENGINE, "models", "optim", "learner"],
    types: ["data/preferences"],
    files: ["src/config/options/lossTypes.ts"],
  },
  checkpoints: { values: ["formats"], types: ["disk", "config", "optim"] },
  training: {
    values: [
      "config",
      "formats",
      "optim",
      "data/tokenizers",
      "data/preferences",
      "data/shapes",
      "models",
      "learner",
      "dpo",
      "checkpoints",
      "verdict",
    ],
    types: ["disk", "formats", "terminal", "data/datasets", "engine/runtime"],
  },
  verdict: { values: ["optim"], files: ["src/config/options/lossTypes.ts"] },
  generation: {
    values: [...ENGINE, "models", "data/tokenizers", "config", "random"],
    types: ["checkpoints"],
    files: ["src/formats/ggufPath.ts"],
  },
  pretrained: {
    values: [
      "disk",
      "formats",
      "models",
      "device",
      "data/hub",
      "data/tokenizers",
      "data/preferences",
      "checkpoints",
      "config",
      "generation",
    ],
    types: ["engine/runtime"],
  },
  exporting: {
    values: [
      "disk",
      "formats",
      "random",
      ...ENGINE,
      "models",
      "device",
      "data/tokenizers",
      "checkpoints",
      "generation",
      "pretrained",
    ],
  },
  serving: {
    values: ["config", "data/tokenizers", "checkpoints", "device", "generation", "pretrained"],
    types: ["models"],
  },
  collecting: { values: ["disk", "formats", ...DATA, "generation", "pretrained", "serving"] },
  /** Pages in a browser, bundled with their libraries: they talk to a server of prefine's. */
  pages: {},
  plots: {
    values: ["disk", "formats"],
    files: ["src/config/options/lossTypes.ts", "src/checkpoints/checkpointNames.ts"],
  },
  terminal: { values: ["plots"] },
  dpoTrainer: { values: [...LIBRARY, "cluster", "terminal", "training"], late: ["plots"] },
  train: { values: [...LIBRARY, "cluster", "terminal", "training", "dpoTrainer"] },
  index: { values: [...LIBRARY, "collecting", "serving", "terminal", "training", "plots", "dpoTrainer", "train"] },
  cli: {
    values: [
      ...LIBRARY,
      "collecting",
      "serving",
      "cluster",
      "terminal",
      "training",
      "plots",
      "dpoTrainer",
      "train",
      "index",
    ],
  },
};

/**
 * The parts of training/ from the bottom up: files and folders, each of which imports only from its own level and from
 * those below. Callbacks are called with parts of a run, so they are below it; the name of the best model's metric is
 * in config/.
 */
export const TRAINING_LEVELS = [
  ["loopState.ts", "plan.ts", "platform.ts"],
  ["callbacks/"],
  ["run.ts"],
  [
    "fingerprint.ts",
    "changes.ts",
    "failTogether.ts",
    "learnerState.ts",
    "lifetime.ts",
    "listeners.ts",
    "progress.ts",
    "rankBatches.ts",
    "reportLines.ts",
    "trainedPairs.ts",
  ],
  ["reference/"],
  ["evaluation/"],
  ["prepare/"],
  [
    "afterStep.ts",
    "checkOptions.ts",
    "conclude.ts",
    "describeTrainer.ts",
    "finish.ts",
    "loop.ts",
    "request.ts",
    "resumeRun.ts",
    "sameRun.ts",
    "saveCheckpoint.ts",
    "startRun.ts",
    "step.ts",
    "trainerOptions.ts",
  ],
  ["trainer.ts"],
];

/** Planned modules: their imports are decided in advance. */
export const PLANNED: Record<string, Rule> = {
  /** The entry `prefine/web`: the core on a browser's storage and device. */
  web: { values: [...LIBRARY.filter((module) => module !== "disk" && module !== "device"), "training", "plots"] },
};

/** `src/engine/graph/ops/matmul.ts` -> `engine/graph`; `src/errors.ts` -> `errors`. */
export function moduleOf(path: string): string {
  const [, first, second, third] = path.split("/");
  if (second === undefined) return first.replace(/\.ts$/, "");
  return (first === "engine" || first === "data") && third !== undefined ? `${first}/${second}` : first;
}
