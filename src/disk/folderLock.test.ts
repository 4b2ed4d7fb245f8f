/** @file Ownership of a folder: real races and process deaths; other computers and long silences are injected. */
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LockingProcess, lockingProcess } from "../../test/support/lockingProcess.ts";
import { lockFolder, ownerOf } from "./folderLock.ts";
import { LOCK } from "./lockFile.ts";
import type { Surroundings } from "./lockOwner.ts";
import { ownIdentity, type ProcessIdentity, processStart } from "./processIdentity.ts";
import type { FolderLock, LockOwner } from "./storage.ts";

let folder = "";
let file = "";
/** They start slowly, so tests share them. */
let others: LockingProcess[] = [];
const CONTENDERS = 4;
beforeAll(async () => {
  others = await Promise.all(Array.from({ length: CONTENDERS }, () => lockingProcess()));
});
afterAll(async () => {
  for (const other of others) await other.kill();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-lock-"));
  file = join(folder, LOCK);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A lock file left by another owner, last renewed some seconds ago. */
function leave(owner: Partial<ProcessIdentity>, secondsAgo: number, now = Date.now()): void {
  const candidate = { ...ownIdentity(), ...owner, since: "2026-01-02T03:04:05.000Z", id: "0123abcd" };
  writeFileSync(file, `${JSON.stringify(candidate)}\n`);
  utimesSync(file, now / 1000 - secondsAgo, now / 1000 - secondsAgo);
}

/** Locks and releases. @returns the owner that has the lock, or undefined if it was free or taken over. */
async function tryToLock(given: Partial<Surroundings> = {}): Promise<LockOwner | undefined> {
  const taken = await lockFolder(folder, {}, given);
  if ("owner" in taken) return taken.owner;
  await taken.release();
  return undefined;
}

async function lockNow(given: Partial<Surroundings> = {}): Promise<FolderLock> {
  const taken = await lockFolder(folder, {}, given);
  if ("owner" in taken) throw new Error(`owned by ${taken.owner.pid}`);
  return taken;
}

const isLinux = process.platform === "linux";

describe("a folder that one process owns", () => {
  it("rejects another process, naming the owner, and is free afterward", async () => {
    const [owner] = others;
    expect(await owner.lock(folder)).toEqual({ tookOver: null });
    const owned = await tryToLock();
    expect(owned).toMatchObject({ pid: owner.child.pid, where: "this computer", host: ownIdentity().host, file });
    expect(Date.now() - Date.parse(owned!.since)).toBeLessThan(60_000);
    expect(await ownerOf(folder)).toMatchObject({ pid: owner.child.pid });
    await owner.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(await ownerOf(folder)).toBeUndefined();
    expect(await tryToLock()).toBeUndefined();
  });

  it("rejects its own process, too", async () => {
    const lock = await lockNow();
    expect(await tryToLock()).toMatchObject({ pid: process.pid, where: "this process" });
    await lock.release();
    expect(await tryToLock()).toBeUndefined();
  });

  it("is created if absent, and removed with the lock unless it has content", async () => {
    const outer = folder;
    folder = join(outer, "a", "b");
    await (await lockNow()).release();
    expect(existsSync(join(outer, "a"))).toBe(false);
    const lock = await lockNow();
    writeFileSync(join(folder, "mine"), "");
    await lock.release();
    expect(readdirSync(folder)).toEqual(["mine"]);
    folder = outer;
  });

  it("gets heartbeats, and a lock file that comes back if deleted", async () => {
    const lock = await lockNow({ beat: 20 });
    utimesSync(file, 1000, 1000);
    await expect.poll(() => statSync(file).mtimeMs, { timeout: 5000 }).toBeGreaterThan(Date.now() - 60_000);
    rmSync(file);
    await expect.poll(() => existsSync(file), { timeout: 5000 }).toBe(true);
    expect(await lock.lostTo()).toBeUndefined();
    await lock.release();
    expect(existsSync(file)).toBe(false);
  });

  it("is released when the process exits without releasing it", async () => {
    const owner = await lockingProcess();
    await owner.lock(folder);
    expect(existsSync(file)).toBe(true);
    owner.child.stdin!.end(); // ends its program
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(false);
  });
});

describe("an owner that is dead", () => {
  it("was killed", async () => {
    const owner = await lockingProcess();
    await owner.lock(folder);
    await owner.kill();
    const lock = await lockNow();
    expect(lock.tookOver).toMatchObject({ pid: owner.child.pid, where: "this computer" });
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(isLinux)("has a process id that another process reuses, as in a restarted container", async () => {
    leave({ started: "12" }, 1);
    expect(await tryToLock()).toBeUndefined();
    leave({}, 1);
    expect(await tryToLock()).toMatchObject({ where: "this process" });
  });

  it.runIf(isLinux)("is a zombie", async () => {
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1"), { timeout: 5000 }).toContain(") Z ");
    expect(processStart(pid)).toBe("gone");
    expect(processStart(parent.pid!)).toMatch(/^\d+$/);
    parent.kill();
  });

  it("is on another computer, or before a reboot of this one, after five minutes of silence", async () => {
    const now = Date.now();
    for (const elsewhere of [{ host: "far-away" }, { boot: "another-boot" }]) {
      for (const pid of [1, process.pid, 999_999_999]) {
        leave({ ...elsewhere, pid }, 299, now);
        expect(await tryToLock({ now: () => now })).toMatchObject({ where: "elsewhere", pid });
        leave({ ...elsewhere, pid }, 301, now);
        expect(await tryToLock({ now: () => now })).toBeUndefined();
      }
    }
  });

  it("left something other than a lock, after the same silence", async () => {
    const deep = `{"id":"00000000","host":"h","since":"s","pid":1,"x":${"[".repeat(9999)}${"]".repeat(9999)}}`;
    for (const text of ["", deep, '{"id":{"toString":1}}', " ".repeat(70_000)]) {
      writeFileSync(file, text);
      expect(await tryToLock()).toMatchObject({ where: "unknown", host: "an unknown computer" });
    }
    utimesSync(file, Date.now() / 1000 - 301, Date.now() / 1000 - 301);
    expect(await tryToLock()).toBeUndefined();
  });
});

describe("an owner on this computer that can't be inspected", () => {
  const other = { numbering: "pid:[1]", pid: 1 };
  const times = { beat: 20, shortSilence: 400 };

  it("is alive if it sends a heartbeat", async () => {
    leave(other, 0);
    const waits: number[] = [];
    const renewing = setInterval(() => utimesSync(file, new Date(), new Date()), 100);
    const onWait = (_: LockOwner, seconds: number) => waits.push(seconds);
    expect(await lockFolder(folder, { onWait }, times)).toMatchObject({ owner: { pid: 1, where: "this computer" } });
    expect(waits).toEqual([1]);
    clearInterval(renewing);
    expect(await ownerOf(folder)).toBeUndefined(); // not for sure
  });

  it("is dead after missing two heartbeats", async () => {
    leave(other, 0);
    const lock = await lockNow(times);
    expect(lock.tookOver).toMatchObject({ pid: 1 });
    await lock.release();
    leave(other, 74);
    const controller = new AbortController();
    const waiting = lockFolder(folder, { signal: controller.signal, onWait: () => controller.abort("enough") });
    await expect(waiting).rejects.toBe("enough");
  });

  const UNSHARE = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"];
  const mayUnshare = isLinux && worksHere([...UNSHARE, "true"]);
  const note = mayUnshare ? "" : " (SKIPPED: no permission to make a namespace)";

  it.skipIf(!mayUnshare)(`is judged correctly in containers, where both have process id 1${note}`, async () => {
    const given = { beat: 100, shortSilence: 3000 };
    const [first, second] = await Promise.all([lockingProcess(UNSHARE), lockingProcess(UNSHARE)]);
    expect(await first.lock(folder, { given })).toEqual({ tookOver: null });
    expect(await second.lock(folder, { given })).toMatchObject({ owner: { pid: 1, where: "this computer" } });
    await second.release();
    await first.kill();
    expect(await second.lock(folder, { given })).toMatchObject({ tookOver: { pid: 1 } });
    await second.release();
    await second.kill();
    expect(readdirSync(folder)).toEqual([]);
  });
});

function worksHere([command, ...words]: string[]): boolean {
  try {
    execFileSync(command, words, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("of several processes starting together", () => {
  const ROUNDS = 20;

  it.each([
    ["a folder", () => {}],
    ["a dead owner's folder", () => leave({ pid: 999_999_999 }, 10)],
    ["a dead owner's folder whose heir died, too", () => leaveHeir()],
  ])("one gets %s", { timeout: 120_000 }, async (_, prepare) => {
    for (let round = 0; round < ROUNDS; round++) {
      prepare();
      const moment = Date.now() + 50;
      const outcomes = await Promise.all(others.map((other) => other.lock(folder, { moment })));
      const winners = others.filter((_, i) => !outcomes[i].owner);
      expect(winners.length).toBe(1);
      for (const { owner } of outcomes) if (owner) expect(owner.pid).toBe(winners[0].child.pid);
      await Promise.all(others.map((other) => other.release()));
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  function leaveHeir(): void {
    leave({ pid: 999_999_998 }, 10);
    const heir = { ...ownIdentity(), pid: 999_999_999, since: "2026-01-02T03:04:05.000Z", id: "0123dead" };
    writeFileSync(`${file}.partial-0123abcd`, `${JSON.stringify(heir)}\n`);
  }
});

describe("a lock", () => {
  it("reports that it was lost while the process was asleep, and does not touch the new owner's", async () => {
    const lock = await lockNow();
    leave({ host: "far-away", pid: 7 }, 0);
    expect(await lock.lostTo()).toMatchObject({ host: "far-away", pid: 7 });
    await lock.release();
    expect(readFileSync(file, "utf8")).toContain("far-away");
  });

  it("that can't be created gives an error that says what is wrong with the folder", async () => {
    const outer = folder;
    folder = join(outer, "notes.txt");
    writeFileSync(folder, "mine");
    await expect(lockNow()).rejects.toMatchObject({ code: "io", message: expect.stringContaining("is a file") });
    folder = join(outer, "linked");
    mkdirSync(folder);
    symlinkSync(join(outer, "nowhere"), join(folder, LOCK));
    const lock = lockNow({ sleep: () => sleep(0) });
    await expect(lock).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining("found a symbolic link to nowhere"),
    });
    folder = outer;
  });
});
