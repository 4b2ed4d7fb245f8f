/**
 * @file Runs killed (SIGKILL) at moments spread over a run (twenty with PREFINE_CASES=all): every existing checkpoint
 * is whole, and the resumed run has the log and the adapter of the uninterrupted one, bit for bit.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dice } from "../../scripts/fuzz/dice.ts";
import { checkpointFault } from "../../src/checkpoints/checkpoint.ts";
import { listCheckpoints } from "../../src/checkpoints/runDirectory.ts";
import { readRunState } from "../../src/checkpoints/trainerState.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { isPartial } from "../../src/disk/wholeFiles.ts";
import { furnish } from "../support/furnish.ts";
import { contents } from "../support/outcomes.ts";
import { takesAll } from "../support/samples.ts";
import { withoutTimings } from "../support/toyTrainer.ts";
import { ended, startTraining } from "../support/trainingProcess.ts";
import { editJson } from "../support/workbench.ts";

const KILLS = takesAll ? 20 : 3;
/** How many of these before anything is written: while the program, the model and the data are loading. */
const EARLY = takesAll ? 2 : 1;
const SEED = 11;
/** Every second kill immediately follows a change: during a save. Later than this, the next step is running. */
const LONGEST_DELAY_MS = 25;

/** Both kinds of dropout, checkpoints after each step (some are deleted again), and evaluations. */
const FLAGS = (
  "--max_steps 9 --lora_dropout 0.2 --disable_dropout false --learning_rate 1e-3 --per_device_train_batch_size 2 " +
  "--save_strategy steps --save_steps 1 --eval_strategy steps --eval_steps 4"
).split(" ");
const LIMIT = ["--save_total_limit", "3"];

const folder = mkdtempSync(join(tmpdir(), "prefine-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A user's folder with model, data and run file. */
function workplace(name: string): string {
  const place = join(folder, name);
  cpSync(join(folder, "template"), place, { recursive: true });
  mkdirSync(join(place, "dpo"));
  return place;
}

const start = (place: string, ...flags: string[]) => startTraining(place, ...FLAGS, ...flags);

/** Calls back whenever something appears, disappears or is renamed in dpo/. */
function onChange(place: string, callback: () => void): () => void {
  const watcher = watch(join(place, "dpo"), (event) => event === "rename" && callback());
  return () => watcher.close();
}

/** Must be equal: the whole state except for timings, and the bytes of the adapter. */
async function outcome(place: string) {
  const { log_history, ...state } = await readRunState(folderAt(join(place, "dpo")));
  const adapter = readFileSync(join(place, "dpo/adapter_model.safetensors"));
  return { ...state, log_history: withoutTimings(log_history), adapter: adapter.toString("hex") };
}

let unbroken: string;
/** Number of changes in dpo/ during an uninterrupted run, at least. */
let changes = 0;
let expected: Awaited<ReturnType<typeof outcome>>;

beforeAll(async () => {
  await furnish(join(folder, "template"));
  editJson(join(folder, "template/model/config.json"), { attn_pdrop: 0.1, resid_pdrop: 0.1, embd_pdrop: 0.1 });
  unbroken = workplace("unbroken");
  const stopped = onChange(unbroken, () => changes++);
  expect(await ended(start(unbroken))).toMatchObject({ code: 0 });
  stopped();
  expected = await outcome(unbroken);
  expect(expected.log_history.length).toBe(9 + 3 + 1); // steps, evaluations, the summary
  if (!takesAll) return;
  changes = 0; // more of them: a run with a limit deletes checkpoints
  const again = workplace("again");
  const stop = onChange(again, () => changes++);
  expect(await ended(start(again, ...LIMIT))).toMatchObject({ code: 0 });
  stop();
  expect(await outcome(again)).toEqual(expected);
}, 60_000);

/** Kills after a number of changes and some milliseconds. @returns what it hit: at the last one, a run may be over. */
async function kill(
  place: string,
  { after, delay }: { after: number; delay: number },
): Promise<"half-written" | "nothing half-written" | "over"> {
  const child = start(place, ...LIMIT);
  const end = ended(child);
  const strike = () => setTimeout(() => child.kill("SIGKILL"), delay);
  let count = 0;
  const stop = onChange(place, () => ++count === after && strike());
  if (after === 0) strike();
  const { code, signal } = await end;
  stop();
  if (code === 0) return "over";
  expect(signal).toBe("SIGKILL");
  return readdirSync(join(place, "dpo")).some(isPartial) ? "half-written" : "nothing half-written";
}

/** Every checkpoint, even one that was being written or deleted, is whole and equals the uninterrupted run's. */
async function expectWholeCheckpoints(place: string): Promise<void> {
  for (const { folder: checkpoint, step } of await listCheckpoints(folderAt(join(place, "dpo")))) {
    expect(await checkpointFault(checkpoint)).toBeUndefined();
    const [found, whole] = [checkpoint.path, join(unbroken, `dpo/checkpoint-${step}`)].map(contents);
    for (const name of ["adapter_model.safetensors", "optimizer.safetensors", "reference_logps.safetensors"]) {
      expect(found[name], `${name} after step ${step}`).toBe(whole[name]);
    }
  }
}

describe("a run that is killed and resumed", () => {
  const hits: Awaited<ReturnType<typeof kill>>[] = [];

  it.each(Array.from({ length: KILLS }, (_, i) => i))("kill %i", { timeout: 120_000 }, async (i) => {
    const place = workplace(`kill-${i}`);
    const chance = dice(SEED + i);
    const share = (i - EARLY + chance.below(1000) / 1000) / (KILLS - EARLY);
    const moment =
      i < EARLY
        ? { after: 0, delay: 100 + chance.below(300) }
        : { after: 1 + Math.floor(share * (changes - 1)), delay: i % 2 === 0 ? 0 : chance.below(LONGEST_DELAY_MS) };
    hits.push(await kill(place, moment));
    await expectWholeCheckpoints(place);
    const resumed = await ended(start(place, ...LIMIT, "--resume_from_checkpoint"));
    expect(resumed).toMatchObject({ code: 0 });
    expect(await outcome(place)).toEqual(expected);
    expect(readdirSync(join(place, "dpo")).filter(isPartial)).toEqual([]);
    rmSync(place, { recursive: true });
  });

  afterAll(() => {
    if (hits.length < KILLS || !takesAll) return;
    expect(hits).toContain("half-written"); // some during a save
    expect(hits.filter((hit) => hit === "over").length).toBeLessThanOrEqual(1);
  });
});
