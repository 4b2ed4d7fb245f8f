/** @file Processes of a job: started by mpirun, or by hand with the variables that a launcher sets. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { builtPackage } from "./builtPackage.ts";

const prefine = await builtPackage();

export interface RankEnd {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Started {
  cwd: string;
  /** Added to PATH and HOME. */
  env?: Record<string, string>;
}

/** Runs a program to its end. */
function finished(program: string, words: readonly string[], { cwd, env = {} }: Started): Promise<RankEnd> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, words, { cwd, env: { PATH, HOME, NO_COLOR: "1", ...env } });
  const end: RankEnd = { code: null, stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      end[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...end, code }));
  });
}

/** The command line of `npx prefine WORDS`, without the name of Node. */
const prefineWords = (...words: string[]): string[] => [join(prefine, "bin/prefine.js"), ...words];

/** `npx prefine WORDS` once per rank, without a launcher. @param variables those that one would set for a rank. */
export function ranksByHand(
  words: string[],
  { size, cwd, variables }: { size: number; cwd: string; variables: (rank: number) => Record<string, string> },
): Promise<RankEnd[]> {
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  return Promise.all(
    ranks.map((rank) => finished(process.execPath, prefineWords(...words), { cwd, env: variables(rank) })),
  );
}
