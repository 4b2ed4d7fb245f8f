/** @file Plots runs on disk to files: SVG for documents, PNG for everything else. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { checkOptions, checkValue, optionsOf, text, texts } from "../arguments.ts";
import { ownerOf } from "../disk/folderLock.ts";
import { writeFileAtomically } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import type { Content } from "../formats/content.ts";
import { PLOT_CHECKS, type PlotOptions, plotRuns } from "./plotRuns.ts";
import { readTrainerState, type TrainerStateFile } from "./readTrainerState.ts";
import { renderPng } from "./renderPng.ts";

export interface PlotFilesOptions extends PlotOptions {
  /**
   * Output folder or file name. Both .svg and .png are written, whatever the name's extension.
   * Default: `training_loss.*` in the folder of a single run, `prefine-plot.*` in the current folder for several.
   */
  out?: string | undefined;
}

const OPTIONS = optionsOf<PlotFilesOptions>("plotRunFolders", { ...PLOT_CHECKS, out: text });
const PATHS = { ...texts, expected: "a list of folders of runs" };

/**
 * Plots one or more runs (folders, checkpoint folders or trainer_state.json files), overlaid.
 * @returns the paths of the two files, each written atomically.
 * @throws PrefineError `io` or `data` if a run can't be read or has nothing to draw.
 */
export async function plotRunFolders(
  paths: string[],
  options: PlotFilesOptions = {},
): Promise<{ svg: string; png: string }> {
  checkValue("plotRunFolders", paths, PATHS, 'For example: plotRunFolders(["dpo"]).');
  checkOptions("plotRunFolders", options, OPTIONS);
  const states = await Promise.all(paths.map((run) => readTrainerState(run)));
  const { out, ...drawing } = options;
  const svg = plotRuns(distinctNames(states), drawing);
  const target = await targetOf(states, out);
  const files = { svg: `${target}.svg`, png: `${target}.png` };
  await refuseInsideRun(path.dirname(target));
  await writePlot(files.svg, svg);
  await writePlot(files.png, [renderPng(svg)]);
  return files;
}

/** Makes names distinct: adds parent folders to equal names, and a number if the same run is given twice. */
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

/**
 * Allows the folder of a running training run, but not one inside it, such as a checkpoint that will be deleted later.
 * @throws PrefineError `config`.
 */
async function refuseInsideRun(folder: string): Promise<void> {
  const above = path.dirname(path.resolve(folder));
  const owner = await ownerOf(above);
  if (!owner || above === path.resolve(folder)) return;
  const message = `${folder}: expected a folder that stays, found one of a training that is running in ${owner.folder}`;
  throw new PrefineError("config", message, "Choose another path with --out.");
}

/** @throws PrefineError `io` with a hint about --out, since a plot has no output_dir. */
async function writePlot(file: string, content: Content): Promise<void> {
  try {
    await writeFileAtomically(file, content);
  } catch (cause) {
    if (!(cause instanceof PrefineError)) throw cause;
    throw new PrefineError(cause.code, cause.message, "Choose another path with --out.", { cause });
  }
}
