/** @file Objects that templates make or receive: range, namespace, cycler, joiner. */
import { bind, positional } from "../python/bind.ts";
import { TemplateFault, typeError, valueError } from "../python/fault.ts";
import { spend } from "../python/limits.ts";
import { indexNumber, numeric } from "../python/numbers.ts";
import { PyDict } from "../python/pyDict.ts";
import { sliceBounds } from "../python/strings.ts";
import { repr } from "../python/text.ts";
import {
  type Given,
  isText,
  isUndefined,
  iterate,
  PyFunction,
  type PyObject,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "../python/values.ts";

/** The sandbox's bound of a range. */
const MAX_RANGE = 100_000;

export const RANGE_ATTRIBUTES: readonly string[] = ["count", "index", "start", "step", "stop"];

class PyRange implements PyObject {
  readonly typeName = "range";
  private readonly start: number;
  private readonly stop: number;
  private readonly step: number;
  private readonly size: number;

  constructor(start: number, stop: number, step: number) {
    if (step === 0) throw valueError("range() arg 3 must not be zero");
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.size = Math.max(0, Math.ceil((stop - start) / step));
  }
  repr(): string {
    return `range(${this.start}, ${this.stop}${this.step === 1 ? "" : `, ${this.step}`})`;
  }
  length(): number {
    return this.size;
  }
  private at(index: number): bigint {
    return BigInt(this.start + index * this.step);
  }
  items(): Value[] {
    spend(this.size);
    return Array.from({ length: this.size }, (_, i) => this.at(i));
  }
  reversed(): Value[] {
    return this.items().reverse();
  }
  item(key: Value): Value | undefined {
    const number = numeric(key);
    if (typeof number !== "bigint") return undefined;
    const index = Number(number) < 0 ? Number(number) + this.size : Number(number);
    return index >= 0 && index < this.size ? this.at(index) : undefined;
  }
  slice(start: Value, stop: Value, step: Value): Value {
    const number = (value: Value) => (value === null ? undefined : indexNumber(value));
    const by = number(step) ?? 1;
    const [first, end] = sliceBounds(this.size, number(start), number(stop), by);
    return new PyRange(this.start + first * this.step, this.start + end * this.step, by * this.step);
  }
  contains(value: Value): boolean {
    const number = numeric(value);
    if (number === undefined || !Number.isInteger(Number(number))) return false;
    const index = (Number(number) - this.start) / this.step;
    return Number.isInteger(index) && index >= 0 && index < this.size;
  }
  equals(other: Value): boolean {
    return other instanceof PyRange && repr(other.items()) === repr(this.items());
  }
  attribute(name: string): Value | undefined {
    if (name === "start") return BigInt(this.start);
    if (name === "stop") return BigInt(this.stop);
    if (name === "step") return BigInt(this.step);
    if (name !== "index" && name !== "count") return undefined;
    return new PyFunction(name, (given) => {
      const [value] = positional(`range.${name}`, given, 1, 1);
      const at = this.contains(value) ? (Number(numeric(value)) - this.start) / this.step : -1;
      if (name === "count") return at < 0 ? 0n : 1n;
      if (at < 0) throw valueError(`${repr(value)} is not in range`);
      return BigInt(at);
    });
  }
}

/** The sandbox's range(). */
export function makeRange({ args, kwargs }: Given): Value {
  if (kwargs.size > 0) throw typeError("range() takes no keyword arguments");
  if (args.length === 0) throw typeError("range expected at least 1 argument, got 0");
  if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
  const bounds = args.map((value) => indexNumber(value));
  const [start, stop, step = 1] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  const range = new PyRange(start, stop, step);
  if (range.length() <= MAX_RANGE) return range;
  const message = `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`;
  throw new TemplateFault("OverflowError", message);
}

/** dict(): of a mapping or pairs, and keywords. */
export function makeDict({ args, kwargs }: Given): PyDict {
  if (args.length > 1) throw typeError(`dict expected at most 1 argument, got ${args.length}`);
  const dict = new PyDict();
  const [from] = args;
  if (from !== undefined && isUndefined(from)) throw from.fault();
  if (from instanceof PyDict) for (const [key, value] of from.entries()) dict.set(key, value);
  else if (from !== undefined) {
    let at = 0;
    for (const pair of iterate(from)) {
      const items = pairOf(pair, at++);
      dict.set(items[0], items[1]);
    }
  }
  for (const [key, value] of kwargs) dict.set(key, value);
  return dict;
}

function pairOf(pair: Value, at: number): Value[] {
  const isSequence = isText(pair) || (typeof pair === "object" && pair !== null);
  if (!isSequence) throw typeError(`cannot convert dictionary update sequence element #${at} to a sequence`);
  const items = Array.from(iterate(pair));
  if (items.length === 2) return items;
  throw valueError(`dictionary update sequence element #${at} has length ${items.length}; 2 is required`);
}

export class Namespace implements PyObject {
  readonly typeName = "Namespace";
  private readonly attributes: PyDict;

  constructor(given: Given) {
    this.attributes = makeDict(given);
    for (const key of this.attributes.keys()) checkName(key);
  }
  repr(): string {
    return `<Namespace ${repr(this.attributes)}>`;
  }
  attribute(name: string): Value | undefined {
    return this.attributes.get(name);
  }
  set(name: string, value: Value): void {
    checkName(name);
    this.attributes.set(name, value);
  }
}

function checkName(name: Value): void {
  if (!isText(name) || !textOf(name).startsWith("_")) return;
  throw new TemplateFault(
    "SecurityError",
    `Chat templates cannot store underscore-prefixed attributes on a namespace, but got ${repr(name)}. ` +
      "Please rename the attribute.",
  );
}

class Cycler implements PyObject {
  readonly typeName = "Cycler";
  private readonly values: readonly Value[];
  private position = 0;
  constructor(values: readonly Value[]) {
    if (values.length === 0) throw new TemplateFault("RuntimeError", "at least one item has to be provided");
    this.values = values;
  }
  repr(): string {
    return "<jinja2.utils.Cycler object at 0x7f0000000000>";
  }
  attribute(name: string): Value | undefined {
    if (name === "current") return this.values[this.position];
    if (name === "pos") return BigInt(this.position);
    if (name === "items") return new Tuple(this.values);
    if (name === "reset") {
      return new PyFunction("reset", () => {
        this.position = 0;
        return null;
      });
    }
    if (name !== "next") return undefined;
    return new PyFunction("next", () => {
      const value = this.values[this.position];
      this.position = (this.position + 1) % this.values.length;
      return value;
    });
  }
}

class Joiner implements PyObject {
  readonly typeName = "Joiner";
  private readonly separator: Value;
  private isUsed = false;
  constructor(separator: Value) {
    this.separator = separator;
  }
  repr(): string {
    return "<jinja2.utils.Joiner object at 0x7f0000000000>";
  }
  attribute(name: string): Value | undefined {
    if (name === "sep") return this.separator;
    return name === "used" ? this.isUsed : undefined;
  }
  call(): Value {
    if (this.isUsed) return this.separator;
    this.isUsed = true;
    return "";
  }
}

export function makeCycler({ args, kwargs }: Given): Value {
  if (kwargs.size > 0) throw typeError("Cycler.__init__() got an unexpected keyword argument");
  return new Cycler(args);
}

export const makeJoiner = (given: Given): Value => new Joiner(bind("Joiner.__init__", [["sep", ", "]], given)[0]);

/** Python's reversed(). @returns undefined for what has no order */
export function reversed(value: Value): Iterable<Value> | undefined {
  if (isUndefined(value)) return [];
  if (isText(value)) return Array.from(textOf(value)).reverse();
  if (Array.isArray(value)) return [...value].reverse();
  if (value instanceof Tuple) return [...value.items].reverse();
  return typeof value === "object" && value !== null && "reversed" in value ? value.reversed?.() : undefined;
}

/** Items of an assignment to several names. @throws as Python, which counts them */
export function unpack(value: Value, count: number): Value[] {
  const items: Value[] = [];
  for (const item of iterableOf(value)) {
    if (items.length === count) throw valueError(`too many values to unpack (expected ${count})`);
    items.push(item);
  }
  if (items.length === count) return items;
  throw valueError(`not enough values to unpack (expected ${count}, got ${items.length})`);
}

function iterableOf(value: Value): Iterable<Value> {
  if (isText(value) || typeof value === "object") {
    if (value !== null) return iterate(value);
  }
  throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
}

/** A class as a global: namespace, cycler, joiner. */
export class PyClass implements PyObject {
  readonly typeName = "type";
  readonly call: (given: Given) => Value;
  private readonly name: string;
  constructor(name: string, call: (given: Given) => Value) {
    this.name = name;
    this.call = call;
  }
  repr(): string {
    return `<class '${this.name}'>`;
  }
}
