/** @file The lifetime of a trainer: the calls that are running, and the signal that ends them with it. */
import { PrefineError } from "../errors.ts";

export class Lifetime {
  private readonly controller = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  private readonly finalError: (error: unknown) => Promise<unknown>;

  /** @param finalError what a call ends with instead of its error. */
  constructor(finalError: (error: unknown) => Promise<unknown>) {
    this.finalError = finalError;
  }

  /** Aborted when the lifetime ends. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborted by the caller's signal or when the lifetime ends, whichever comes first. */
  until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.signal]) : this.signal;
  }

  /** Runs `work`, which `end` then waits for. @throws PrefineError("config") after the end. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.signal.aborted) throw new PrefineError("config", "this DPOTrainer is disposed of: make a new one");
    const call = work().catch(async (error) => {
      throw await this.finalError(error);
    });
    this.running.add(call);
    try {
      return await call;
    } finally {
      this.running.delete(call);
    }
  }

  /** Stops what is running and waits for it. */
  async end(): Promise<void> {
    this.controller.abort(new PrefineError("interrupted", "stopped: the trainer was disposed of"));
    await Promise.allSettled(this.running);
  }
}
