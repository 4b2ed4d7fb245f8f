/** @file Names on the disk that are nearly a given path, for messages about a path that is not there. */
import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { nearestName, PrefineError } from "../errors.ts";
import { exists } from "./readFiles.ts";

/** The existing path that is most like `path`, which does not exist: `dpo/checkpoint-5` for `dpo/chekpoint-5`. */
async function nearbyPath(path: string): Promise<string | undefined> {
  const above = dirname(path);
  const folder = above === path || (await exists(above)) ? above : await nearbyPath(above);
  if (folder === undefined || folder === path) return undefined;
  const names = await readdir(folder).catch((): string[] => []);
  const name = basename(path);
  const near = names.includes(name) ? name : nearestFile(name, names);
  return near === undefined ? undefined : join(folder, near);
}

/** Files with the same extension are compared by the rest of their names, which is what was mistyped. */
function nearestFile(name: string, names: readonly string[]): string | undefined {
  const extension = extname(name);
  const visible = names.filter((one) => !one.startsWith("."));
  const alike = visible.filter((one) => extname(one) === extension);
  const stem = nearestName(
    basename(name, extension),
    alike.map((one) => basename(one, extension)),
  );
  if (stem !== undefined) return stem + extension;
  return nearestName(
    name,
    visible.filter((one) => !alike.includes(one)),
  );
}

/** "Did you mean ...?" if something on the disk is nearly called so, else `otherwise`. */
export async function nearbyHint(path: string, otherwise: string): Promise<string> {
  const near = await nearbyPath(path);
  return near === undefined ? otherwise : `Did you mean ${near}?`;
}

/**
 * The error for a name that is neither on the disk nor on the hub. If a path is nearly called so, or its folder exists
 * (that of a single name does), the message says first that it is not on the disk: the hub's answer is of no help for a
 * mistyped path.
 * @param error the hub's; other errors are returned unchanged.
 */
export async function notOnDisk(error: unknown, path: string): Promise<unknown> {
  const isHub = error instanceof PrefineError && error.code === "hub" && !error.message.startsWith(NOT_HERE(path));
  if (!isHub || (await exists(path))) return error;
  const near = await nearbyPath(path);
  const isPath = await exists(dirname(path));
  if (near === undefined && !isPath) return error;
  const message = `${NOT_HERE(path)}; as a hub id: ${error.message}`;
  return new PrefineError("hub", message, near === undefined ? error.hint : `Did you mean ${near}?`, { cause: error });
}

const NOT_HERE = (path: string) => `${path}: no such file or folder`;
