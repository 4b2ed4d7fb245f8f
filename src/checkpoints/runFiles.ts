/** @file Before a run writes into output_dir: refuses what is in its way, deletes the run that it replaces. */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { ADAPTER_CONFIG } from "./adapter.ts";
import { isInTheWay } from "./ownFiles.ts";
import { listCheckpoints, listNamed, type OnKept, RUN_FILES, removeCheckpoints } from "./runDirectory.ts";
import { EXTRAS, mayWrite, otherName } from "./runsOwn.ts";
import { TRAINER_STATE } from "./trainerState.ts";
import { TRAINING_ARGS } from "./trainingArgs.ts";

interface Start {
  /** Names of the files without which the run's model is not whole. */
  names: readonly string[];
  /** Checkpoints of later steps will be written. */
  step: number;
  /** Whether {@link removeRun} follows. */
  replaces: boolean;
}

/**
 * Before the first step: the files that a run will replace must be a run's.
 * @throws PrefineError("config") naming those that are not.
 */
export async function refuseOthersFiles(run: RunFolder, { names, step, replaces }: Start): Promise<void> {
  const others: string[] = [];
  for (const name of names) if (!(await mayWrite(run, name))) others.push(name);
  const removed = replaces ? (await listCheckpoints(run)).map(({ folder }) => folder.name) : [];
  for (const named of await listNamed(run)) {
    if (named.step <= step || removed.includes(named.folder.name)) continue;
    if (await isInTheWay(named.folder)) others.push(named.folder.name);
  }
  if (others.length === 0) return;
  throw new PrefineError(
    "config",
    `output_dir ${run.path}: expected nothing in the way of the run's files, found ${others.join(", ")}, which no ` +
      "run of prefine wrote",
    "Move what is there, or choose another output_dir.",
  );
}

/** Files of a model and its tokenizer that the run's own files need not include. */
const MODEL = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];
/** Prove that the other files are a training's: deleted last, so that an interrupted removal can be repeated. */
const PROOFS = [TRAINER_STATE, TRAINING_ARGS];

/**
 * Deletes only the files of the folder's run.
 * @param names further files of a run, such as its tokenizer's.
 * @param onKept called with a line per model file that stays because no run wrote it.
 */
export async function removeRun(
  run: RunFolder,
  onKept: OnKept = () => {},
  names: readonly string[] = [],
): Promise<void> {
  const deletable: string[] = [];
  const extras = [...EXTRAS, ...EXTRAS.map(otherName)];
  for (const name of new Set([...RUN_FILES, ADAPTER_CONFIG, ...MODEL, ...names, ...extras, ...PROOFS])) {
    if (!(await run.has(name))) continue;
    if (await mayWrite(run, name)) deletable.push(name);
    else if (![...EXTRAS, ...MODEL].includes(name)) onKept(`${run.pathOf(name)}: is kept, since no run wrote it`);
  }
  await removeCheckpoints(await listCheckpoints(run), onKept);
  const isProof = (name: string) => Number(PROOFS.includes(name));
  for (const name of deletable.toSorted((a, b) => isProof(a) - isProof(b))) await run.delete(name);
}
