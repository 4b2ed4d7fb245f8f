/** @file TRL's runs on several processes (../shared/reference-cluster; PREFINE_CLUSTER names another such folder). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedFolder } from "./shared.ts";

const folder = process.env.PREFINE_CLUSTER ?? join(sharedFolder, "reference-cluster");
/** Whether it is another folder than the one next to the checkout. */
export const isOtherCluster = process.env.PREFINE_CLUSTER !== undefined;

/** Names of the cases; none if the folder is absent. */
export const clusterNames = existsSync(folder)
  ? readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
  : [];
/** For the names of tests that are skipped without them. */
export const needsCluster = clusterNames.length > 0 ? "" : " (SKIPPED: ../shared/reference-cluster is absent)";

export interface ClusterCase {
  folder: string;
  /** Folder of the base model in ../shared/reference/models. */
  model: string;
  world: number;
  rows_kept: number;
  max_steps: number;
  total_flos: number;
  dpo_config: {
    num_train_epochs: number;
    per_device_train_batch_size: number;
    per_device_eval_batch_size: number;
    gradient_accumulation_steps: number;
    dataloader_drop_last?: boolean;
  };
  lora_config: Record<string, unknown> | null;
  /** By rank: rows of each micro-batch, in training and in evaluations. */
  order: number[][][];
  eval_order: number[][][];
  log: Record<string, number>[];
  evalRows: number;
}

export function readClusterCase(name: string): ClusterCase {
  const read = (file: string) => readFileSync(join(folder, name, file), "utf8");
  const lines = (file: string) => read(file).trim().split("\n");
  return {
    ...(JSON.parse(read("case.json")) as ClusterCase),
    folder: join(folder, name),
    log: lines("log_history.jsonl").map((line) => JSON.parse(line) as Record<string, number>),
    evalRows: lines("eval.jsonl").length,
  };
}
