/** @file Jinja's list filters that the template library lacks. */
import type { Arguments } from "./pythonStrings.ts";
import { entriesOf, isText, itemsOf, pythonEquals, type Value } from "./values.ts";

/** Functions of the interpreter that these filters call. */
export interface SequenceTools {
  list(items: Value[]): Value;
  number(value: number, isFloat: boolean): Value;
  undefined(): Value;
  /** The items of a loop over the value. */
  itemsOf(value: Value): Value[];
  /** Whether a named test passes; without a name, whether the value is truthy. */
  passes(value: Value, test: unknown, argument: Value | undefined): boolean;
}

type SequenceFilter = (operand: Value, given: Arguments, tools: SequenceTools) => Value;

const select =
  (outcome: boolean): SequenceFilter =>
  (operand, { positional: [test], values }, tools) =>
    tools.list(tools.itemsOf(operand).filter((item) => tools.passes(item, test, values[1]) === outcome));

/** The sort key of an item: the named attribute, lowercased unless case_sensitive is set. */
function keyOf(item: Value, { named }: Arguments): Value {
  const attribute = named.get("attribute");
  const key = typeof attribute === "string" ? (entriesOf(item).get(attribute) ?? item) : item;
  const ignoresCase = named.get("case_sensitive") !== true && isText(key);
  return ignoresCase ? { ...key, value: (key.value as string).toLowerCase() } : key;
}

const unique: SequenceFilter = (operand, given, tools) => {
  const keys: Value[] = [];
  const items = tools.itemsOf(operand).filter((item) => {
    const key = keyOf(item, given);
    return !keys.some((other) => pythonEquals(other, key)) && keys.push(key);
  });
  return tools.list(items);
};

/** Whether `a < b`: numbers, strings by code point, lists by their first difference. */
export function isLess(a: Value, b: Value): boolean {
  if (isText(a) && isText(b)) {
    const [left, right] = [Array.from(a.value as string), Array.from(b.value as string)];
    const at = left.findIndex((point, i) => point !== right[i]);
    if (at < 0) return left.length < right.length;
    return right[at] !== undefined && (left[at].codePointAt(0) ?? 0) < (right[at].codePointAt(0) ?? 0);
  }
  const [left, right] = [itemsOf(a), itemsOf(b)];
  if (Array.isArray(a.value) && Array.isArray(b.value)) {
    const at = left.findIndex((item, i) => right[i] === undefined || !pythonEquals(item, right[i]));
    return at < 0 ? left.length < right.length : right[at] !== undefined && isLess(left[at], right[at]);
  }
  const areNumbers = [a, b].every(({ value }) => typeof value === "number" || typeof value === "boolean");
  if (areNumbers) return Number(a.value) < Number(b.value);
  throw new Error("'<' not supported between values of these kinds");
}

const extreme =
  (isBetter: (a: Value, b: Value) => boolean): SequenceFilter =>
  (operand, given, tools) => {
    const better = (a: Value, b: Value) => (isBetter(keyOf(b, given), keyOf(a, given)) ? b : a);
    const items = tools.itemsOf(operand);
    return items.length === 0 ? tools.undefined() : items.reduce(better);
  };

const sum: SequenceFilter = (operand, { positional, named, values }, tools) => {
  const attribute = positional[0] ?? named.get("attribute");
  const start = values[1] ?? tools.number(Number(named.get("start") ?? 0), false);
  const items = tools.itemsOf(operand).map((item) => {
    return typeof attribute === "string" ? (entriesOf(item).get(attribute) ?? tools.undefined()) : item;
  });
  const all = [start, ...items];
  const wrong = all.find(({ value }) => typeof value !== "number" && typeof value !== "boolean");
  if (wrong) throw new Error("sum: expected numbers");
  const total = all.reduce((value, item) => value + Number(item.value), 0);
  return tools.number(
    total,
    all.some(({ type }) => type === "FloatValue"),
  );
};

/** By name. */
export const SEQUENCE_FILTERS: Readonly<Record<string, SequenceFilter>> = {
  select: select(true),
  reject: select(false),
  unique,
  sum,
  min: extreme(isLess),
  max: extreme((a, b) => isLess(b, a)),
};
