/**
 * @file Signals to `prefine train` as a separate process: the first saves, whichever it is and however often it is
 * doubled; a second ends the process at once; under nohup a terminal that closes ends nothing.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkpointFault } from "../../src/checkpoints/checkpoint.ts";
import { listCheckpoints } from "../../src/checkpoints/runDirectory.ts";
import { LOCK } from "../../src/disk/lockFile.ts";
import { folderAt } from "../../src/disk/nodeStorage.ts";
import { builtPackage } from "../support/builtPackage.ts";
import { furnish } from "../support/furnish.ts";
import { casesOf } from "../support/samples.ts";
import { ended, startTraining } from "../support/trainingProcess.ts";

const LONG = ["--max_steps", "100000", "--logging_steps", "100000"];
const folder = mkdtempSync(join(tmpdir(), "prefine-signals-"));
beforeAll(() => furnish(join(folder, "template")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function workplace(name: string): string {
  const place = join(folder, name);
  cpSync(join(folder, "template"), place, { recursive: true });
  return place;
}

const bin = join(await builtPackage(), "bin/prefine.js");
const { PATH, HOME } = process.env;
const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1" };
const isMissing = (command: string) => spawnSync("which", [command]).status !== 0;

const checkpoints = (place: string) => listCheckpoints(folderAt(join(place, "dpo")));
/** Resolves when the training has saved a checkpoint: it is in its loop. */
const untilSaved = (place: string) =>
  expect.poll(async () => (await checkpoints(place)).length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);

async function expectWhole(place: string): Promise<void> {
  const all = await checkpoints(place);
  expect(all.length).toBeGreaterThan(0);
  for (const { folder: checkpoint } of all) expect(await checkpointFault(checkpoint)).toBeUndefined();
}

const SAVES = ["--save_strategy", "steps", "--save_steps", "20", "--save_total_limit", "2"];
const start = (place: string) => startTraining(place, ...LONG, ...SAVES);

/** Sends the signals, `pause` milliseconds apart. */
async function send(child: ChildProcess, signals: readonly NodeJS.Signals[], pause: number): Promise<void> {
  for (const [i, signal] of signals.entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    child.kill(signal);
  }
}

describe("the first signal", () => {
  const cases: NodeJS.Signals[][] = [["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGINT"]];
  it.each(casesOf(cases, ({ length }) => length === 2))(
    "%s, doubled or not, saves a checkpoint",
    { timeout: 60_000 },
    async (...signals) => {
      const place = workplace(signals.join("-"));
      const child = start(place);
      const end = ended(child);
      await untilSaved(place);
      await send(child, signals, 5);
      const { code, stderr } = await end;
      expect(code, stderr).toBe(130);
      expect(stderr).toMatch(/^stopped after step \d+ of 100000; saved dpo\/checkpoint-\d+$/m);
      await expectWhole(place);
    },
  );
});

describe("a second signal", () => {
  const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

  const cases: [keyof typeof NUMBERS, keyof typeof NUMBERS][] = [
    ["SIGTERM", "SIGHUP"],
    ["SIGHUP", "SIGTERM"],
  ];
  it.each(casesOf(cases, ([first]) => first === "SIGTERM"))(
    "after %s, %s ends the process at once; the next run continues",
    { timeout: 60_000 },
    async (first, second) => {
      const place = workplace(`${first}-then-${second}`);
      const child = start(place);
      const end = ended(child);
      await untilSaved(place);
      child.kill(first);
      child.kill(second);
      const { code, signal, stderr } = await end;
      if (code === 130)
        expect(stderr).toContain("; saved dpo/checkpoint-"); // it was faster than the second signal
      else {
        const either = [first, second].map((name) => (signal ? name : 128 + NUMBERS[name])); // the system may swap them
        expect(either, stderr).toContain(signal ?? code);
      }
      await expectWhole(place);
      const [{ step }] = (await checkpoints(place)).toSorted((a, b) => b.step - a.step);
      const last = String(step + 1);
      const again = await ended(startTraining(place, "--max_steps", last, "--resume_from_checkpoint"));
      expect(again, again.stderr).toMatchObject({ code: 0 });
    },
  );
});

describe.skipIf(!existsSync("/proc/self/status"))("while JavaScript never ends", () => {
  /** Whether the process has taken over what signals do. */
  const catchesHangup = ({ pid }: ChildProcess) => {
    const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return (BigInt(`0x${caught}`) & 1n) === 1n;
  };
  it("in a function of the user's, SIGHUP stops the training", { timeout: 60_000 }, async () => {
    const place = workplace("endless");
    writeFileSync(join(place, "endless.mjs"), "export default () => { for (;;); };");
    const child = startTraining(place, "--process", "endless.mjs");
    const end = ended(child);
    await expect.poll(() => catchesHangup(child), { timeout: 30_000, interval: 20 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // by now it is there
    child.kill("SIGHUP");
    const { code, stderr } = await end;
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/^stopped (while|before)/m);
    expect(existsSync(join(place, "dpo"))).toBe(false);
  });

  it("a chat template that never ends is an error", { timeout: 60_000 }, async () => {
    const place = workplace("endless-template");
    const loop = (inner: string) => `{% for i in range(100000) %}${inner}{% endfor %}`;
    writeFileSync(join(place, "model/chat_template.jinja"), loop(loop("{{ messages[0].content }}")));
    const said = (content: string) => [{ role: "user", content }];
    writeFileSync(
      join(place, "train.jsonl"),
      JSON.stringify({ prompt: said("x"), chosen: said("y"), rejected: said("z") }),
    );
    const { code, stderr } = await ended(startTraining(place));
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/the chat template failed: .* stopped/);
    expect(existsSync(join(place, "dpo"))).toBe(false);
  });
});

describe.skipIf(isMissing("nohup"))("under nohup", () => {
  const STEPS = 150;
  /** A shell that runs the training in the way of `line`, where `prefine` is the command. */
  function startIn(place: string, shell: string, line: string, options: SpawnOptions = {}): ChildProcess {
    const flags = `--config run.yaml --max_steps ${STEPS} --logging_steps 1000 --save_strategy steps --save_steps 20`;
    const prefine = `${JSON.stringify(process.execPath)} ${JSON.stringify(bin)}`;
    const script = line.replace("prefine", `${prefine} train ${flags}`);
    return spawn(shell, ["-c", script], { cwd: place, env, stdio: ["ignore", "ignore", "pipe"], ...options });
  }

  /** The process that trains: it has written itself into the lock. */
  const trainer = (place: string) => Number(JSON.parse(readFileSync(join(place, "dpo", LOCK), "utf8")).pid);

  const cases = [
    ["nohup", "bash", "nohup prefine"],
    ["a script that ignores SIGHUP", "sh", `trap "" HUP; prefine; exit $?`],
  ];
  it.skipIf(isMissing("bash")).each(casesOf(cases, ([name]) => name === "nohup"))(
    "%s: SIGHUP ends nothing",
    { timeout: 60_000 },
    async (name, shell, line) => {
      const place = workplace(name.replaceAll(" ", "-"));
      const child = startIn(place, shell, line);
      const end = ended(child);
      await untilSaved(place);
      for (let i = 0; i < 3; i++) process.kill(trainer(place), "SIGHUP");
      const { code, stderr } = await end;
      expect(code, stderr).toBe(0);
      expect(existsSync(join(place, "dpo/adapter_model.safetensors"))).toBe(true);
    },
  );
});

describe.skipIf(isMissing("script"))("a terminal that closes", () => {
  it("saves a checkpoint, though nothing can be printed any more", { timeout: 90_000 }, async () => {
    const place = workplace("terminal");
    const flags = "--config run.yaml --max_steps 100000 --logging_steps 1";
    const command = `stty cols 100; exec ${process.execPath} ${bin} train ${flags}`;
    const terminal = spawn("script", ["-qfc", command, "output.txt"], { cwd: place, env, stdio: "ignore" });
    try {
      const output = join(place, "output.txt");
      const steps = () => (existsSync(output) ? (readFileSync(output, "utf8").match(/step +\d/g) ?? []).length : 0);
      await expect.poll(steps, { timeout: 50_000, interval: 20 }).toBeGreaterThan(5);
      expect(await checkpoints(place)).toEqual([]);
    } finally {
      terminal.kill("SIGKILL"); // its terminal hangs up
    }
    const isOver = () => !existsSync(join(place, "dpo", LOCK));
    await expect.poll(isOver, { timeout: 30_000, interval: 20 }).toBe(true);
    expect(await checkpoints(place)).toHaveLength(1);
    await expectWhole(place);
  });
});
