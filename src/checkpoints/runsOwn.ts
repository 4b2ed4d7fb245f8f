/**
 * @file Tells files of output_dir that runs wrote, by their content, from a user's: no run replaces or deletes the
 * latter. Without a list of what was written, which a crash would leave wrong, and a copy of the folder behind.
 */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
import { sha256 } from "../formats/sha256.ts";
import { ADAPTER_CONFIG } from "./adapter.ts";
import { isMarginsTable, MARGINS } from "./marginsTable.ts";
import { listCheckpoints } from "./runDirectory.ts";
import { TRAINER_STATE } from "./trainerState.ts";
import { TRAINING_ARGS } from "./trainingArgs.ts";

export const CARD = "README.md";
/** The verdict on a run. */
export const VERDICT = "verdict.json";
const PLOT = "training_loss";

/** Files of a run that get another name if theirs is a user's. */
export const EXTRAS: readonly string[] = [CARD, VERDICT, MARGINS, `${PLOT}.svg`, `${PLOT}.png`];

/** The name of an extra whose own name is taken. */
export const otherName = (name: string) => `prefine-${name}`;

/** Whether a run may write a file of this name: there is none, or a run wrote it and no user has edited it. */
export async function mayWrite(folder: RunFolder, name: string): Promise<boolean> {
  if (!(await folder.has(name))) return true;
  const extra = EXTRAS.find((own) => name === own || name === otherName(own));
  if (extra === CARD) return isSealedCard((await folder.readText(name)) ?? "");
  if (extra === VERDICT) return hasKeys(folder, name, ["kind", "reason", "next"]);
  if (extra === MARGINS) return isMarginsTable(folder, name);
  if (extra !== undefined) return isPlotted(folder, name);
  if (name === "config.json" && !(await hasKeys(folder, name, ["model_type"]))) return false; // another program's
  if (await isOthersJson(folder, name)) return false;
  return hasTraining(folder);
}

/** Keys that a training's files of these names have. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  [ADAPTER_CONFIG]: ["peft_type"],
  [TRAINER_STATE]: ["log_history"],
  [TRAINING_ARGS]: ["output_dir"],
  "tokenizer.json": [],
  "tokenizer_config.json": [],
};

/** Whether a file has a training's name but other content. One that is cut or zeroed is a training's, damaged. */
async function isOthersJson(folder: RunFolder, name: string): Promise<boolean> {
  const keys = KEYS[name];
  if (!keys) return false;
  const text = ((await folder.readText(name)) ?? "").replace(/^[\s\0]+/, "");
  if (text === "") return false;
  if (!text.startsWith("{")) return true;
  try {
    const value = parseJson(text);
    return !isObject(value) || !keys.every((key) => key in value);
  } catch {
    return false;
  }
}

/** Keys of the files that prove a training. */
const PROOFS: readonly [string, readonly string[]][] = [
  [TRAINER_STATE, ["global_step", "log_history"]],
  [TRAINING_ARGS, ["output_dir"]],
];

/** Whether a folder has traces of a training, prefine's or TRL's: its model files are then the training's. */
async function hasTraining(folder: RunFolder): Promise<boolean> {
  if (await folder.has("training_args.bin")) return true;
  for (const [name, keys] of PROOFS) if (await hasKeys(folder, name, keys)) return true;
  return (await listCheckpoints(folder)).length > 0;
}

async function hasKeys(folder: RunFolder, name: string, keys: readonly string[]): Promise<boolean> {
  try {
    const value = parseJson((await folder.readText(name)) ?? "");
    return isObject(value) && keys.every((key) => key in value);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof PrefineError) return false;
    throw error;
  }
}

/**
 * A name under which a run may write an extra: its own, else one with `prefine-` before it.
 * @param onKept called with a line if a file of the extra's own name is a user's.
 * @returns undefined if both are a user's.
 */
export async function freeName(
  folder: RunFolder,
  name: string,
  onKept: (line: string) => void,
): Promise<string | undefined> {
  if (await mayWrite(folder, name)) return name;
  const other = otherName(name);
  const isFree = await mayWrite(folder, other);
  const instead = isFree ? `this run's is ${other}` : `and neither is ${other}: this run's is not written`;
  onKept(`${folder.pathOf(name)}: is kept, since no run wrote it as it is now; ${instead}`);
  return isFree ? other : undefined;
}

/** The name of a run's pictures without ending, as of {@link freeName}: both get the same. */
export async function freePlotName(folder: RunFolder, onKept: (line: string) => void): Promise<string | undefined> {
  for (const name of [`${PLOT}.svg`, `${PLOT}.png`]) {
    if (await mayWrite(folder, name)) continue;
    return (await freeName(folder, name, onKept)) && otherName(PLOT);
  }
  return PLOT;
}

/** Whether a picture is prefine's: the SVG of its name is, and a PNG is always written with one. */
async function isPlotted(folder: RunFolder, name: string): Promise<boolean> {
  const svg = await folder.readText(name.replace(/png$/, "svg"));
  return svg !== undefined && /^<svg [^\n]*\n {2}role="img" font-family="/.test(svg);
}

/** A card with a hash of its text, in a comment that renderers hide: an edited card is a user's. */
export function sealCard(card: string): string {
  return `${card}\n<!-- Written by prefine. Once it is edited, no run replaces it. sha256: ${sha256(card)} -->\n`;
}

const SEAL = /\n<!-- [^\n]* sha256: ([0-9a-f]{64}) -->\n$/;

function isSealedCard(text: string): boolean {
  const seal = SEAL.exec(text);
  return seal !== null && sha256(text.slice(0, seal.index)) === seal[1];
}
