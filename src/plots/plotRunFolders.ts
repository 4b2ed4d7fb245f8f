/** @file Runs on disk in, a picture on disk out: SVG for documents, PNG for everything else. */
import { open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../disk/makeFolder.ts";
import { PrefineError } from "../errors.ts";
import { type PlotOptions, plotRuns } from "./plotRuns.ts";
import { readTrainerState, type TrainerStateFile } from "./readTrainerState.ts";
import { renderPng } from "./renderPng.ts";

export interface PlotFilesOptions extends PlotOptions {
  /**
   * Where to write: a folder, or a file name, whose ending (.svg, .png or none) does not matter: both are written.
   * Default: `training_loss.svg` and `.png` in the folder of a single run, `prefine-plot.*` here for several.
   */
  out?: string;
}

/**
 * Plots one or several runs (folders, checkpoint folders or trainer_state.json files) over each other.
 * @returns the paths of the two files, each of which appears whole or not at all.
 * @throws PrefineError `io` or `data` if a run can't be read or has nothing to draw.
 */
export async function plotRunFolders(
  paths: string[],
  options: PlotFilesOptions = {},
): Promise<{ svg: string; png: string }> {
  const states = await Promise.all(paths.map((run) => readTrainerState(run)));
  const svg = plotRuns(distinctNames(states), options);
  const target = await targetOf(states, options.out);
  const files = { svg: `${target}.svg`, png: `${target}.png` };
  await writeWhole(files.svg, svg);
  await writeWhole(files.png, renderPng(svg));
  return files;
}

/** Runs of the same name are told apart by the folders above them; the same run twice, by a number. */
function distinctNames(states: TrainerStateFile[]): TrainerStateFile[] {
  const names = states.map(({ name }) => name);
  const clashes = (name: string) => names.filter((other) => other === name).length > 1;
  for (let depth = 2; names.some(clashes) && depth < 32; depth++) {
    const clashing = names.map(clashes);
    states.forEach(({ folder }, i) => {
      if (clashing[i]) names[i] = folder.split(path.sep).slice(-depth).join("/");
    });
  }
  return states.map((state, i) => {
    const copy = names.slice(0, i).filter((name) => name === names[i]).length;
    return { ...state, name: copy > 0 ? `${names[i]} (${copy + 1})` : names[i] };
  });
}

async function targetOf(states: TrainerStateFile[], out: string | undefined): Promise<string> {
  const single = states.length === 1;
  const name = single ? "training_loss" : "prefine-plot";
  if (out === undefined) return path.join(single ? states[0].folder : "", name);
  const isFolder = /[\\/]$/.test(out) || (await stat(out).catch(() => undefined))?.isDirectory() === true;
  return isFolder ? path.join(out, name) : out.replace(/\.(svg|png)$/i, "");
}

const REASONS: Record<string, string> = {
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "a file is where a folder has to be",
  EISDIR: "it is a folder",
  EACCES: "no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};

/** Written beside and renamed: a reader never sees half a file. */
async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const folder = path.dirname(file);
  const beside = path.join(folder, `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    makeFolder(folder);
    const handle = await open(beside, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const reason = `${REASONS[code] ?? "it could not be written"} (${code})`;
    throw new PrefineError("io", `${file}: cannot write the plot: ${reason}`, "Name another place with --out.");
  }
}
