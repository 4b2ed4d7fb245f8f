/** @file How paths are displayed. */
import { relative, resolve } from "node:path";

/** `path` relative to the current folder or absolute, whichever is shorter: `../../../tmp/run` helps no reader. */
export function shownPath(path: string): string {
  const fromHere = relative("", path) || ".";
  const fromRoot = resolve(path);
  return fromHere.length <= fromRoot.length ? fromHere : fromRoot;
}
