/**
 * @file Disk errors: read-only, full, a file in the way, /proc. In all cases the last good checkpoint is complete and
 * no file is partial. Mounts a real file system (tmpfs) if permitted (root only).
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { newestValidCheckpoint } from "../../src/checkpoints/runDirectory.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { isPartial } from "../../src/disk/wholeFiles.ts";
import { contents } from "../support/outcomes.ts";
import { runCommand } from "../support/runCommand.ts";
import { errorOf, refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

const mounted: string[] = [];

/** Mounts an empty file system in memory. @returns false if not permitted. */
function mountTmpfs(folder: string, options: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
    mounted.push(resolve(folder));
    return true;
  } catch {
    return false;
  }
}

function unmountAll(): void {
  while (mounted.length > 0) execFileSync("umount", [mounted.pop()!]);
}
afterEach(unmountAll);

const probe = mkdtempSync(join(tmpdir(), "prefine-mount-"));
const mayMount = mountTmpfs(probe, "size=64k");
unmountAll();
rmSync(probe, { recursive: true });
const needsMount = mayMount ? "" : " (SKIPPED: no permission to mount a tmpfs)";
const isRoot = process.getuid?.() === 0;

const ELSEWHERE = "Choose another output_dir.";

describe("an output_dir that is not writable is reported before anything is read", () => {
  it("a file, or below a file", async () => {
    writeFileSync("notes.txt", "mine");
    expect(await train("--output_dir", "notes.txt")).toBe(
      `error: notes.txt: cannot write: it is a file, not a folder (ENOTDIR)\n${ELSEWHERE}`,
    );
    expect(await train("--output_dir", "notes.txt/dpo", "--model_name_or_path", "nowhere/at/all")).toBe(
      `error: notes.txt/dpo: cannot write: notes.txt is a file, not a folder (ENOTDIR)\n${ELSEWHERE}`,
    );
  });

  it.skipIf(!existsSync("/proc/self"))("in /proc, where Node's own mkdir would hang", { timeout: 10_000 }, async () => {
    expect(await train("--output_dir", "/proc/prefine/dpo")).toBe(
      `error: /proc/prefine/dpo: cannot write: nothing can be made there (ENOENT)\n${ELSEWHERE}`,
    );
  });

  it.skipIf(!mayMount)(`on a read-only disk${needsMount}`, async () => {
    mountTmpfs("disk", "ro");
    for (const dir of ["disk", "disk/dpo"]) {
      expect(await train("--output_dir", dir)).toBe(
        `error: ${dir}: cannot write: the file system is read-only (EROFS)\n${ELSEWHERE}`,
      );
    }
  });

  it.skipIf(isRoot)(`of another user${isRoot ? " (SKIPPED: root may write everywhere)" : ""}`, async () => {
    mkdirSync("theirs");
    chmodSync("theirs", 0o555);
    expect(await train("--output_dir", "theirs/dpo")).toBe(
      "error: theirs/dpo: cannot write: no permission (EACCES)\n" +
        "Check the owner of the folder, or choose another output_dir.",
    );
  });

  it("with a name that is too long", async () => {
    expect(await train("--output_dir", "x".repeat(300))).toMatch(/^error: x+: cannot write: the path is too long/);
  });

  it("that has a run", async () => {
    mkdirSync("dpo/checkpoint-3", { recursive: true });
    expect(await train("--model_name_or_path", "nowhere/at/all")).toBe(
      "error: output_dir dpo: expected no run there, found checkpoint-3\n" +
        "Choose another output_dir, or set resume_from_checkpoint: true or overwrite_output_dir: true.",
    );
  });

  it("leaves no folder if training can't start", async () => {
    expect(await train("--output_dir", "new/deep/dpo", "--data_files.train", "nowhere.jsonl")).toContain(
      "no such file",
    );
    expect(existsSync("new")).toBe(false);
  });
});

describe("a checkpoint to resume from", () => {
  it("that does not exist is reported before anything is read", async () => {
    const flags = ["--model_name_or_path", "nowhere/at/all", "--resume_from_checkpoint"];
    expect(await refusalOf("train", "--config", "run.yaml", ...flags.slice(2), "nowhere")).toBe(
      'error: resume_from_checkpoint "nowhere": expected the folder of a checkpoint or a run, found nothing there\n' +
        "Paths are relative to the working directory.",
    );
  });
});

describe(`a full disk${needsMount}`, () => {
  const saving = ["--save_strategy", "steps", "--save_steps", "1", "--max_steps", "6"];

  it.skipIf(!mayMount)("while saving: the last good checkpoint survives and the run continues from it", async () => {
    mountTmpfs("disk", "size=160k");
    const outcome = await runCommand("train", "--config", "run.yaml", "--output_dir", "disk/dpo", ...saving);
    const refusal = errorOf(outcome);
    const step = Number(
      /^error: disk\/dpo\/checkpoint-(\d): cannot write: the disk is full \(ENOSPC\)\n/.exec(refusal)?.[1],
    );
    expect(refusal).toContain("\nFree some space, or write elsewhere (output_dir).");
    expect(step).toBeGreaterThan(1);
    expect(readdirSync("disk/dpo").filter(isPartial)).toEqual([]);
    const newest = await newestValidCheckpoint(folderAt("disk/dpo"));
    expect(newest?.step).toBe(step - 1);

    execFileSync("mount", ["-o", "remount,size=8m", resolve("disk")]);
    const resumed = await runCommand(
      ...["train", "--config", "run.yaml", "--output_dir", "disk/dpo", ...saving, "--resume_from_checkpoint"],
    );
    expect(resumed).toMatchObject({ code: 0 });
    await runCommand("train", "--config", "run.yaml", "--output_dir", "unbroken", ...saving);
    const weights = "adapter_model.safetensors";
    expect(contents("disk/dpo")[weights]).toBe(contents("unbroken")[weights]);
  });

  it.skipIf(!mayMount)("that is full from the start, or fills up under TensorBoard's log", async () => {
    mountTmpfs("disk", "size=4k");
    writeFileSync("disk/ballast", new Uint8Array(4096));
    expect(await train("--output_dir", "disk/dpo")).toMatch(
      /^error: disk\/dpo: cannot write: the disk is full \(ENOSPC\)\n/,
    );
    rmSync("disk/ballast");
    mkdirSync("logs");
    const events = ["--report_to", "tensorboard", "--logging_dir", "disk/events"];
    writeFileSync("disk/ballast", new Uint8Array(1));
    expect(errorOf(await runCommand("train", "--config", "run.yaml", ...events))).toMatch(
      /^error: disk\/events\/events\.out\.tfevents\.\S+: cannot write: the disk is full \(ENOSPC\)\n/,
    );
  });
});

describe("a plot", () => {
  it("that can't be written is reported; the log is unchanged", async () => {
    await runCommand("train", "--config", "run.yaml");
    writeFileSync("notes.txt", "mine");
    expect(await refusalOf("plot", "dpo", "--out", "notes.txt/plot.png")).toBe(
      "error: notes.txt/plot.svg: cannot write: notes.txt is a file, not a folder (ENOTDIR)\n" +
        "Choose another path with --out.",
    );
    expect(await refusalOf("plot", "nowhere")).toBe(
      "error: nowhere: expected a run folder or a trainer_state.json, found nothing\nPass the output_dir of a run.",
    );
  });
});
