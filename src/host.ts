/** @file Features of the host that exist only in some: Node, Bun, Deno, a browser's page or worker. */

/** Globals that only some hosts have, or that Node types differently. Looked up at each call: tests remove them. */
interface Globals {
  /** In Node, Bun and Deno; some bundlers put a smaller one into pages. */
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

/** Lets timers, messages and signals run, then continues: some microseconds. */
export function giveTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else postTurn(resolve);
  });
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
  if (host.process?.emitWarning) host.process.emitWarning(line, "PrefineWarning");
  else console.warn(line);
}

/** The folder that `~` stands for; undefined in a browser. */
export function homeFolder(): string | undefined {
  const { process } = host;
  if (process?.getBuiltinModule) return process.getBuiltinModule("node:os").homedir();
  return process?.platform === "win32" ? process.env.USERPROFILE : process?.env.HOME;
}
