/** @file The `loop` of a for loop. */
import { positional } from "../python/bind.ts";
import { equals } from "../python/compare.ts";
import { typeError } from "../python/fault.ts";
import { spend } from "../python/limits.ts";
import { iterate, lengthOf, PyFunction, PyIterator, type PyObject, Undefined, type Value } from "../python/values.ts";

/** Renders a recursive loop with inner items, one level deeper. */
type Recurse = (items: Value, depth: number) => Value;

/** Reads one item ahead only where a template asks for it (loop.last, loop.nextitem), as Python does. */
export class LoopContext implements PyObject {
  readonly typeName = "LoopContext";
  private readonly iterable: Value;
  private iterator: Iterator<Value>;
  private readonly recurse: Recurse | undefined;
  private readonly depth0: number;
  private index0 = -1;
  private total: number | undefined;
  private after: { value: Value } | undefined;
  private before: Value = null;
  private current: Value = null;
  private changed: readonly Value[] | undefined;

  constructor(iterable: Value, recurse: Recurse | undefined, depth0: number) {
    this.iterable = iterable;
    this.iterator = iterate(iterable)[Symbol.iterator]();
    this.recurse = recurse;
    this.depth0 = depth0;
  }

  /** Goes to the next item; undefined at the end. */
  next(): { value: Value } | undefined {
    spend(4); // a round with its scope costs as much as four expressions
    const item = this.peek();
    this.after = undefined;
    if (!item) return undefined;
    this.index0++;
    this.before = this.current;
    this.current = item.value;
    return item;
  }

  private peek(): { value: Value } | undefined {
    if (this.after) return this.after;
    const { done, value } = this.iterator.next();
    if (!done) this.after = { value };
    return this.after;
  }

  length(): number {
    if (this.total !== undefined) return this.total;
    if (!(this.iterable instanceof PyIterator)) {
      this.total = lengthOf(this.iterable);
      return this.total;
    }
    const rest: Value[] = [];
    for (let item = this.iterator.next(); !item.done; item = this.iterator.next()) rest.push(item.value);
    this.iterator = rest[Symbol.iterator]();
    this.total = rest.length + this.index0 + 1 + (this.after ? 1 : 0);
    return this.total;
  }

  repr(): string {
    return `<LoopContext ${this.index0 + 1}/${this.length()}>`;
  }

  call(given: { args: readonly Value[]; kwargs: ReadonlyMap<string, Value> }): Value {
    if (!this.recurse) throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    const [items] = positional("loop", given, 1, 1);
    return this.recurse(items, this.depth0 + 1);
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return BigInt(this.index0 + 1);
      case "index0":
        return BigInt(this.index0);
      case "revindex":
        return BigInt(this.length() - this.index0);
      case "revindex0":
        return BigInt(this.length() - this.index0 - 1);
      case "first":
        return this.index0 === 0;
      case "last":
        return this.peek() === undefined;
      case "length":
        return BigInt(this.length());
      case "depth":
        return BigInt(this.depth0 + 1);
      case "depth0":
        return BigInt(this.depth0);
      case "previtem":
        return this.index0 === 0 ? new Undefined("there is no previous item") : this.before;
      case "nextitem":
        return this.peek() ? (this.peek()?.value ?? null) : new Undefined("there is no next item");
      case "cycle":
        return new PyFunction("cycle", ({ args }) => this.cycle(args));
      case "changed":
        return new PyFunction("changed", ({ args }) => this.hasChanged(args));
    }
    return undefined;
  }

  private cycle(args: readonly Value[]): Value {
    if (args.length === 0) throw typeError("no items for cycling given");
    return args[this.index0 % args.length];
  }

  private hasChanged(values: readonly Value[]): boolean {
    const before = this.changed;
    const isSame = before?.length === values.length && values.every((value, i) => equals(value, before[i]));
    this.changed = values;
    return !isSame;
  }
}
