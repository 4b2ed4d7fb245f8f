/** @file The event file on disk: names, appending, and recovery after a crash. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderAt, nodeStorage } from "../disk/nodeStorage.ts";
import { wholeRecordsLength } from "../formats/tensorboard.ts";
import { eventFolder, openEventLog } from "./eventLog.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "prefine-events-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const { writer } = nodeStorage;

const count = (file: string, text: string) => readFileSync(file, "latin1").split(text).length - 1;

describe("openEventLog", () => {
  it("writes entries with transformers' tags, without step and texts", () => {
    const log = openEventLog(folderAt(path.join(root, "runs", "x")), { writer });
    log.text("args", "{}");
    log.scalars({ loss: 0.5, "rewards/margins": 1, eval_loss: 0.4, epoch: 1, step: 7, note: "text", gone: null }, 7);
    log.close();
    expect(path.basename(log.file)).toMatch(
      new RegExp(`^events\\.out\\.tfevents\\.\\d{10}\\.${hostname()}\\.${process.pid}\\.0$`),
    );
    for (const tag of ["train/loss", "train/rewards/margins", "eval/loss", "train/epoch", "args/text_summary"]) {
      expect(count(log.file, tag), tag).toBe(1);
    }
    for (const tag of ["train/step", "train/note", "train/gone"]) expect(count(log.file, tag), tag).toBe(0);
  });

  it("continues after the last complete record of a file after a crash", () => {
    const name = "events.out.tfevents.1.host";
    const first = openEventLog(folderAt(root), { writer, name });
    first.scalars({ loss: 1 }, 1);
    first.close();
    const whole = readFileSync(first.file);
    appendFileSync(first.file, whole.subarray(0, 20)); // an incomplete record
    const second = openEventLog(folderAt(root), { writer, name });
    second.scalars({ loss: 2 }, 2);
    second.close();
    const bytes = readFileSync(second.file);
    expect(wholeRecordsLength(bytes)).toBe(bytes.length);
    expect(bytes.subarray(0, whole.length).equals(whole)).toBe(true);
    expect(count(second.file, "train/loss")).toBe(2);
    expect(count(second.file, "brain.Event:2")).toBe(1);
  });
});

describe("eventFolder", () => {
  it("has torch's file name, unless the environment sets another", () => {
    const now = new Date(2026, 10, 3, 6, 7, 8);
    const args = { output_dir: "dpo", logging_dir: null };
    const usual = path.join("dpo", "runs", `Nov03_06-07-08_${hostname()}`);
    expect(eventFolder(nodeStorage, args, { now }).path).toBe(usual);
    const env = { TENSORBOARD_LOGGING_DIR: "/logs" };
    expect(eventFolder(nodeStorage, args, { env }).path).toBe("/logs");
    expect(eventFolder(nodeStorage, { ...args, logging_dir: "mine" }, { env }).path).toBe("mine");
  });
});
