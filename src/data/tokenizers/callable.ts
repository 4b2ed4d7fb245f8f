/** @file A base class whose instances can be called: `tokenizer(text)`, as in Python. */

/** The method that runs when an instance is called. */
export const onCall = Symbol("onCall");

interface Answering {
  [onCall](...values: unknown[]): unknown;
}

/**
 * Instances are functions that carry the subclass's prototype; calling one calls its `[onCall]`.
 * `class X extends (Callable as unknown as new () => (text: string) => number)` types the call.
 */
export const Callable = function (this: object) {
  const self = (...values: unknown[]): unknown => (self as unknown as Answering)[onCall](...values);
  return Object.setPrototypeOf(self, new.target.prototype);
};
