/**
 * @file `PREFINE_DUMP=FOLDER` saves every graph in the order of opening: `01-head-mean.onnx`, `02-score.onnx`, ...
 * exactly as the runtime gets it, for Netron and ONNX's own tools, and next to it `02-score.txt` for reading and diff,
 * one node per line with shapes (engine/onnx/printGraph.ts). Weights are inputs of a graph and not part of it, so a
 * file has some kilobytes, or megabytes for many layers.
 *
 * Numbering continues after existing files: a second device, process or run overwrites nothing.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ioError } from "../../disk/ioError.ts";
import { makeFolder } from "../../disk/makeFolder.ts";
import { PrefineError } from "../../errors.ts";
import { largest } from "../../lists.ts";
import type { LoweredGraph } from "../onnx/lower.ts";
import { printGraph } from "../onnx/printGraph.ts";

/** Saves a graph. @throws PrefineError("io") if writing fails. */
export type SaveGraph = (name: string, graph: LoweredGraph) => void;

/** @throws PrefineError("io") if the folder can't be created, before a model is loaded. */
export function graphSaver(folder: string): SaveGraph {
  attempt(folder, () => makeFolder(folder));
  return (name, graph) => {
    attempt(folder, () => {
      const file = claim(folder, name, graph.bytes);
      writeFileSync(`${file}.txt`, printGraph(name, graph));
    });
  };
}

/** Writes the .onnx file under the next free number, safe across processes. @returns its path without extension. */
function claim(folder: string, name: string, bytes: Uint8Array): string {
  const taken = readdirSync(folder).map((file) => Number(/^(\d+)-/.exec(file)?.[1] ?? 0));
  for (let number = largest(taken, 0) + 1; ; number++) {
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
    const explained = ioError(cause, folder);
    if (!(explained instanceof PrefineError)) throw explained;
    const message = `PREFINE_DUMP: expected a folder that can be written; ${explained.message}`;
    throw new PrefineError("io", message, "Name another folder, or leave PREFINE_DUMP out.", { cause });
  }
}
