/** @file A run's verdict: from its log, into verdict.json, and as its last line. */
import { checkOwned } from "../checkpoints/ownership.ts";
import { freeName, VERDICT } from "../checkpoints/runsOwn.ts";
import { PrefineError } from "../errors.ts";
import { rateWarning } from "../verdict/advice.ts";
import { knownLosses, type RunFacts } from "../verdict/facts.ts";
import { isBad, judge, type Verdict, verdictLine } from "../verdict/verdict.ts";
import { NotFinite, type Run } from "./run.ts";

/** The verdict on a run as it stands. Cost: a pass over the log. */
export function judgeRun(run: Run, end: RunFacts["end"]): Verdict {
  return judge(run.state.log_history, factsOf(run, end));
}

function factsOf({ args, state, plan, savedAs, learner, referenceFacts }: Run, end: RunFacts["end"]): RunFacts {
  const isStart = referenceFacts?.tiesAtStart === true && !args.sync_ref_model;
  return {
    beta: args.beta,
    loss_type: knownLosses(args.loss_type),
    learning_rate: args.learning_rate,
    optim: args.optim,
    isAdapter: savedAs.kind === "adapter",
    reference: learner.rewards !== "logratios" ? "none" : isStart ? "start" : "other",
    step: state.global_step,
    max_steps: plan.maxSteps,
    end,
    best_step: args.load_best_model_at_end && state.best_model_checkpoint !== null ? state.best_global_step : null,
  };
}

/** Next to trainer_state.json, whose log_history stays transformers'. @returns the file's name, if one was free. */
export async function saveVerdict({ output, lock, observer }: Run, verdict: Verdict): Promise<string | undefined> {
  await checkOwned(output, lock);
  const name = await freeName(output, VERDICT, (line) => observer.warn(line));
  if (name !== undefined) await output.write(name, `${JSON.stringify(verdict, null, 2)}\n`);
  return name;
}

/** As a warning where something is to be changed: that is seen with disable_tqdm, too. */
export function sayVerdict({ observer }: Run, verdict: Verdict): void {
  observer[isBad(verdict) ? "warn" : "info"](verdictLine(verdict));
}

/** A line before the first step where the learning rate is far from what works. */
export function warnOfRate({ args, savedAs, observer }: Run): void {
  const line = rateWarning({ ...args, isAdapter: savedAs.kind === "adapter" });
  if (line !== undefined) observer.warn(line);
}

/** The verdict on a run that was stopped or failed, as far as it came; any error of its own gives way to the run's. */
export async function concludeEarly(run: Run, error: unknown): Promise<void> {
  const isInterrupted = error instanceof PrefineError && error.code === "interrupted";
  if (!isInterrupted && !(error instanceof NotFinite)) return;
  if (run.state.global_step === 0) return; // nothing was learned yet, and the error says all
  const verdict = judgeRun(run, isInterrupted ? "interrupted" : "not finite");
  run.observer.end();
  sayVerdict(run, verdict);
  try {
    await saveVerdict(run, verdict);
  } catch (cause) {
    if (!(cause instanceof PrefineError)) throw cause;
  }
}
