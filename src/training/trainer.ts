/** @file TRL's DPOTrainer on any platform. Prepares a run, takes its steps, writes a finished output_dir. */
import { checkValue, inspected, noArguments, text } from "../arguments.ts";
import { modelFiles } from "../checkpoints/modelFiles.ts";
import { takeFolder } from "../checkpoints/ownership.ts";
import type { NewestCheckpoint } from "../checkpoints/runDirectory.ts";
import { refuseOthersFiles, removeRun } from "../checkpoints/runFiles.ts";
import { type LogEntry, newTrainerState, TRAINER_STATE, type TrainerState } from "../checkpoints/trainerState.ts";
import { adviceOf, DPOConfig, warningOf } from "../config/DPOConfig.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import { type CallbackInput, Callbacks, type TrainerCallback } from "./callbacks/callbacks.ts";
import {
  checkEvaluation,
  checkPrepareOptions,
  checkStreaming,
  checkTrainerOptions,
  checkTrainOptions,
} from "./checkOptions.ts";
import { concludeEarly, judgeRun, sayVerdict, warnOfRate } from "./conclude.ts";
import { describeTrainer } from "./describeTrainer.ts";
import { checkMetric } from "./evaluation/bestModel.ts";
import { forgetEvaluation, logEvaluation } from "./evaluation/logEntries.ts";
import { jointError } from "./failTogether.ts";
import { finishRun, saveModel, saveState } from "./finish.ts";
import { Lifetime } from "./lifetime.ts";
import { listenersOf, observerOf } from "./listeners.ts";
import { runToEnd } from "./loop.ts";
import type { Platform } from "./platform.ts";
import { type OpenedRun, openRun } from "./prepare/openRun.ts";
import {
  checkOutputDir,
  confirmStart,
  continuesRun,
  findStart,
  type Resume,
  resumedQuantization,
} from "./prepare/outputFolder.ts";
import { isStreamed } from "./prepare/streamReader.ts";
import { firstLines, lastLines } from "./reportLines.ts";
import { requestOf } from "./request.ts";
import { resumeRun, warnOfNewer } from "./resumeRun.ts";
import { type Run, type RunObserver, Stopped } from "./run.ts";
import { compareRanks } from "./sameRun.ts";
import { checkDropped, createRun, resetOptimizer, resetState } from "./startRun.ts";
import type { DPOTrainerOptions, TrainOptions, TrainOutput } from "./trainerOptions.ts";

/** A prepared run, for `train`, `evaluate` and the other methods. */
interface Ready {
  run: Run;
  facts: OpenedRun["facts"];
}

export class Trainer {
  readonly args: DPOConfig;
  private platform: Platform;
  private ranks: DeviceRanks | undefined;
  private readonly options: DPOTrainerOptions;
  private readonly observer: RunObserver;
  private readonly callbacks: Callbacks;
  private readonly empty = newTrainerState();
  private ready: Promise<Ready> | undefined;
  private run: Run | undefined;
  private hasTrained = false;
  private isBusy = false;
  private readonly lifetime = new Lifetime((error) => jointError(this.ranks, error));
  private disposed: Promise<void> | undefined;

  /** Checks the settings; reads no files: `prepare` does, which `train` and `evaluate` call. */
  constructor(options: DPOTrainerOptions, platform: Platform) {
    checkTrainerOptions(options);
    this.options = options;
    this.platform = platform;
    this.args = DPOConfig(options.args ?? {});
    const logger = options.logger ?? platform.createLogger({ disable_tqdm: this.args.disable_tqdm ?? false });
    this.observer = observerOf(platform.isFirstRank?.() === false ? [] : listenersOf(logger, this.args, platform));
    this.callbacks = new Callbacks(options.callbacks ?? []);
    checkEvaluation(this.args, options);
    if (isStreamed(options.train_dataset)) checkStreaming(this.args);
  }

  /** Adds a callback after the others. */
  add_callback(callback: CallbackInput): void {
    this.callbacks.add(callback);
  }

  /** Removes this callback, or the first one of this class. @returns the removed one, if any. */
  remove_callback(callback: CallbackInput): TrainerCallback | undefined {
    return this.callbacks.remove(callback);
  }

  /** transformers' TrainerState: global_step, epoch, log_history, ... */
  get state(): TrainerState {
    return this.run?.state ?? this.empty;
  }

  /** Loads the model, tokenizes the data, compiles the graphs; only once. */
  async prepare(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    checkPrepareOptions(options);
    await this.lifetime.run(() => this.open(this.lifetime.until(options.signal)));
  }

  /**
   * Trains to the end and writes output_dir: model, tokenizer, trainer_state.json, plot, model card.
   * @throws PrefineError("interrupted") if the signal or `dispose` stopped it, with a checkpoint of the last step;
   *   "config" when another training uses output_dir, or it has a run that is neither resumed nor overwritten; "io"
   *   when it is not writable; "training" for a loss that is not finite.
   */
  async train(options: TrainOptions = {}): Promise<TrainOutput> {
    checkTrainOptions(options);
    return this.exclusively("train", async () => {
      await this.join(); // before anything is read: all or none
      const resume = options.resume_from_checkpoint ?? this.args.resume_from_checkpoint;
      const resuming = { args: this.args, storage: this.platform.storage, resume };
      await checkOutputDir(this.args, resuming.storage, resume);
      await findStart(resuming, this.observer); // reports damage before anything is loaded
      const signal = this.lifetime.until(options.signal);
      const { run, facts } = await this.open(signal, resume);
      run.lock = await takeFolder(run.output, { warn: (line) => this.observer.warn(line), signal });
      try {
        await this.goToStart(run, await confirmStart(resuming), {
          replaces: this.args.overwrite_output_dir && !continuesRun(resuming),
        });
        return await this.trainFromHere(run, facts, signal);
      } finally {
        await run.lock.release();
        run.lock = undefined;
      }
    });
  }

  private async trainFromHere(run: Run, facts: OpenedRun["facts"], signal: AbortSignal) {
    run.signal = signal;
    run.ownsOutput = true;
    this.hasTrained = true;
    const { maxSteps, stepsPerEpoch } = run.plan;
    const epochs = maxSteps / stepsPerEpoch; // a fraction, as in the first lines
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    for (const line of firstLines(run)) this.observer.info(line);
    warnOfRate(run);
    try {
      this.observer.start({ totalSteps: maxSteps, startStep: run.state.global_step, epochs });
      const metrics = await runToEnd(run);
      this.observer.end();
      const files = await finishRun(run, facts);
      for (const line of await lastLines(run, files, seconds())) this.observer.info(line);
      sayVerdict(run, judgeRun(run, "finished"));
      return { global_step: run.state.global_step, training_loss: metrics.train_loss, metrics };
    } catch (error) {
      await concludeEarly(run, error);
      throw error;
    } finally {
      run.signal = undefined;
      this.observer.close();
    }
  }

  /** Evaluates eval_dataset with the current weights, logs the result and returns it. */
  async evaluate(...given: readonly []): Promise<LogEntry> {
    noArguments("evaluate", given, "It evaluates the trainer's eval_dataset, with its args.");
    return this.exclusively("evaluate", async () => {
      const { run } = await this.open();
      forgetEvaluation(run); // an interrupted one belongs to the training
      run.signal = this.lifetime.signal;
      try {
        return await logEvaluation(run);
      } catch (error) {
        throw error instanceof Stopped ? this.lifetime.signal.reason : error;
      } finally {
        run.signal = undefined;
      }
    });
  }

  /** Writes the weights, the tokenizer and training_args.json. @param dir default: output_dir. */
  async save_model(dir = this.args.output_dir): Promise<void> {
    checkValue("save_model", dir, text, "Pass the folder to write; default: output_dir.");
    await this.lifetime.run(async () => saveModel((await this.open()).run, this.platform.storage.folder(dir)));
  }

  /** Writes trainer_state.json into output_dir. */
  async save_state(): Promise<void> {
    await this.lifetime.run(async () => saveState((await this.open()).run));
  }

  /**
   * Frees the runtime's memory and thread; the trainer can't be used afterwards, its state can still be read. A running
   * call is stopped first, as by its signal: `train` saves a checkpoint and throws "interrupted". Resolves when that is
   * done; while a callback is running, at once, since the training waits for the callback.
   */
  async dispose(): Promise<void> {
    this.disposed ??= this.end();
    this.disposed.catch(() => {}); // reported below, unless a callback is running
    if (!this.callbacks.isCalling) await this.disposed;
  }

  /** What console.log shows. */
  [inspected](): string {
    const { model, train_dataset, eval_dataset } = this.options;
    return describeTrainer({ model, train_dataset, eval_dataset, args: this.args, state: this.state });
  }

  private async end(): Promise<void> {
    await this.lifetime.end();
    this.observer.close();
    const ready = await this.ready?.catch(() => undefined);
    if (ready) await endParts({ train: ready.run.train.pairs, learner: ready.run.learner });
  }

  private async open(signal = this.lifetime.signal, resume: Resume = this.args.resume_from_checkpoint): Promise<Ready> {
    this.ready ??= this.openOnce(signal, resume);
    try {
      return await this.ready;
    } catch (error) {
      if ((error as PrefineError).code === "interrupted") this.ready = undefined; // may be tried again
      throw error;
    }
  }

  private async openOnce(signal: AbortSignal | undefined, resume: Resume): Promise<Ready> {
    await this.join();
    const warning = warningOf(this.args);
    if (warning !== undefined) this.observer.warn(warning);
    for (const line of adviceOf(this.args)) this.observer.info(line);
    const { parts, facts } = await (this.options.prepared?.(this.observer) ?? this.openRun(signal, resume));
    try {
      return { run: await this.createRun(parts), facts };
    } catch (error) {
      await endParts(parts);
      throw error;
    }
  }

  private async createRun(parts: OpenedRun["parts"]): Promise<Run> {
    const { compute_metrics = null } = this.options;
    const { ranks, callbacks } = this;
    if (ranks) await compareRanks(ranks, parts);
    this.run = createRun({ ...parts, callbacks, compute_metrics, ranks }, this.platform);
    checkMetric(this.run);
    checkDropped(this.run);
    await this.callbacks.call("on_init_end", this.run);
    return this.run;
  }

  /** Connects to the other processes of the job, if there are any; once. */
  private async join(): Promise<void> {
    const joined = this.ranks ? undefined : await this.platform.join?.(this.args);
    if (joined) ({ ranks: this.ranks, platform: this.platform } = joined);
  }

  private async openRun(signal: AbortSignal | undefined, resume: Resume): Promise<OpenedRun> {
    const { args, observer, platform, ranks } = this;
    const request = { ...requestOf(this.options, args, signal), platform, ranks };
    const isOpen =
      typeof request.model === "string" &&
      this.options.quantization_config === undefined &&
      args.model_init_kwargs?.quantization_config === undefined;
    if (!isOpen) return openRun(request, observer);
    const quantization_config = await resumedQuantization({ args, storage: platform.storage, resume }, observer.info);
    return openRun({ ...request, quantization_config }, observer);
  }

  private async goToStart(
    run: Run,
    checkpoint: NewestCheckpoint | undefined,
    { replaces }: { replaces: boolean },
  ): Promise<void> {
    const { output } = run;
    const onKept = (line: string) => this.observer.warn(line);
    const names = [...modelFiles(run.savedAs, new Map()), ...run.files].map(([name]) => name);
    await refuseOthersFiles(output, { names: [...names, TRAINER_STATE], step: checkpoint?.step ?? 0, replaces });
    await output.deletePartials();
    resetState(run);
    if (this.hasTrained) await resetOptimizer(run);
    const replace = async () => (replaces ? removeRun(output, onKept, names) : undefined);
    if (checkpoint === undefined) return replace();
    const { path } = checkpoint.folder;
    await resumeRun(run, checkpoint.folder, replace);
    this.observer.info(`${path}: resuming after step ${run.state.global_step} of ${run.plan.maxSteps}`);
    await warnOfNewer(run, path);
  }

  private async exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.isBusy) throw new PrefineError("config", `${name}: the trainer is already running; await it first`);
    this.isBusy = true;
    try {
      return await this.lifetime.run(work);
    } finally {
      this.isBusy = false;
    }
  }
}

/** Frees what the preparation has opened. */
async function endParts({ train, learner }: Pick<OpenedRun["parts"], "train" | "learner">): Promise<void> {
  await train.end?.();
  await learner.dispose();
}
