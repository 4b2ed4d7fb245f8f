/**
 * @file npm run soak [-- --minutes 30 --steps 3000 --seed 1]: all cases of the tests of processes (kills, signals), and
 * trainings of a tiny model, killed (SIGKILL) at random and resumed, with rivals, until the time is up. Each training
 * must end with the log, margins and weights of an undisturbed one, and its memory may grow by at most 3 % after step
 * 100. With --ranks: trainings on several processes instead (ranks.ts). With --serve: 50 clients of a server, for a
 * minute by default (serve.ts). With --stops: trainings that are stopped while their data is prepared (stops.ts).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeServedModels } from "../../test/support/servedModels.ts";
import { dice } from "../fuzz/dice.ts";
import { furnishSoak, KINDS, trainingOf } from "./kinds.ts";
import { memoryGrowth } from "./memoryGrowth.ts";
import { passes } from "./passes.ts";
import { soakRanks } from "./ranks.ts";
import { soakRound } from "./round.ts";
import { loadServer } from "./serve.ts";
import { soakStops } from "./stops.ts";

const MOST_GROWTH = 0.03;
/** Of a server, whose caches of conversations fill. */
const MOST_SERVER_GROWTH = 0.25;

/** The sources, without a build. */
const COMMAND = ["--import", import.meta.resolve("tsx"), fileURLToPath(new URL("./command.ts", import.meta.url))];

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    steps: { type: "string", default: "3000" },
    seed: { type: "string", default: "1" },
    ranks: { type: "boolean", default: false },
    serve: { type: "boolean", default: false },
    stops: { type: "boolean", default: false },
  },
});
const [minutes, steps, seed] = [values.minutes ?? (values.serve ? "1" : "30"), values.steps, values.seed].map(Number);
if (!(minutes > 0 && steps >= 200 && Number.isInteger(steps) && Number.isInteger(seed))) {
  console.error("error: expected --minutes above 0, --steps of at least 200 and an integer --seed");
  process.exit(1);
}

const end = Date.now() + minutes * 60_000;
const folder = mkdtempSync(join(tmpdir(), "prefine-soak-"));
let failed = 0;
try {
  if (values.serve) failed = await soakServer();
  else if (values.stops) failed = await soakStops(folder, { command: COMMAND, end, random: dice(seed) });
  else failed = values.ranks ? await soakRanks(folder, { minutes, seed }) : await soakRounds();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed === 0 ? "all rounds passed" : `${failed} rounds failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** @returns the number of failures. */
async function soakServer(): Promise<number> {
  const { run } = writeServedModels(folder);
  const result = await loadServer(run, { clients: 50, seconds: minutes * 60, seed });
  const [early, last] = result.memory.map((bytes) => Math.round(bytes / 2 ** 20));
  console.log(`${result.answers} answers, ${result.hungUp} hung up, ${result.refused} refused by a full queue`);
  console.log(
    `${result.leftRows} rows and ${result.leftSockets} sockets left; memory ${early} MiB after a third, ${last} MiB at the end`,
  );
  for (const fault of result.faults.slice(0, 10)) console.log(`FAULT: ${fault}`);
  return (
    result.faults.length + result.leftRows + result.leftSockets + (last > early * (1 + MOST_SERVER_GROWTH) ? 1 : 0)
  );
}

/** Of which `npm test` takes a sample. */
const PROCESSES = ["kill", "signals"].map((name) => `test/invariants/${name}.test.ts`);

/** @returns the number of failures. */
async function soakRounds(): Promise<number> {
  let bad = passes(PROCESSES) ? 0 : 1;
  await furnishSoak(folder);
  for (let round = 0; round === 0 || Date.now() < end; round++) {
    const kind = KINDS[round % KINDS.length];
    const place = join(folder, String(round));
    const training = trainingOf(kind, { folder, steps });
    training.args = { ...training.args, output_dir: place };
    // lives of up to 9 s: a few end while the model loads, most after some hundred steps
    const result = await soakRound(training, { dice: dice(seed + round), longestLife: 9_000 });
    const growth = memoryGrowth(result.memory);
    const isGood = result.differences.length === 0 && growth <= MOST_GROWTH;
    if (!isGood) bad++;
    const words = [
      `round ${round + 1}: ${kind}, ${steps} steps in ${result.seconds.toFixed(0)} s, ${result.kills} kills, ` +
        `${result.refusals} rivals refused, ${result.takeovers} locks taken over`,
      result.differences.length === 0 ? "same result" : `DIFFERENT: ${result.differences.join(", ")}`,
      `memory ${(100 * growth).toFixed(1)} % above step 100${growth <= MOST_GROWTH ? "" : ": TOO MUCH"}`,
    ];
    console.log(words.join("; "));
    for (const name of [place, `${place}-killed`]) rmSync(name, { recursive: true, force: true });
  }
  return bad;
}
