/**
 * @file npm run soak -- --ranks: trainings on several processes, with Open MPI and with MPICH where it is installed:
 * all of TRL's runs, all kinds of trainings beside one process, and jobs that are killed at random and resumed to the
 * same bits, or of which a rank hangs.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainerState } from "../../src/checkpoints/trainerState.ts";
import { type Fault, rankFault } from "../../test/support/rankFaults.ts";
import { furnishRanks } from "../../test/support/rankTrainings.ts";
import { hasLauncher, type LAUNCHERS, type RankEnd, runRanks } from "../../test/support/startRanks.ts";
import { withoutTimings } from "../../test/support/toyTrainer.ts";
import { type Dice, dice } from "../fuzz/dice.ts";
import { passes } from "./passes.ts";

type Launcher = keyof typeof LAUNCHERS;

const LORA = ["--use_peft", "--lora_r", "2", "--lora_target_modules", "c_attn", "c_proj"];
const DROPOUT = ["--lora_dropout", "0.1", "--disable_dropout", "false"];
const STREAM = ["--dataset_streaming", "--eval_strategy", "no"];

/** Trainings with all that a checkpoint of several ranks must hold. */
const JOBS: Readonly<Record<string, readonly string[]>> = {
  "an adapter, dropout": [...LORA, ...DROPOUT],
  "all weights, accumulation": ["--gradient_accumulation_steps", "2", "--optim", "adafactor"],
  "a moving reference": [...LORA, "--sync_ref_model", "--ref_model_sync_steps", "7"],
  "a precomputed reference": [...LORA, "--precompute_ref_log_probs", "--precompute_ref_cache", "false"],
  "4 bits": [...LORA, "--load_in_4bit"],
  "a stream of one file": [...LORA, ...DROPOUT, ...STREAM],
  "a stream of several files": [...LORA, ...STREAM, "--data_files.train", "first.jsonl", "second.jsonl", "third.jsonl"],
};

interface KilledJob {
  folder: string;
  job: string;
  size: number;
  by: Launcher;
  steps: number;
}

function wordsOf({ job, steps }: Omit<KilledJob, "folder">, output_dir: string): string[] {
  const every = (share: number) => `${Math.max(1, Math.round(steps * share))}`;
  const settings = {
    model_name_or_path: "model",
    "data_files.train": "train.jsonl",
    "data_files.test": "uneven.jsonl",
    output_dir,
    max_steps: steps,
    max_length: 64,
    per_device_train_batch_size: 2,
    per_device_eval_batch_size: 2,
    learning_rate: 1e-3,
    logging_steps: 1,
    save_strategy: "steps",
    save_steps: every(0.06),
    eval_strategy: "steps",
    eval_steps: every(0.1),
    bf16: false,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return ["train", ...flags, ...JOBS[job], "--resume_from_checkpoint"];
}

/** Log, state, margins and weights at the end. */
function resultOf(folder: string): Record<string, unknown> {
  const state = JSON.parse(readFileSync(join(folder, "trainer_state.json"), "utf8")) as TrainerState;
  const files = ["adapter_model.safetensors", "model.safetensors", "eval_margins.csv"];
  const bytes = files.map((name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "hex") : ""));
  return { log: withoutTimings(state.log_history), flos: state.total_flos, ...bytes };
}

/**
 * A job as it is, and one whose ranks are killed at random moments, each time resumed.
 * @param most kills. @returns what differs, and the kills.
 */
async function killedJob(
  job: KilledJob,
  { random, most }: { random: Dice; most: number },
): Promise<{ differences: string[]; kills: number }> {
  const { folder, size, by } = job;
  const name = `${job.job.replaceAll(/\W+/g, "-")}-${size}-${by}`;
  const whole = await runRanks(wordsOf(job, `${name}-whole`), { size, cwd: folder, by });
  if (whole.code !== 0) throw new Error(`${name} failed:\n${whole.stderr}`);
  let kills = 0;
  for (let end: RankEnd | undefined; end?.code !== 0; ) {
    const fault: Fault = { rank: random.below(size), at: 1 + random.below(15 * job.steps), signal: "SIGKILL" };
    const env = kills < most ? rankFault(folder, { ...fault, every: "request" }) : {};
    end = await runRanks(wordsOf(job, `${name}-killed`), { size, cwd: folder, by, env });
    if (end.code === 0) break;
    if (/^error: (?!.*ddp_timeout)/m.test(end.stderr))
      throw new Error(`${name} failed after ${kills} kills:\n${end.stderr}`);
    kills++;
  }
  const [a, b] = ["whole", "killed"].map((kind) => resultOf(join(folder, `${name}-${kind}`)));
  const differences = Object.keys(a).filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  return { differences, kills };
}

/** A rank stops at a random step: the others end the job. @returns what is wrong; empty: nothing. */
async function hungJob(job: KilledJob, random: Dice): Promise<string> {
  const fault: Fault = { rank: random.below(job.size), at: 1 + random.below(job.steps), signal: "SIGSTOP" };
  const env = rankFault(job.folder, { ...fault, every: "step" });
  const words = [...wordsOf(job, `hung-${random.below(1e9)}`), "--ddp_timeout", "3"];
  const started = performance.now();
  const { code, stderr } = await runRanks(words, { size: job.size, cwd: job.folder, by: job.by, env });
  const seconds = (performance.now() - started) / 1000;
  const isSaid = /has waited 3 s for the other ranks \(ddp_timeout\)/.test(stderr);
  return code !== 0 && isSaid ? "" : `code ${code} after ${seconds.toFixed(0)} s:\n${stderr}`;
}

/** @returns the number of failures. */
export async function soakRanks(folder: string, { minutes, seed }: { minutes: number; seed: number }): Promise<number> {
  const launchers = (["mpirun", "mpiexec.mpich"] as const).filter(hasLauncher);
  if (launchers.length === 0) console.log("ranks: SKIPPED, neither mpirun nor mpiexec.mpich is installed");
  let failed = 0;
  const tell = (line: string, isGood: boolean) => {
    if (!isGood) failed++;
    console.log(`ranks: ${line}${isGood ? "" : ": FAILED"}`);
  };
  for (const by of launchers) {
    const env = { PREFINE_LAUNCHER: by, PREFINE_CLUSTER_CASES: "all", PREFINE_RANK_TRAININGS: "all" };
    tell(`TRL's runs, ${by}`, passes(["test/parity/cluster.test.ts"], env));
    tell(`errors of one rank, ${by}`, passes(["test/clusterFailures.test.ts"], env));
    if (by === "mpirun") tell("signals, kills, launchers", passes(["test/cluster.test.ts"], env));
    for (const size of ["2", "3"])
      tell(
        `all kinds on ${size} ranks, ${by}`,
        passes(["test/clusterTrainings.test.ts"], { ...env, PREFINE_RANKS: size }),
      );
  }
  await furnishRanks(folder);
  const end = Date.now() + minutes * 60_000;
  const names = Object.keys(JOBS);
  for (let round = 0; launchers.length > 0 && (round < names.length || Date.now() < end); round++) {
    const random = dice(seed + round);
    const by = launchers[round % launchers.length];
    const place = join(folder, `${round}`);
    mkdirSync(place);
    await furnishRanks(place);
    const job = { folder: place, job: names[round % names.length], size: 2 + (round % 2), by, steps: 50 };
    const { differences, kills } = await killedJob(job, { random, most: 8 });
    const words = `${job.job} on ${job.size} ranks, ${by}: ${kills} kills`;
    tell(
      differences.length > 0 ? `${words}, DIFFERENT: ${differences.join(", ")}` : `${words}, same result`,
      differences.length === 0,
    );
    const hung = await hungJob({ ...job, job: names[0] }, random);
    tell(`a rank that hangs, ${by}${hung && `: ${hung}`}`, hung === "");
  }
  return failed;
}
