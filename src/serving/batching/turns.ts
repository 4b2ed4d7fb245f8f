/** @file Turns of the models of a server: one computes at a time, since each uses all cores. */

export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Waits for earlier ones, then runs. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}
