/** @file What disks, copies and accidents do to a file. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Flips a bit in the middle. */
export function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
}

/** @param path the file to damage. @param other the file of that name of an earlier checkpoint. */
export type Damage = (path: string, other: string) => void;

export const DAMAGES: Readonly<Record<string, Damage>> = {
  missing: (path) => rmSync(path),
  empty: (path) => writeFileSync(path, ""),
  cut: (path) => writeFileSync(path, readFileSync(path).subarray(0, -1)),
  longer: (path) => writeFileSync(path, `${readFileSync(path, "latin1")} `, "latin1"),
  zeroed: (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length)),
  flipped: flip,
  "a folder": (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  "a link to nowhere": (path) => replaceWithLink(path, "nowhere"),
  "a link to itself": (path) => replaceWithLink(path, basename(path)),
  ...(process.platform === "win32"
    ? {}
    : {
        "a pipe that nothing writes to": (path) => {
          rmSync(path);
          execFileSync("mkfifo", [path]);
        },
      }),
  "another step's": (path, other) => copyFileSync(other, path),
};

function replaceWithLink(path: string, target: string): void {
  rmSync(path);
  symlinkSync(target, path);
}

/** Rewrites a checkpoint as earlier versions wrote it: sizes, no hashes. */
export function toFormat(format: number, path: string): void {
  const file = join(path, "prefine_state.json");
  const { sha256: _, adapter_sha256: __, step: ___, files, ...state } = JSON.parse(readFileSync(file, "utf8"));
  const sizes = Object.entries<{ bytes: number }>(files).map(([name, { bytes }]) => [name, bytes]);
  writeFileSync(file, JSON.stringify({ ...state, format, files: Object.fromEntries(sizes) }));
}
