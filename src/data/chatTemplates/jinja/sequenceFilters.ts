/** @file Filters on sequences: map, select and reject, sort, unique, groupby, batch, slice, sum, min, max. */
import { type Comparison, compare, equals, sorted } from "../python/compare.ts";
import { typeError } from "../python/fault.ts";
import { spend } from "../python/limits.ts";
import { flag, indexNumber, numeric } from "../python/numbers.ts";
import { binary } from "../python/operators.ts";
import { hashKey } from "../python/pyDict.ts";
import {
  isText,
  isTrue,
  iterate,
  PyIterator,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "../python/values.ts";
import { attributeGetter, attributesGetter, ignoreCase } from "./attributePath.ts";
import { argumentFault, type Environment, type Filter } from "./environment.ts";

/** A generator, which Python makes of these filters: read once, when it is read. */
const lazy = (name: string, items: () => Iterable<Value>): Value => {
  function* generate(): Generator<Value> {
    for (const item of items()) {
      spend(1);
      yield item;
    }
  }
  return new PyIterator("generator", generate(), name);
};

const nameOf = (value: Value): string => {
  if (isText(value)) return textOf(value);
  throw typeError(`unhashable or unknown name of a filter or test: '${typeName(value)}'`);
};

/** map("upper") or map(attribute="name"). */
export const map: Filter = (value, { args, kwargs }, environment) =>
  lazy("sync_do_map", function* () {
    if (!isTrue(value)) return;
    const apply = mapper(args, kwargs, environment);
    for (const item of iterate(value)) yield apply(item);
  });

function mapper(
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  environment: Environment,
): (item: Value) => Value {
  const attribute = kwargs.get("attribute");
  if (args.length === 0 && attribute !== undefined) {
    const unknown = [...kwargs.keys()].find((key) => key !== "attribute" && key !== "default");
    if (unknown !== undefined) throw argumentFault(`Unexpected keyword argument '${unknown}'`);
    return attributeGetter(attribute, kwargs.get("default") ?? null);
  }
  if (args.length === 0) throw argumentFault("map requires a filter argument");
  const [name, ...rest] = args;
  return (item) => environment.callFilter(nameOf(name), item, { args: rest, kwargs });
}

/** select, reject, selectattr and rejectattr. */
export const select =
  ({ keeps, byAttribute, name }: { keeps: boolean; byAttribute: boolean; name: string }): Filter =>
  (value, given, environment) =>
    lazy(name, function* () {
      if (!isTrue(value)) return;
      if (byAttribute && given.args.length === 0) throw argumentFault("Missing parameter for attribute name");
      const get = byAttribute ? attributeGetter(given.args[0]) : (item: Value) => item;
      const [test, ...args] = given.args.slice(byAttribute ? 1 : 0);
      const passes = (item: Value) =>
        test === undefined ? isTrue(item) : environment.callTest(nameOf(test), item, { args, kwargs: given.kwargs });
      for (const item of iterate(value)) if (passes(get(item)) === keeps) yield item;
    });

export function sort(value: Value, [reverse, caseSensitive, attribute]: Value[]): Value {
  const get = attributesGetter(attribute);
  const keyOf = (item: Value) => (isTrue(caseSensitive) ? get(item) : get(item).map(ignoreCase));
  return sorted(Array.from(iterate(value)), keyOf, flag(reverse));
}

/** Keys of items, in lower case unless case_sensitive is set. */
function keyGetter(caseSensitive: Value, attribute: Value, standard: Value = null): (item: Value) => Value {
  const get = attributeGetter(attribute, standard);
  return (item) => (isTrue(caseSensitive) ? get(item) : ignoreCase(get(item)));
}

export const unique = (value: Value, [caseSensitive, attribute]: Value[]): Value =>
  lazy("sync_do_unique", function* () {
    const keyOf = keyGetter(caseSensitive, attribute);
    const seen = new Set<unknown>();
    for (const item of iterate(value)) {
      const key = hashKey(keyOf(item));
      if (!seen.has(key)) yield item;
      seen.add(key);
    }
  });

export function extreme(value: Value, [caseSensitive, attribute]: Value[], better: Comparison): Value {
  const keyOf = keyGetter(caseSensitive, attribute);
  let best: { item: Value; key: Value } | undefined;
  for (const item of iterate(value)) {
    const key = keyOf(item);
    if (!best || compare(key, best.key, better)) best = { item, key };
  }
  return best ? best.item : new Undefined("No aggregated item, sequence was empty.");
}

export function groupBy(value: Value, [attribute, standard, caseSensitive]: Value[]): Value {
  const keyOf = keyGetter(caseSensitive, attribute, standard);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted(Array.from(iterate(value)), keyOf)) {
    const key = keyOf(item);
    const group = groups.at(-1);
    if (group && equals(group.key, key)) group.items.push(item);
    else groups.push({ key, items: [item] });
  }
  const exact = attributeGetter(attribute, standard);
  return groups.map(({ key, items }) => {
    const shown = isTrue(caseSensitive) ? key : exact(items[0]); // the first item's own case
    return new Tuple([shown, items], ["grouper", "list"]);
  });
}

export const batch = (value: Value, [lineCount, fill]: Value[]): Value =>
  lazy("do_batch", function* () {
    const size = Number(numeric(lineCount) ?? Number.NaN);
    let line: Value[] = [];
    for (const item of iterate(value)) {
      if (line.length === size) {
        yield line;
        line = [];
      }
      line.push(item);
    }
    if (line.length === 0) return;
    if (fill !== null && line.length < indexNumber(lineCount)) {
      spend(size - line.length);
      while (line.length < size) line.push(fill);
    }
    yield line;
  });

export const slice = (value: Value, [slices, fill]: Value[]): Value =>
  lazy("sync_do_slice", function* () {
    const items = Array.from(iterate(value));
    const count = indexNumber(slices);
    const each = Number(binary("//", BigInt(items.length), slices));
    const extra = Number(binary("%", BigInt(items.length), slices));
    let offset = 0;
    for (let i = 0; i < count; i++) {
      const start = offset + i * each;
      if (i < extra) offset++;
      const part = items.slice(start, offset + (i + 1) * each);
      if (fill !== null && i >= extra) part.push(fill);
      yield part;
    }
  });

export function sum(value: Value, [attribute, start]: Value[]): Value {
  if (isText(start)) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  const get = attribute === null ? undefined : attributeGetter(attribute);
  let total: Value = start;
  for (const item of iterate(value)) {
    spend(1);
    total = binary("+", total, get ? get(item) : item);
  }
  return total;
}
