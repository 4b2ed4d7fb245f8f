/** @file Values that one side pushes and the other iterates over, each at its own pace. */

export class PushedValues<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = [];
  private ended = false;
  private error: unknown;
  private wake = () => {};

  push(value: T): void {
    this.waiting.push(value);
    this.wake();
  }

  /** No more values. @param error thrown at the reader after the last value. */
  end(error?: unknown): void {
    this.ended = true;
    this.error = error;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      while (this.waiting.length > 0) yield this.waiting.shift() as T;
      if (this.ended) break;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.error !== undefined) throw this.error;
  }
}
