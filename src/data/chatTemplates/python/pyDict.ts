/** @file Python's dict: keys of any hashable kind in the order of their insertion; 1, 1.0 and True are one key. */
import { typeError } from "./fault.ts";
import { spend } from "./limits.ts";
import { Markup, type PyObject, Tuple, typeName, Undefined, type Value } from "./values.ts";

/** A key of a JavaScript Map that is the same for all keys that Python calls equal. */
export type HashKey = unknown;

const UNDEFINED_KEY = Symbol("Undefined");

/** @throws TypeError for lists and dicts */
export function hashKey(key: Value): HashKey {
  if (typeof key === "string") return key;
  if (typeof key === "bigint") return key;
  if (typeof key === "boolean") return key ? 1n : 0n;
  if (typeof key === "number") return Number.isInteger(key) ? BigInt(key) : key;
  if (key === null) return null;
  if (key instanceof Markup) return key.text;
  if (key instanceof Undefined) return UNDEFINED_KEY;
  if (key instanceof Tuple) return tupleKey(key);
  if (Array.isArray(key) || key instanceof PyDict) throw typeError(`unhashable type: '${typeName(key)}'`);
  return key;
}

/** A text that no str can equal by accident: it begins with half a surrogate pair. */
function tupleKey({ items }: Tuple): string {
  const parts = items.map((item) => {
    const key = hashKey(item);
    return typeof key === "string" ? JSON.stringify(key) : `${typeof key}:${String(key)}`;
  });
  return `\ud800tuple(${parts.join(",")})`;
}

/** What `dict.items` and its kin give: a live view, which has a length and is read again and again. */
class DictView implements PyObject {
  readonly typeName: string;
  private readonly dict: PyDict;
  private readonly part: (entry: [Value, Value]) => Value;
  constructor(typeName: string, dict: PyDict, part: (entry: [Value, Value]) => Value) {
    this.typeName = typeName;
    this.dict = dict;
    this.part = part;
  }
  repr(): string {
    return this.typeName;
  }
  length(): number {
    return this.dict.size;
  }
  items(): Value[] {
    return this.dict.entries().map(this.part);
  }
  reversed(): Value[] {
    return this.items().reverse();
  }
}

export class PyDict implements PyObject {
  readonly typeName = "dict";
  private readonly map = new Map<HashKey, [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.map.size;
  }
  get(key: Value): Value | undefined {
    return this.map.get(hashKey(key))?.[1];
  }
  has(key: Value): boolean {
    return this.map.has(hashKey(key));
  }
  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    const before = this.map.get(hash);
    if (before) before[1] = value;
    else this.map.set(hash, [key, value]);
  }
  entries(): [Value, Value][] {
    spend(this.map.size);
    return [...this.map.values()];
  }
  keys(): Value[] {
    return this.entries().map(([key]) => key);
  }
  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }
  view(name: "keys" | "values" | "items"): PyObject {
    if (name === "keys") return new DictView("dict_keys", this, ([key]) => key);
    if (name === "values") return new DictView("dict_values", this, ([, value]) => value);
    return new DictView("dict_items", this, ([key, value]) => new Tuple([key, value]));
  }

  repr(): string {
    return "dict"; // text.ts writes it, with its items
  }
  length(): number {
    return this.map.size;
  }
  items(): Value[] {
    return this.keys();
  }
  reversed(): Value[] {
    return this.keys().reverse();
  }
}
