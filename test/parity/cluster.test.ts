/**
 * @file Trainings on several processes against TRL's on as many (../shared/reference-cluster): every logged value, the
 * final weights, total_flos. `npm run soak` takes all cases, and MPICH; PREFINE_CLUSTER names another folder of cases,
 * PREFINE_CLUSTER_CASES some of them (NAME,NAME,...; all).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { TrainerState } from "../../src/checkpoints/trainerState.ts";
import { clusterNames, isOtherCluster, needsCluster, readClusterCase } from "../support/clusterCases.ts";
import { compareEntries } from "../support/compareEntries.ts";
import { largestDifference, ownReference, readTensors } from "../support/shared.ts";
import { hasLauncher, launcherFromEnv, needsMpirun, runRanks } from "../support/startRanks.ts";

const { PREFINE_CLUSTER_CASES: chosen = isOtherCluster ? "all" : "uneven,three-ranks,full" } = process.env;
const names = clusterNames.filter((name) => chosen === "all" || chosen.split(",").includes(name));
const by = launcherFromEnv;

const folder = mkdtempSync(join(tmpdir(), "prefine-cluster-parity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runFile(name: string): string {
  const { model, dpo_config, lora_config, folder: place } = readClusterCase(name);
  const path = join(folder, `${name}.json`);
  const run = {
    ...dpo_config,
    model_name_or_path: join(ownReference, "models", model),
    ...(lora_config ? { adapter_name_or_path: join(place, "initial_adapter") } : {}),
    data_files: { train: join(place, "train.jsonl"), test: join(place, "eval.jsonl") },
    output_dir: join(folder, name),
    bf16: false,
    save_strategy: "no",
    seed: 42,
  };
  writeFileSync(path, JSON.stringify(run));
  return path;
}

const isTiming = (key: string) => /runtime|per_second|flos/.test(key);

describe.skipIf(names.length === 0 || !hasLauncher(by))(
  `TRL's runs on several processes${needsCluster}${needsMpirun}`,
  () => {
    test.each(names)("%s", { timeout: 120_000 }, async (name) => {
      const { world, total_flos, log: expected, folder: place } = readClusterCase(name);
      const end = await runRanks(["train", "--config", runFile(name)], { size: world, cwd: folder, by });
      expect(end.code, end.stderr).toBe(0);
      const state = JSON.parse(readFileSync(join(folder, name, "trainer_state.json"), "utf8")) as TrainerState;
      const keys = (entries: object[]) => entries.map((entry) => Object.keys(entry).filter((key) => !isTiming(key)));
      expect(keys(state.log_history)).toEqual(keys(expected));
      const differences = expected.flatMap((entry, i) =>
        compareEntries(state.log_history[i], { epoch: 0, step: 0, ...entry }),
      );
      expect(differences).toEqual([]);
      expect(state.total_flos).toBe(total_flos);
      const isAdapter = existsSync(join(place, "final_adapter"));
      const file = isAdapter ? "adapter_model.safetensors" : "model.safetensors";
      const trained = readTensors(join(folder, name, file));
      const theirs = readTensors(join(place, isAdapter ? `final_adapter/${file}` : "final_weights.safetensors"));
      expect([...trained.keys()].sort()).toEqual([...theirs.keys()].sort());
      for (const [key, { data }] of theirs) {
        const { difference } = largestDifference(trained.get(key)?.data as Float32Array, data as Float32Array);
        expect(difference, key).toBeLessThan(2e-4);
      }
    });
  },
);
