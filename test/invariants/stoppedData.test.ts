/**
 * @file `prefine train` stopped while its data is read, mapped, counted, tokenized and written to the cache of tokens:
 * it ends soon, leaves no half file, and the next run trains as if nothing had been.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPartial } from "../../src/disk/wholeFiles.ts";
import { builtPackage } from "../support/builtPackage.ts";
import { furnish, jsonLines } from "../support/furnish.ts";
import { casesOf } from "../support/samples.ts";
import { type End, ended } from "../support/trainingProcess.ts";

/** From 4,096 rows on, tokens are kept. */
const ROWS = 5000;
/** All rows are tokenized before the first step. */
const TOKENIZED_FIRST = ["--drop_degenerate", "--max_steps", "2"];
/** Ends within a second; other tests may take the processor. */
const SOON_MS = 10_000;

const bin = join(await builtPackage(), "bin/prefine.js");
const folder = mkdtempSync(join(tmpdir(), "prefine-stopped-data-"));
const template = join(folder, "template");
let undisturbed = 0;
let adapter = "";

function start(place: string, own: readonly string[] = TOKENIZED_FIRST): ChildProcess {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, NO_COLOR: "1", PREFINE_NUM_THREADS: "1", PREFINE_CACHE: join(place, "cache") };
  const flags = ["--config", "run.yaml", "--process", "long.mjs", ...own];
  return spawn(process.execPath, [bin, "train", ...flags], { cwd: place, env, stdio: ["ignore", "ignore", "pipe"] });
}

function workplace(name: string): string {
  const place = join(folder, name);
  cpSync(template, place, { recursive: true });
  return place;
}

const adapterOf = (place: string) => readFileSync(join(place, "dpo/adapter_model.safetensors")).toString("hex");
const cached = (place: string) =>
  existsSync(join(place, "cache")) ? readdirSync(join(place, "cache"), { recursive: true }).map(String) : [];
const halves = (place: string) => cached(place).filter((name) => name.split("/").some(isPartial));
const scratch = (place: string) => cached(place).filter((name) => name.includes("scratch"));

beforeAll(async () => {
  await furnish(template);
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    ...{
      prompt: `Is ${i} a number?`,
      chosen: ` yes, ${"a number ".repeat(i % 9)}`,
      rejected: i % 50 === 7 ? "" : " no",
    },
  }));
  writeFileSync(join(template, "train.jsonl"), jsonLines(rows));
  // more than results of map may take in memory
  writeFileSync(join(template, "long.mjs"), 'export default (row) => ({ ...row, note: "x".repeat(2000) });');
  const place = workplace("undisturbed");
  const started = performance.now();
  const end = await ended(start(place));
  undisturbed = performance.now() - started;
  expect(end, end.stderr).toMatchObject({ code: 0 });
  adapter = adapterOf(place);
  expect(cached(place).some((name) => name.endsWith(".tokens"))).toBe(true);
  expect([halves(place), scratch(place)]).toEqual([[], []]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Moment = (place: string, stop: () => void) => void;

const after =
  (share: number): Moment =>
  (_, stop) =>
    void setTimeout(stop, share * undisturbed);

const whileTokensAreWritten: Moment = (place, stop) => {
  mkdirSync(join(place, "cache/tokens"), { recursive: true });
  const watcher = watch(join(place, "cache/tokens"), (_, name) => {
    if (!name || !isPartial(name)) return;
    watcher.close();
    stop();
  });
};

async function stopped(place: string, signal: NodeJS.Signals, moment: Moment): Promise<End & { seconds: number }> {
  const child = start(place);
  let at = performance.now();
  moment(place, () => {
    at = performance.now();
    child.kill(signal);
  });
  const end = await ended(child);
  return { ...end, seconds: (performance.now() - at) / 1000 };
}

const CASES: [string, NodeJS.Signals, Moment][] = [
  ["at 40 %", "SIGTERM", after(0.4)],
  ["at 60 %", "SIGINT", after(0.6)],
  ["while tokens are written", "SIGINT", whileTokensAreWritten],
  ["while tokens are written", "SIGKILL", whileTokensAreWritten],
];

test.each(casesOf(CASES, ([, signal], i) => i === 1 || signal === "SIGKILL"))(
  "%s, by %s",
  { timeout: 120_000 },
  async (name, signal, moment) => {
    const place = workplace(`${name}-${signal}`.replaceAll(/\W+/g, "-"));
    const { code, seconds, stderr } = await stopped(place, signal, moment);
    expect(seconds, stderr).toBeLessThan(SOON_MS / 1000);
    if (signal === "SIGKILL") expect([null, 0]).toContain(code);
    else {
      expect([130, 0], stderr).toContain(code);
      if (code === 130) expect(stderr).toMatch(/^stopped /m);
      expect(halves(place)).toEqual([]);
    }
    expect(scratch(place)).toEqual([]);
    if (moment !== whileTokensAreWritten) return; // nothing is left that a later run could meet
    rmSync(join(place, "dpo"), { recursive: true, force: true });
    const again = await ended(start(place));
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(adapterOf(place)).toBe(adapter);
    expect(halves(place)).toEqual([]);
  },
);

test("a row that the chat template refuses ends the training at its last whole step", {
  timeout: 120_000,
}, async () => {
  const place = workplace("refused");
  const refuse = "{% if messages[0].content == '40' %}{{ messages[0].none.such }}{% endif %}";
  const said = (role: string, content: string) => [{ role, content }];
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    ...{ prompt: said("user", `${i}`), chosen: said("assistant", "yes"), rejected: said("assistant", "no") },
  }));
  writeFileSync(
    join(place, "model/chat_template.jinja"),
    `${refuse}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}`,
  );
  writeFileSync(join(place, "train.jsonl"), jsonLines(rows));
  writeFileSync(join(place, "eval.jsonl"), jsonLines(rows.slice(0, 2)));
  const flags =
    "--max_steps 60 --train_sampling_strategy sequential --per_device_train_batch_size 1 --logging_steps 50";
  const { code, stderr } = await ended(start(place, flags.split(" ")));
  expect(code, stderr).toBe(1);
  const [, step] =
    /train row 40 \(train\.jsonl\): .*; saved dpo\/checkpoint-(\d+) with the steps before it/.exec(stderr) ?? [];
  expect(Number(step), stderr).toBeGreaterThan(0);
  expect(existsSync(join(place, `dpo/checkpoint-${step}/adapter_model.safetensors`))).toBe(true);
});
