/** @file Two processes that train into one output_dir: one owns it, and its run is the same as if it were alone. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCK } from "../../src/disk/lockFile.ts";
import { furnish } from "../support/furnish.ts";
import { outcomeOf } from "../support/stoppableRun.ts";
import { ended, startTraining } from "../support/trainingProcess.ts";

const FLAGS = (
  "--max_steps 20 --save_strategy steps --save_steps 2 --save_total_limit 3 " +
  "--eval_strategy steps --eval_steps 4 --learning_rate 1e-2"
).split(" ");

const folder = mkdtempSync(join(tmpdir(), "prefine-two-"));
beforeAll(() => furnish(join(folder, "template")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function workplace(name: string): string {
  cpSync(join(folder, "template"), join(folder, name), { recursive: true });
  return join(folder, name);
}

const start = (place: string, ...flags: string[]) => startTraining(place, ...FLAGS, ...flags);
const hasLock = (place: string) => existsSync(join(place, "dpo", LOCK));
const untilLocked = (place: string) => expect.poll(() => hasLock(place), { timeout: 30_000, interval: 10 }).toBe(true);
const REFUSED = /^error: output_dir dpo: expected no other training there, found one by process (\d+) on \S+, since/m;

describe("two trainings in one output_dir", () => {
  it("leave the owner's run, however the other is started", { timeout: 180_000 }, async () => {
    const calm = workplace("calm");
    expect(await ended(start(calm))).toMatchObject({ code: 0 });
    const place = workplace("both");
    const owner = start(place);
    const end = ended(owner);
    await untilLocked(place);
    owner.kill("SIGSTOP"); // else it might end before they start
    const others = ["--overwrite_output_dir", "--resume_from_checkpoint"].map((how) => start(place, how));
    for (const { code, stderr } of await Promise.all(others.map(ended))) {
      expect({ code, pid: Number(REFUSED.exec(stderr)?.[1]) }, stderr).toEqual({ code: 1, pid: owner.pid });
    }
    expect(hasLock(place)).toBe(true); // it is still training
    owner.kill("SIGCONT");
    expect(await end).toMatchObject({ code: 0 });
    expect(await outcomeOf(join(place, "dpo"))).toEqual(await outcomeOf(join(calm, "dpo")));
    expect(readdirSync(join(place, "dpo")).sort()).toEqual(readdirSync(join(calm, "dpo")).sort());
  });

  it("become one, if both start at the same time", { timeout: 180_000 }, async () => {
    const place = workplace("start");
    const ends = await Promise.all([1, 2].map(() => ended(start(place, "--max_steps", "4"))));
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
    const { stderr } = ends.find(({ code }) => code === 1)!;
    expect(stderr).toMatch(/^error: output_dir dpo: expected no (other training|run) there/m);
  });

  it("continue one after the other, if the first was killed", { timeout: 180_000 }, async () => {
    const place = workplace("killed");
    const owner = start(place);
    const end = ended(owner);
    await expect.poll(() => existsSync(join(place, "dpo/checkpoint-4")), { timeout: 60_000, interval: 10 }).toBe(true);
    owner.kill("SIGKILL");
    await end;
    expect(hasLock(place)).toBe(true);
    const { code, stderr } = await ended(start(place, "--resume_from_checkpoint"));
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(new RegExp(`^warning: dpo: taken over from process ${owner.pid} on \\S+, which died`, "m"));
    expect(hasLock(place)).toBe(false);
    expect(await outcomeOf(join(place, "dpo"))).toEqual(await outcomeOf(join(folder, "calm/dpo")));
  });
});
