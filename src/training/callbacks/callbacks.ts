/** @file Callbacks of a training: transformers' TrainerCallback; its events may be asynchronous here. */
import { checkValue, type ValueCheck } from "../../arguments.ts";
import type { TrainerState } from "../../checkpoints/trainerState.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import { nearestName, PrefineError } from "../../errors.ts";
import type { TrainerControl } from "../loopState.ts";
import { setFlags } from "./control.ts";

/** Passed to an event besides args, state and control. */
export interface EventDetails {
  /** on_log: the logged values, with `epoch`. A copy: changing it does not change the log. */
  logs?: Record<string, number> | undefined;
  /** on_evaluate: the values of the evaluation, under the names they are logged by. */
  metrics?: Record<string, number> | undefined;
  /** on_save: the checkpoint's folder. */
  checkpoint?: string | undefined;
}

/** Returns a TrainerControl whose flags are applied, or nothing; or a promise of either. */
type Event = (args: DPOConfig, state: TrainerState, control: TrainerControl, details: EventDetails) => unknown;

const EVENTS = [
  "on_init_end",
  "on_train_begin",
  "on_train_end",
  "on_epoch_begin",
  "on_epoch_end",
  "on_step_begin",
  "on_substep_end",
  "on_pre_optimizer_step",
  "on_optimizer_step",
  "on_step_end",
  "on_log",
  "on_evaluate",
  "on_prediction_step",
  "on_save",
] as const;
export type EventName = (typeof EVENTS)[number];

/** The state of a callback in a checkpoint: transformers' ExportableState. */
export interface CallbackState {
  /** Settings, named as its constructor's options. */
  args: Record<string, unknown>;
  /** Values that have changed since. */
  attributes: Record<string, unknown>;
}

/**
 * A transformers.TrainerCallback: any object with some of these events. The run awaits the result of an event; an error
 * in it stops the run. Set flags on `control`, or return a new one; `state` is the trainer's own object, not a copy.
 */
export type TrainerCallback = { [K in EventName]?: Event | undefined } & {
  /** For checkpoints; `attributes` (and `args`) are restored as properties when a run is resumed. */
  state?: (() => CallbackState) | undefined;
};

/** An instance, or a class whose constructor needs no arguments. */
export type CallbackInput = TrainerCallback | (new () => TrainerCallback);

/** The parts of a run that events are called with. */
export interface EventSource {
  readonly args: DPOConfig;
  readonly state: TrainerState;
  readonly loop: { readonly control: Readonly<TrainerControl> };
  /** Brings the flags of all ranks of a job together, after callbacks of theirs may have set some. */
  readonly agree?: ((control: TrainerControl) => Promise<void>) | undefined;
}

const nameOf = (callback: TrainerCallback): string => callback.constructor?.name || "Object";

const CALLBACK: ValueCheck = {
  expected: "an object with events of a TrainerCallback, or its class",
  accepts: (value) =>
    typeof value === "function" ? value.prototype !== undefined : typeof value === "object" && value !== null,
};

/** The callbacks of a trainer, called in order. */
export class Callbacks {
  private readonly list: TrainerCallback[] = [];
  private calls = 0;

  /** @throws PrefineError("config") for a callback without events, or with an unknown event. */
  constructor(inputs: readonly CallbackInput[] = []) {
    for (const input of inputs) this.add(input);
  }

  /** Whether an event is running. */
  get isCalling(): boolean {
    return this.calls > 0;
  }

  get length(): number {
    return this.list.length;
  }

  add(input: CallbackInput): void {
    checkValue("callbacks", input, CALLBACK, `The events are ${EVENTS.join(", ")}.`);
    const callback = typeof input === "function" ? new input() : input;
    checkEvents(callback);
    this.list.push(callback);
  }

  /** Removes this callback, or the first one of this class. @returns the removed one, if any. */
  remove(input: CallbackInput): TrainerCallback | undefined {
    const index = this.list.findIndex((one) => (typeof input === "function" ? one instanceof input : one === input));
    return index < 0 ? undefined : this.list.splice(index, 1)[0];
  }

  /** Calls the event of all callbacks, one at a time. @throws PrefineError("training") for an error in one. */
  async call(event: EventName, { args, state, loop, agree }: EventSource, details: EventDetails = {}): Promise<void> {
    for (const callback of this.list) {
      const act = callback[event];
      if (!act) continue;
      this.calls++;
      try {
        const result = await act.call(callback, args, state, loop.control, details);
        if (typeof result === "object" && result !== null) setFlags(loop.control, result);
      } catch (cause) {
        throw callbackError(cause, `${nameOf(callback)}.${event}`, state.global_step);
      } finally {
        this.calls--;
      }
    }
    await agree?.(loop.control);
  }

  /** States by class name, as in trainer_state.json; several callbacks of a class are a list. */
  states(): Record<string, CallbackState | CallbackState[]> {
    const states: Record<string, CallbackState | CallbackState[]> = {};
    for (const callback of this.list) {
      const state = callback.state?.();
      if (!state) continue;
      const name = nameOf(callback);
      states[name] = name in states ? [states[name], state].flat() : state;
    }
    return states;
  }

  /**
   * Restores the result of `states`.
   * @param withArgs also restores the settings; otherwise the present callbacks keep theirs.
   * @returns names of saved callbacks that this run does not have.
   */
  restore(saved: Record<string, unknown>, { withArgs }: { withArgs: boolean }): string[] {
    const missing: string[] = [];
    for (const [name, data] of Object.entries(saved)) {
      if (name === "TrainerControl") continue;
      const present = this.list.filter((callback) => callback.state && nameOf(callback) === name);
      if (present.length === 0) missing.push(name);
      const states = [data].flat() as Partial<CallbackState>[];
      for (const [i, callback] of present.slice(0, states.length).entries()) {
        Object.assign(callback, withArgs ? states[i].args : {}, states[i].attributes);
      }
    }
    return missing;
  }
}

function checkEvents(callback: TrainerCallback): void {
  const names = new Set<string>();
  for (let at: object | null = callback; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) if (name.startsWith("on_")) names.add(name);
  }
  const events = new Set<string>([...EVENTS, "on_predict", "on_push_begin"]); // valid, never called here
  const unknown = [...names].find((name) => !events.has(name));
  if (names.size > 0 && unknown === undefined) return;
  const near = unknown && nearestName(unknown, events);
  throw new PrefineError(
    "config",
    `callbacks: ${nameOf(callback)}: expected events of a TrainerCallback, found ${unknown ?? "none of them"}`,
    near ? `Did you mean ${near}?` : `The events are ${EVENTS.join(", ")}.`,
  );
}

/** Passes on a PrefineError; any other error is the callback's own, and the message names the callback. */
function callbackError(cause: unknown, where: string, step: number): PrefineError {
  if (cause instanceof PrefineError) return cause;
  const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const hint = "The run stopped; checkpoints of earlier steps are intact. The error's cause has the stack.";
  return new PrefineError("training", `callback ${where} (step ${step}): ${what}`, hint, { cause });
}
