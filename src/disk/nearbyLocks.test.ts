/** @file Folders above and inside a locked one, locks with a time in the future, and what is no lock at all. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtPackage } from "../../test/support/builtPackage.ts";
import { lockFolder, ownerOf } from "./folderLock.ts";
import { LOCK } from "./lockFile.ts";
import type { Surroundings } from "./lockOwner.ts";
import { ownIdentity, type ProcessIdentity } from "./processIdentity.ts";
import type { FolderLock, LockOwner } from "./storage.ts";

let top = "";
let run = "";
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "prefine-nearby-")));
  run = join(top, "run");
  mkdirSync(run);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

async function lock(folder: string, given: Partial<Surroundings> = {}): Promise<FolderLock> {
  const taken = await lockFolder(folder, {}, given);
  if ("owner" in taken) throw new Error(`owned by ${taken.owner.pid}`);
  return taken;
}

/** A lock in `run` as another process leaves it. */
function leave(owner: Partial<ProcessIdentity>, renewed: number): void {
  const candidate = { ...ownIdentity(), ...owner, since: "2026-01-02T03:04:05.000Z", id: "0123abcd" };
  writeFileSync(join(run, LOCK), JSON.stringify(candidate));
  utimesSync(join(run, LOCK), renewed / 1000, renewed / 1000);
}

describe("a folder near one that is owned", () => {
  it("is refused below it, at every depth, and through a link; nothing is made there", async () => {
    const owner = await lock(run);
    symlinkSync(run, join(top, "link"));
    for (const folder of [join(run, "checkpoint-80"), join(run, "a/b/c"), join(top, "link/checkpoint-80")]) {
      expect(await lockFolder(folder)).toMatchObject({ owner: { where: "this process", file: join(run, LOCK) } });
      expect(await ownerOf(folder)).toMatchObject({ folder: run });
    }
    expect(readdirSync(run)).toEqual([LOCK]);
    await owner.release();
    await (await lock(join(run, "checkpoint-80"))).release();
  });

  it("is refused above it, since it may be deleted there, and asked for only then", async () => {
    const inner = join(run, "checkpoint-5", "tries", "second");
    const owner = await lock(inner);
    for (const folder of [run, join(run, "checkpoint-5")]) {
      expect(await lockFolder(folder)).toMatchObject({ owner: { folder: inner } });
      expect(await ownerOf(folder, { inside: true })).toMatchObject({ folder: inner });
      expect(await ownerOf(folder)).toBeUndefined();
    }
    expect(readdirSync(run)).toEqual(["checkpoint-5"]);
    await (await lock(join(run, "checkpoint-6"))).release(); // beside it
    await owner.release();
  });

  it("is free where that owner is gone", async () => {
    leave({ pid: 999_999_999 }, Date.now());
    await (await lock(join(run, "checkpoint-80"))).release();
    await (await lock(top)).release();
  });

  it("never goes to both of two that start at once", async () => {
    for (let round = 0; round < 20; round++) {
      const taken = await Promise.all([lockFolder(run), lockFolder(join(run, "checkpoint-1"))]);
      const locks = taken.filter((one) => !("owner" in one)) as FolderLock[];
      expect(locks.length).toBeLessThan(2);
      for (const one of locks) await one.release();
    }
  });
});

describe("a lock with a time in the future", () => {
  const times = { beat: 20, shortSilence: 300 };

  it.each([
    ["another computer's", { host: "far-away" }],
    ["another container's", { numbering: "pid:[1]" }],
  ])("is a dead owner's where it stays as it is: %s", async (_, owner) => {
    leave(owner, Date.now() + 3_600_000);
    expect(await ownerOf(run)).toBeUndefined(); // not for sure
    const waits: LockOwner[] = [];
    const taken = await lockFolder(run, { onWait: (from) => waits.push(from) }, times);
    expect(taken).toMatchObject({ tookOver: { pid: process.pid } });
    expect(waits).toMatchObject([{ file: join(run, LOCK) }]);
    expect(waits[0].silence).toBeLessThan(-3_000_000);
    if (!("owner" in taken)) await taken.release();
    expect(readdirSync(run)).toEqual([]);
  });

  it("is a living one's where it is renewed", async () => {
    let ahead = Date.now() + 3_600_000;
    leave({ host: "far-away" }, ahead);
    const renewing = setInterval(() => {
      ahead += 100;
      utimesSync(join(run, LOCK), ahead / 1000, ahead / 1000);
    }, 100);
    expect(await lockFolder(run, {}, times)).toMatchObject({ owner: { host: "far-away" } });
    clearInterval(renewing);
  });

  it("that no prefine has written is taken over as well", async () => {
    writeFileSync(join(run, LOCK), "nonsense");
    utimesSync(join(run, LOCK), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600);
    const taken = await lock(run, times);
    expect(taken.tookOver).toMatchObject({ where: "unknown" });
    await taken.release();
  });
});

it("a folder in the place of a lock is named at once, and left alone", async () => {
  mkdirSync(join(run, LOCK));
  utimesSync(join(run, LOCK), 1000, 1000);
  const started = performance.now();
  const error = { code: "io", message: expect.stringContaining(`${join(run, LOCK)}: expected a file`) };
  await expect(lockFolder(run)).rejects.toMatchObject(error);
  await expect(ownerOf(run)).rejects.toMatchObject(error);
  expect(performance.now() - started).toBeLessThan(5000); // it used to be 31 s
  expect(readdirSync(run)).toEqual([LOCK]);
  await (await lock(join(run, "inner"))).release();
});

it("a process that dies while it lets go leaves no lock and no folder", async () => {
  const source = pathToFileURL(join(await builtPackage(), "dist/disk/folderLock.js")).href;
  const folder = join(top, "new", "run");
  const program = `
    import { lockFolder } from ${JSON.stringify(source)};
    const lock = await lockFolder(${JSON.stringify(folder)});
    lock.release();
    throw new Error("of the script");`;
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", program], (_, __, text) => resolve(text));
  });
  expect(stderr).toContain("of the script");
  expect(existsSync(join(top, "new"))).toBe(false);
});
