/**
 * @file Trainings of all kinds on two ranks, in one job, against one process with as many micro-batches. `npm run soak`
 * takes all of them (PREFINE_RANK_TRAININGS=all), MPICH (PREFINE_LAUNCHER) and three ranks (PREFINE_RANKS) as well.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differencesOfRanks } from "./support/compareRanks.ts";
import { furnishRanks, RANK_TRAININGS, type Trained, trainOnRanks, UNEVEN_ROWS } from "./support/rankTrainings.ts";
import { hasLauncher, launcherFromEnv, needsMpirun } from "./support/startRanks.ts";

const SAMPLE = [
  "a moving reference",
  "dropout of the adapter",
  "NEFTune",
  "loss aot",
  "loss bco_pair",
  "precomputed reference, into a cache",
  "precomputed reference, from the cache",
  "compute_metrics",
  "compute_metrics by batch",
  "early stopping",
  "the best model",
];
const { PREFINE_RANK_TRAININGS, PREFINE_RANKS = "2" } = process.env;
const names = PREFINE_RANK_TRAININGS === "all" ? Object.keys(RANK_TRAININGS) : SAMPLE;
const ranks = Number(PREFINE_RANKS);

const folder = mkdtempSync(join(tmpdir(), "prefine-cluster-kinds-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasLauncher(launcherFromEnv))(`${ranks} ranks train as one process does${needsMpirun}`, () => {
  let alone: Trained[];
  let together: Trained[][];
  beforeAll(async () => {
    await furnishRanks(folder);
    const sizes = { micro: ranks, by: launcherFromEnv };
    [alone] = await trainOnRanks(folder, names, { ...sizes, ranks: 1, place: join(folder, "alone") });
    together = await trainOnRanks(folder, names, { ...sizes, ranks, place: join(folder, "together") });
  }, 600_000);

  test.each(names)("%s", (name) => {
    const at = names.indexOf(name);
    const [a, b] = [
      { trained: together[0][at], folder: join(folder, "together", `${at}`) },
      { trained: alone[at], folder: join(folder, "alone", `${at}`) },
    ];
    expect(differencesOfRanks(a, b)).toEqual([]);
    for (const rank of together) {
      expect(rank[at].log.map(({ step, loss }) => [step, loss])).toEqual(
        together[0][at].log.map(({ step, loss }) => [step, loss]),
      );
    }
  });

  test.each(["compute_metrics", "compute_metrics by batch"])("%s has every pair once", (name) => {
    const at = names.indexOf(name);
    const rows = Array.from({ length: UNEVEN_ROWS }, (_, row) => row);
    const evaluations = together[0][at].log.filter(({ eval_loss }) => eval_loss !== undefined);
    const all = evaluations.flatMap(() => rows);
    for (const { seen } of together.map((rank) => rank[at])) expect(seen.flat()).toEqual(all);
    const table = readFileSync(join(folder, "together", `${at}`, "eval_margins.csv"), "utf8")
      .trim()
      .split("\n");
    expect(table.slice(1).map((line) => Number(line.split(",")[3]))).toEqual(all);
  });

  test("the cache of one training serves the next one", () => {
    const { lines } = together[0][names.indexOf("precomputed reference, from the cache")];
    expect(lines.join("\n")).toMatch(/reference log-probabilities of train: 12 pairs from/);
  });

  test("early stopping ends all ranks at the same step", () => {
    const at = names.indexOf("early stopping");
    for (const rank of together) expect(rank[at].log.at(-1)).toMatchObject({ step: 2 });
  });
});
