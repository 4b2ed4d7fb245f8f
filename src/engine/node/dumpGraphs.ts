/**
 * @file `PREFINE_DUMP=FOLDER` saves every graph that is opened, in the order in which they are, under its name:
 * `01-head-mean.onnx`, `02-score.onnx`, ... as the runtime gets it, for Netron and ONNX's own tools, and beside it
 * `02-score.txt` for the eye and for diff, a node per line with shapes (engine/onnx/printGraph.ts). Weights are inputs
 * of a graph and not in it, so that a file has some kilobytes, or megabytes for many layers.
 *
 * Numbers go on behind those that are there: neither a second device, nor another process or run, overwrites a file.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "../../disk/ioError.ts";
import { makeFolder } from "../../disk/makeFolder.ts";
import { PrefineError } from "../../errors.ts";
import type { LoweredGraph } from "../onnx/lower.ts";
import { printGraph } from "../onnx/printGraph.ts";

/** Where to save a graph. @throws PrefineError("io") where that does not go. */
export type SaveGraph = (name: string, graph: LoweredGraph) => void;

/** @throws PrefineError("io") where the folder can't be made: before a model is loaded. */
export function graphSaver(folder: string): SaveGraph {
  attempt(folder, () => makeFolder(folder));
  return (name, graph) => {
    attempt(folder, () => {
      const file = claim(folder, name, graph.bytes);
      writeFileSync(`${file}.txt`, printGraph(name, graph));
    });
  };
}

/** Writes the .onnx file under the next number that nobody else takes. @returns its path without the ending. */
function claim(folder: string, name: string, bytes: Uint8Array): string {
  const taken = readdirSync(folder).map((file) => Number(/^(\d+)-/.exec(file)?.[1] ?? 0));
  for (let number = Math.max(0, ...taken) + 1; ; number++) {
    const file = join(folder, `${String(number).padStart(2, "0")}-${name}`);
    try {
      writeFileSync(`${file}.onnx`, bytes, { flag: "wx" });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function attempt(folder: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    const found = ioError(cause, folder);
    if (!(found instanceof PrefineError)) throw found;
    const message = `PREFINE_DUMP: expected a folder that can be written; ${found.message}`;
    throw new PrefineError("io", message, "Name another folder, or leave PREFINE_DUMP out.", { cause });
  }
}
