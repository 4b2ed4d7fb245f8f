/** @file What the program around us offers where it is there: Node, Bun, Deno, a browser's page or worker. */

/** Globals that only some hosts have, or that Node types otherwise. Looked up at each call: tests take them away. */
interface Globals {
  /** Of Node, Bun and Deno; some bundlers put a smaller one into pages. */
  process?: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly platform: string;
    emitWarning?(text: string, type: string): void;
    /** Node 20.16, 22.3 and later. */
    getBuiltinModule?(name: "node:os"): { homedir(): string };
  };
  /** Not in browsers. */
  setImmediate?(callback: () => void): unknown;
  MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
}

const host = globalThis as unknown as Globals;

/** Lets timers, messages and signals be served, then goes on: some microseconds. */
export function giveTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else postTurn(resolve);
  });
}

/** As setImmediate where there is none. Not setTimeout: browsers let it wait for 4 ms, and seconds in hidden tabs. */
function postTurn(resume: () => void): void {
  const { port1, port2 } = new host.MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resume();
  };
  port2.postMessage(null);
}

/** Prints a line for people who gave no function to receive it: a warning of the process, or the console's. */
export function emitWarning(line: string): void {
  if (host.process?.emitWarning) host.process.emitWarning(line, "PrefineWarning");
  else console.warn(line);
}

/** The folder that `~` means; undefined in a browser. */
export function homeFolder(): string | undefined {
  const { process } = host;
  if (process?.getBuiltinModule) return process.getBuiltinModule("node:os").homedir();
  return process?.platform === "win32" ? process.env.USERPROFILE : process?.env.HOME;
}
