/**
 * @file Calls of a tokenizer that may take long, or never end: a chat template's loop, a pattern of tokenizer.json that
 * tries every way to match, a text of many megabytes. After 0.3 s here they start again in a thread, where a signal
 * can end them; nearly all texts take less than a millisecond and never get there.
 */
import { PrefineError } from "../../errors.ts";
import { endsWithin } from "../../host.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The methods that may take long. */
export type SlowMethod = "encode" | "encodeBranches" | "apply_chat_template";

/** A call by its method and arguments, which are plain data. */
export type SlowCall = readonly [method: SlowMethod, ...args: unknown[]];

/** A tokenizer in another thread. */
export interface TokenizerThread {
  /** @throws what the tokenizer throws. */
  call(call: SlowCall): Promise<unknown>;
  /** Other work of the thread's program, as plain data: see data/preferences/tokenizingThreads. */
  work(request: object): Promise<unknown>;
  /** Ends the thread, whatever it is doing. */
  end(): Promise<void>;
}

type Callee = Partial<Record<SlowMethod, unknown>>;

let openThread: ((tokenizer: Tokenizer) => TokenizerThread) | undefined;
let cores = 0;

/**
 * Registers how threads are started: called by pretrained/tokenizerThreads.ts on Node.
 * @param count threads that tokenize a large dataset: the cores of this machine, up to 8.
 */
export function openThreadsWith(open: (tokenizer: Tokenizer) => TokenizerThread, count: number): void {
  openThread = open;
  cores = count;
}

/** Threads with copies of the tokenizer, one per core; none where it can't be sent. */
export function threadsOf(tokenizer: Tokenizer): TokenizerThread[] {
  const open = canMove(tokenizer) ? openThread : undefined;
  return open ? Array.from({ length: cores }, () => open(tokenizer)) : [];
}

/** Longest work (ms) on this thread before it goes to another. */
const PATIENCE = 300;

interface Stopping {
  /** Ends calls in the thread. */
  signal?: AbortSignal | undefined;
  /** For tests: default 300 ms. */
  patience?: number;
}

/** Works through rows or prompts: here, or after one that took too long, in a thread of its own. */
export class StoppableTokenizer {
  private readonly tokenizer: Callee;
  private readonly signal: AbortSignal | undefined;
  private readonly patience: number;
  private thread: TokenizerThread | undefined;

  constructor(tokenizer: Callee, { signal, patience = PATIENCE }: Stopping = {}) {
    this.tokenizer = tokenizer;
    this.signal = signal;
    this.patience = patience;
  }

  /** Whether something took so long that the rest goes to the thread. */
  get isSlow(): boolean {
    return this.thread !== undefined;
  }

  /** Works here for a while. @returns false if the work was ended: call the rest in the thread. */
  tryHere(work: () => void): boolean {
    if (!canMove(this.tokenizer)) work();
    else if (!endsWithin(this.patience, work)) this.thread = openThread?.(this.tokenizer);
    else return true;
    return this.thread === undefined;
  }

  /** One call: here, or in the thread. */
  async call<T>(call: SlowCall): Promise<T> {
    let value: unknown;
    const [method, ...args] = call;
    const work = () => {
      value = (this.tokenizer[method] as (...args: unknown[]) => unknown)(...args);
    };
    if (!this.isSlow && this.tryHere(work)) return value as T;
    return (await this.inThread(call)) as T;
  }

  private async inThread(call: SlowCall): Promise<unknown> {
    const { signal, thread } = this;
    if (!thread) throw new Error("internal: no thread for the tokenizer");
    const stopped = () => new PrefineError("interrupted", "stopped while tokenizing the data");
    if (signal?.aborted) throw stopped();
    let stop = () => {};
    const stopping = new Promise<never>((_, reject) => {
      stop = () => reject(stopped());
      signal?.addEventListener("abort", stop, { once: true });
    });
    try {
      return await Promise.race([thread.call(call), stopping]);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Ends the thread, if there is one. */
  async end(): Promise<void> {
    await this.thread?.end();
    this.thread = undefined;
  }
}

/** Only this class has parts to send; not where methods were replaced, as a test's spy does. */
function canMove(tokenizer: object): tokenizer is Tokenizer {
  const methods = ["encode", "encodeBranches", "apply_chat_template", "get_chat_template"];
  const isOwn = Object.getPrototypeOf(tokenizer) === Tokenizer.prototype;
  return openThread !== undefined && isOwn && !methods.some((method) => Object.hasOwn(tokenizer, method));
}

/** One call; the thread, if it took one, is ended. */
export async function callTokenizer<T>(tokenizer: Callee, call: SlowCall, signal?: AbortSignal): Promise<T> {
  const stoppable = new StoppableTokenizer(tokenizer, { signal });
  try {
    return await stoppable.call<T>(call);
  } finally {
    await stoppable.end();
  }
}
