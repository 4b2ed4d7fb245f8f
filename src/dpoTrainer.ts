/** @file DPOTrainer on Node: runs are stored on disk, models come from folders and the hub. */
import { callable } from "./arguments.ts";
import { isFirstRank } from "./cluster/firstRank.ts";
import { joinJob, openJobDevice } from "./cluster/job.ts";
import { type JobPlatform, openJobPlatform } from "./cluster/jobPlatform.ts";
import type { DPOConfig } from "./config/DPOConfig.ts";
import { AutoTokenizer } from "./data/tokenizers/loadTokenizer.ts";
import { availableMemory, refuseBeyondMemory } from "./device/memory.ts";
import { nodeStorage } from "./disk/nodeStorage.ts";
import { packageVersion } from "./disk/packageVersion.ts";
import { loadModel } from "./pretrained/loadModel.ts";
import { tokenizeOn } from "./pretrained/tokenizerThreads.ts"; // also enables threads for slow texts
import { createLogger } from "./terminal/logger.ts";
import { silentLogger } from "./terminal/silentLogger.ts";
import type { Joined, Platform } from "./training/platform.ts";
import { refuseOtherRuns } from "./training/sameRun.ts";
import { Trainer } from "./training/trainer.ts";
import type { DPOTrainerOptions } from "./training/trainerOptions.ts";

export const nodePlatform: Platform = {
  storage: nodeStorage,
  env: process.env,
  machine: `${process.platform} ${process.arch}`,
  get versions() {
    return { prefine: packageVersion(), node: process.versions.node };
  },
  loadModel,
  loadTokenizer: AutoTokenizer.from_pretrained,
  join: joinRanks,
  isFirstRank,
  createLogger: (options) => (isFirstRank() ? createLogger(options) : silentLogger),
  openDevice: openJobDevice,
  memory: { available: availableMemory, refuseBeyond: refuseBeyondMemory },
  async plotRun(folder, name) {
    const { plotRunFolders } = await import("./plots/plotRunFolders.ts"); // late: it loads a font and a rasterizer
    const { png } = await plotRunFolders([folder.path], { out: folder.pathOf(name) });
    return nodeStorage.folder(png).name;
  },
};

/** Settings that may differ: of terminals, and secrets. */
const OWN_TO_RANKS = new Set(["disable_tqdm", "token", "hub_token"]);

/**
 * What a run works with in a job; all ranks call it together.
 * @param settings others of the run, which all ranks must share.
 * @returns undefined if this process was started alone.
 */
export async function joinRanks(
  args: DPOConfig,
  settings: Record<string, unknown> = {},
): Promise<(Joined & Pick<JobPlatform, "inTurn">) | undefined> {
  const ranks = await joinJob(args);
  if (!ranks) return undefined;
  tokenizeOn(ranks.world.processors);
  const given = Object.entries({ ...settings, ...args }).filter(([name]) => !OWN_TO_RANKS.has(name));
  await refuseOtherRuns(ranks, { ...nodePlatform.versions, ...Object.fromEntries(given) });
  const { storage, memory, inTurn, onFirst } = await openJobPlatform(ranks, nodeStorage);
  const platform: Platform = {
    ...nodePlatform,
    storage,
    ownStorage: nodeStorage,
    memory,
    loadModel: (...model) => inTurn(() => loadModel(...model)),
    loadTokenizer: (...tokenizer) => inTurn(() => AutoTokenizer.from_pretrained(...tokenizer)),
    plotRun: (folder, name) => onFirst(`plot ${name}`, () => nodePlatform.plotRun(folder, name)),
  };
  return { ranks, platform, inTurn };
}

/** A DPO training: its model, its data, its settings. */
export interface DPOTrainer extends Trainer {}

interface DPOTrainerConstructor {
  new (options: DPOTrainerOptions): DPOTrainer;
  (options: DPOTrainerOptions): DPOTrainer;
  readonly prototype: DPOTrainer;
}

const NodeTrainer = class DPOTrainer extends Trainer {
  constructor(options: DPOTrainerOptions) {
    super(options, nodePlatform);
  }
};

/** TRL's class of that name; `new` may be omitted. */
export const DPOTrainer = callable(NodeTrainer) as DPOTrainerConstructor;
