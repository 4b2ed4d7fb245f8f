/** @file How a path is written for people. */
import { relative, resolve } from "node:path";

/** `path` from the current folder or from the root, whichever is shorter: nobody wants to read `../../../tmp/run`. */
export function shownPath(path: string): string {
  const fromHere = relative("", path) || ".";
  const fromRoot = resolve(path);
  return fromHere.length <= fromRoot.length ? fromHere : fromRoot;
}
