/** @file The listeners of a run: their order, and the effect of a failing one on the run and the others. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toyTrainer } from "../../test/support/toyTrainer.ts";
import type { EventLog } from "../checkpoints/eventLog.ts";
import { PrefineError } from "../errors.ts";
import { observerOf } from "./listeners.ts";
import type { RunListener } from "./run.ts";

const events = vi.hoisted(() => ({ log: undefined as Partial<EventLog> | undefined }));
vi.mock("../checkpoints/eventLog.ts", async (original) => {
  const actual = await original<typeof import("../checkpoints/eventLog.ts")>();
  const openEventLog: typeof actual.openEventLog = (...place) => ({ ...actual.openEventLog(...place), ...events.log });
  return { ...actual, openEventLog };
});
vi.mock("../plots/plotRunFolders.ts", () => ({ plotRunFolders: async () => ({ png: "training_loss.png" }) }));

const START = { totalSteps: 2, startStep: 0, epochs: 1 };
const FULL = new PrefineError("io", "events: the disk is full");

/** Records its events; fails at `failing` with `error`. */
function listener(name: string, heard: string[], failing?: keyof RunListener, error: Error = FULL): RunListener {
  const hear = (event: keyof RunListener) => (said?: unknown) => {
    heard.push(typeof said === "string" ? `${name} ${event}: ${said}` : `${name} ${event}`);
    if (event === failing) throw error;
  };
  const [info, warn, start, step] = [hear("info"), hear("warn"), hear("start"), hear("step")];
  return { name, info, warn, start, step, status: hear("status"), metrics: hear("metrics"), close: hear("close") };
}

describe("observerOf", () => {
  it("notifies its listeners in order, and closes them from the last to the first", () => {
    const heard: string[] = [];
    const observer = observerOf([listener("a", heard), { name: "deaf" }, listener("b", heard)]);
    observer.info("hello");
    observer.start(START);
    observer.step({ step: 1, epoch: 0.5, tokens: 7 });
    observer.status("evaluating 1/2");
    observer.metrics({ loss: 0.5, epoch: 1, step: 2 });
    observer.close();
    expect(heard).toEqual([
      "a info: hello",
      "b info: hello",
      "a start",
      "b start",
      "a step",
      "b step",
      "a status: evaluating 1/2",
      "b status: evaluating 1/2",
      "a metrics",
      "b metrics",
      "b close",
      "a close",
    ]);
  });

  it("removes a listener that fails after the start, and warns the others; a new start restores it", () => {
    const heard: string[] = [];
    const observer = observerOf([listener("a", heard), listener("b", heard, "step"), listener("c", heard)]);
    observer.start(START);
    heard.length = 0;
    observer.step({ step: 1, epoch: 0.5, tokens: 7 });
    observer.step({ step: 2, epoch: 1, tokens: 7 });
    observer.close();
    const warning = "warn: b is off for the rest of the run: events: the disk is full";
    expect(heard).toEqual([
      "a step",
      "b step",
      `a ${warning}`,
      `c ${warning}`,
      "c step",
      "a step",
      "c step",
      "c close",
      "a close",
    ]);
    observer.start(START);
    expect(heard.slice(-3)).toEqual(["a start", "b start", "c start"]);
  });

  it("fails if a listener fails at the start, or because of a bug", () => {
    const heard: string[] = [];
    expect(() => observerOf([listener("a", heard, "start"), listener("b", heard)]).start(START)).toThrow(FULL);
    expect(heard).toEqual(["a start"]);
    const fault = new TypeError("x is undefined");
    const observer = observerOf([listener("a", heard), listener("b", heard, "close", fault)]);
    expect(() => observer.close()).toThrow(fault);
    expect(heard.slice(1)).toEqual(["b close", "a close"]); // the terminal is released in any case
  });
});

describe("a training", () => {
  let output_dir = "";
  beforeEach(() => {
    output_dir = mkdtempSync(join(tmpdir(), "prefine-listeners-"));
  });
  afterEach(() => rmSync(output_dir, { recursive: true, force: true }));
  const args = { max_steps: 3, logging_steps: 1, save_strategy: "no", report_to: "tensorboard" } as const;

  it("continues without TensorBoard's log when that can no longer be written", async () => {
    let entries = 0;
    events.log = {
      scalars: () => {
        if (++entries === 2) throw FULL;
      },
    };
    const { trainer, lines } = toyTrainer({ args: { ...args, output_dir } });
    const { global_step } = await trainer.train();
    expect(global_step).toBe(3);
    expect(entries).toBe(2);
    expect(lines.filter((line) => line.includes("tensorboard"))).toEqual([
      "warning: tensorboard is off for the rest of the run: events: the disk is full",
    ]);
  });

  it("does not start if that can't be written from the beginning", async () => {
    events.log = {
      text: () => {
        throw FULL;
      },
    };
    const { trainer, learner } = toyTrainer({ args: { ...args, output_dir } });
    await expect(trainer.train()).rejects.toThrow(FULL);
    expect(learner.calls).toBe(0);
  });
});
