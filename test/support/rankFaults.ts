/** @file Faults of one rank of a job at a chosen moment: what its process loads first, by NODE_OPTIONS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Fault {
  rank: number;
  /** The how manieth of `every`, from 1. */
  at: number;
  /** To the rank's own process. */
  signal: "SIGKILL" | "SIGSTOP" | "SIGTERM";
  /** A step is the sum of its gradients; a request is anything that its compute thread is asked for. Default: step. */
  every?: "step" | "request";
}

const PROGRAM = `const { isMainThread, Worker } = require("node:worker_threads");
const { OMPI_COMM_WORLD_RANK, PMI_RANK, FAULTY_RANK, FAULT_AT, FAULT_EVERY, FAULT_SIGNAL } = process.env;
if (isMainThread && (OMPI_COMM_WORLD_RANK ?? PMI_RANK) === FAULTY_RANK) {
  const { postMessage } = Worker.prototype;
  let count = 0;
  Worker.prototype.postMessage = function (message, ...rest) {
    const method = message?.request?.method;
    const counts = FAULT_EVERY === "step" ? method === "allReduce" : method !== undefined;
    if (counts && ++count === Number(FAULT_AT)) process.kill(process.pid, FAULT_SIGNAL);
    return postMessage.call(this, message, ...rest);
  };
}
`;

/** What the ranks need in their environment. @param folder for the program. */
export function rankFault(folder: string, { rank, at, signal, every = "step" }: Fault): Record<string, string> {
  const path = join(folder, "fault.cjs");
  writeFileSync(path, PROGRAM);
  const numbers = { FAULTY_RANK: `${rank}`, FAULT_AT: `${at}` };
  return { NODE_OPTIONS: `--require ${path}`, ...numbers, FAULT_EVERY: every, FAULT_SIGNAL: signal };
}
