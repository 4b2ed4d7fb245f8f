/** @file Features of the host that exist only in some: Node, Bun, Deno, a browser's page or worker. */
import { printable } from "./phrases.ts";

/** Globals that only some hosts have, or that Node types differently. Looked up at each call: tests remove them. */
interface Globals {
  /** In Node, Bun and Deno; some bundlers put a smaller one into pages. */
  process?: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly platform: string;
    emitWarning?(text: string, type: string): void;
    /** Node 20.16, 22.3 and later. */
    getBuiltinModule?(name: "node:os"): { homedir(): string };
    getBuiltinModule?(name: "node:vm"): { Script: new (code: string) => TimedScript };
    getBuiltinModule?(name: "node:crypto"): { createHash(name: "sha256"): NativeHash };
  };
  /** Not in browsers. */
  setImmediate?(callback: () => void): unknown;
  MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
}

/** A hash of node:crypto. */
export interface NativeHash {
  /** Of a text its UTF-8. */
  update(piece: Uint8Array | string): unknown;
  digest(encoding: "hex"): string;
}

/** A script of node:vm. */
interface TimedScript {
  /** @throws with code ERR_SCRIPT_EXECUTION_TIMEOUT once the script has been ended. */
  runInThisContext(options: { timeout: number; displayErrors: boolean }): void;
}

const host = globalThis as unknown as Globals;

/** Lets timers, messages and signals run, then continues: some microseconds. */
export function giveTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else postTurn(resolve);
  });
}

/** The host's own SHA-256, ten times as fast as formats/sha256; undefined where there is none that takes pieces. */
export function nativeSha256(): NativeHash | undefined {
  return host.process?.getBuiltinModule?.("node:crypto").createHash("sha256");
}

/** Milliseconds of work between turns. */
const TURN_MS = 25;

/** A function to await between two pieces of long work: gives a turn if the last one was 25 ms ago. */
export function turnTaker(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < TURN_MS) return undefined;
    return giveTurn().then(() => {
      last = performance.now();
    });
  };
}

/** Where a timed script finds its work. */
const WORK = Symbol.for("prefine.timedWork");
let script: TimedScript | undefined;

/**
 * Calls `work` and ends it after a time, wherever it is: in a loop, a regular expression. What it has changed by then
 * stays changed. Costs 0.1 ms, so call it for many small pieces of work at once. Where the host has no such limit (a
 * browser, Node before 20.16), the call takes as long as it takes.
 * @returns whether it came to its end.
 */
export function endsWithin(milliseconds: number, work: () => void): boolean {
  const vm = host.process?.getBuiltinModule?.("node:vm");
  if (!vm) {
    work();
    return true;
  }
  script ??= new vm.Script(`globalThis[Symbol.for("prefine.timedWork")]()`);
  const holder = globalThis as { [WORK]?: (() => void) | undefined };
  const outer = holder[WORK];
  holder[WORK] = work;
  try {
    script.runInThisContext({ timeout: milliseconds, displayErrors: false });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return false;
    throw error;
  } finally {
    holder[WORK] = outer;
  }
}

/** Replaces setImmediate if absent. Not setTimeout: browsers delay it by 4 ms, and by seconds in hidden tabs. */
function postTurn(resume: () => void): void {
  const { port1, port2 } = new host.MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resume();
  };
  port2.postMessage(null);
}

/** Default receiver of warnings: the process's warning, or the console's. */
export function emitWarning(line: string): void {
  const shown = printable(line);
  if (host.process?.emitWarning) host.process.emitWarning(shown, "PrefineWarning");
  else console.warn(shown);
}

/** The folder that `~` stands for; undefined in a browser. */
export function homeFolder(): string | undefined {
  const { process } = host;
  if (process?.getBuiltinModule) return process.getBuiltinModule("node:os").homedir();
  return process?.platform === "win32" ? process.env.USERPROFILE : process?.env.HOME;
}
