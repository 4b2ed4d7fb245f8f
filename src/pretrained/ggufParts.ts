/** @file A GGUF model's header, whether it is one file or several parts, as llama-gguf-split writes them. */
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { type GgufFile, type GgufTensor, readGguf } from "../formats/gguf.ts";
import { ggufParts } from "../formats/ggufPath.ts";
import { counted } from "../phrases.ts";
import { refuseOtherGguf } from "./ggufKinds.ts";

/** A tensor, and the part that has it, by its name among the model's files. */
export type PlacedTensor = GgufTensor & { part: string };

/** The metadata is the first part's, which has all of it; the tensors are all parts'. */
export interface GgufModelHeader extends GgufFile {
  tensors: ReadonlyMap<string, PlacedTensor>;
  /** The path of the file, or of its first part, for messages. */
  where: string;
}

/**
 * @param name a GGUF file among `files`, or any part of one.
 * @throws PrefineError("model" or "not-yet"), see `readGguf`; for parts that are missing or of another model, and for
 *   files that are no language model.
 */
export async function readGgufHeader(files: ModelFiles, name: string): Promise<GgufModelHeader> {
  const own = await readPart(files, name, `${files.pathOf(name)}: no such file`, "Check the spelling of the path.");
  const count = Number(own.metadata.get("split.count") ?? 1);
  const names = count > 1 ? ggufParts(name) : [name];
  if (count > 1 && names.length !== count) throw wrongName(files.pathOf(name), count);
  const tensors = new Map<string, PlacedTensor>();
  let first = own;
  for (const [i, part] of names.entries()) {
    const where = files.pathOf(part);
    const missing = `${where}: expected part ${i + 1} of ${count}, found no such file`;
    const file = part === name ? own : await readPart(files, part, missing, `All ${count} parts belong in one folder.`);
    if (i === 0) first = file;
    if (count > 1) checkPart(file, { where, number: i, count });
    for (const [tensor, place] of file.tensors) {
      if (tensors.has(tensor)) throw wrongPart(where, `tensor ${JSON.stringify(tensor)} is in an earlier part, too`);
      tensors.set(tensor, { ...place, part });
    }
  }
  const where = files.pathOf(names[0]);
  const header = { metadata: first.metadata, tensors, where };
  const expected = Number(first.metadata.get("split.tensors.count") ?? tensors.size);
  if (count > 1 && expected !== tensors.size) {
    throw wrongPart(where, `its parts have ${counted(tensors.size, "tensor")}, its metadata says ${expected}`);
  }
  refuseOtherGguf(header);
  return header;
}

async function readPart(files: ModelFiles, name: string, missing: string, hint: string): Promise<GgufFile> {
  const file = await files.open(name);
  if (!file) throw new PrefineError("io", missing, hint);
  try {
    return await readGguf(file, files.pathOf(name));
  } finally {
    await file.close();
  }
}

interface Place {
  where: string;
  /** From 0. */
  number: number;
  count: number;
}

function checkPart({ metadata }: GgufFile, { where, number, count }: Place): void {
  const [ownNumber, ownCount] = [metadata.get("split.no"), metadata.get("split.count")];
  if (ownNumber === number && ownCount === count) return;
  const says = `its metadata says part ${Number(ownNumber ?? 0) + 1} of ${Number(ownCount ?? 1)}`;
  throw wrongPart(where, `it is named as part ${number + 1} of ${count}, ${says}`);
}

const wrongPart = (where: string, problem: string) =>
  new PrefineError("model", `${where}: ${problem}`, "Download all parts again: they may be of two models, or damaged.");

function wrongName(where: string, count: number): PrefineError {
  const end = `-00001-of-${String(count).padStart(5, "0")}.gguf`;
  const message = `${where}: expected the name of a model in ${count} parts to end as ${end}, found another`;
  return new PrefineError(
    "model",
    message,
    "Give the parts their names back, or merge them: llama-gguf-split --merge.",
  );
}
