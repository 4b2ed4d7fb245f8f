/** @file Jinja filters that the template library lacks or implements differently. */
import { percentFormat } from "./pythonFormat.ts";
import { type Arguments, STRING_METHODS, stripText } from "./pythonStrings.ts";
import { SEQUENCE_FILTERS, type SequenceTools } from "./sequenceFilters.ts";
import {
  entriesOf,
  isList,
  isMapping,
  isText,
  isUndefined,
  itemsOf,
  pythonEquals,
  pythonText,
  type Value,
} from "./values.ts";

/** Constructors of the library's values. */
export interface FilterTools {
  text(value: string): Value;
  list(items: Value[]): Value;
  integer(value: number): Value;
  number(value: number, isFloat: boolean): Value;
  undefined(): Value;
  /** The filter that a `map` names, applied to an item. */
  filterItem(item: Value): Value;
  /** A test of the library by its name. */
  testOf(name: string): ((...values: Value[]) => boolean) | undefined;
}

type Filter = (operand: Value, given: Arguments, tools: FilterTools) => Value | undefined;

/** The items of a loop over the value. */
export function iterated(value: Value, { text, list }: Pick<FilterTools, "text" | "list">): Value {
  if (isUndefined(value)) return list([]);
  if (isText(value)) return list(Array.from(value.value as string, text));
  return value;
}

const method =
  (name: string): Filter =>
  (operand, _given, { text }) =>
    text(String(STRING_METHODS[name](pythonText(operand), { positional: [], values: [], named: new Map() })));

const length: Filter = (operand, _given, { integer }) => {
  if (isText(operand)) return integer(Array.from(operand.value as string).length);
  return isUndefined(operand) ? integer(0) : undefined;
};

const itemAt =
  (place: 0 | -1): Filter =>
  (operand, _given, tools) =>
    itemsOf(iterated(operand, tools)).at(place) ?? tools.undefined();

const join: Filter = (operand, { positional, named }, tools) => {
  const attribute = positional[1] ?? named.get("attribute");
  const items = itemsOf(iterated(operand, tools)).map((item) => {
    const part = typeof attribute === "string" ? entriesOf(item).get(attribute) : item;
    return part ? pythonText(part) : "";
  });
  return tools.text(items.join(String(positional[0] ?? named.get("d") ?? "")));
};

const map: Filter = (operand, { positional, named }, tools) => {
  const items = itemsOf(iterated(operand, tools));
  const attribute = named.get("attribute");
  if (attribute === undefined && positional.length > 0) return tools.list(items.map(tools.filterItem));
  return undefined;
};

const isTrue = (value: Value) => (value as Value & { __bool__(): { value: boolean } }).__bool__().value;

/** Whether a value passes a filter's named test; without a name, whether it is truthy. */
function passes(value: Value, test: unknown, argument: Value | undefined, tools: FilterTools): boolean {
  if (test === undefined) return isTrue(value);
  if (argument !== undefined) {
    if (test === "equalto" || test === "eq" || test === "==") return pythonEquals(value, argument);
    if (test === "ne" || test === "!=") return !pythonEquals(value, argument);
    if (test === "in") return itemsOf(argument).some((item) => pythonEquals(item, value));
  }
  const predicate = tools.testOf(String(test));
  if (!predicate) throw new Error(`no test named ${String(test)}`);
  return argument === undefined ? predicate(value) : predicate(value, argument);
}

/** selectattr and rejectattr. */
const byAttribute =
  (outcome: boolean): Filter =>
  (operand, { positional: [attribute, test], values }, tools) => {
    const items = itemsOf(iterated(operand, tools));
    const attributeOf = (item: Value) => entriesOf(item).get(String(attribute)) ?? tools.undefined();
    return tools.list(items.filter((item) => passes(attributeOf(item), test, values[2], tools) === outcome));
  };

const round: Filter = (operand, { positional, named }, { number }) => {
  const [digits, kind] = [Number(positional[0] ?? 0), String(positional[1] ?? named.get("method") ?? "common")];
  const scaled = Number(operand.value) * 10 ** digits;
  const [down, up] = [Math.floor(scaled), Math.ceil(scaled)];
  const isEven = (whole: number) => whole % 2 === 0;
  const nearest = scaled - down === 0.5 ? (isEven(down) ? down : up) : Math.round(scaled); // as Python rounds
  return number((kind === "floor" ? down : kind === "ceil" ? up : nearest) / 10 ** digits, true);
};

const MARKUP: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;" };
const escapeMarkup: Filter = (operand, _given, { text }) =>
  text(pythonText(operand).replace(/[&<>'"]/g, (character) => MARKUP[character]));

const sequenceFilters = Object.entries(SEQUENCE_FILTERS).map(([name, filter]): [string, Filter] => [
  name,
  (operand, given, tools) => {
    const sequenceTools: SequenceTools = {
      ...tools,
      itemsOf: (value) => itemsOf(FILTERS.list(iterated(value, tools), given, tools) ?? iterated(value, tools)),
      passes: (value, test, argument) => passes(value, test, argument, tools),
    };
    return filter(operand, given, sequenceTools);
  },
]);

/** By name; a filter that returns undefined defers to the library. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  ...Object.fromEntries(sequenceFilters),
  round,
  escape: escapeMarkup,
  e: escapeMarkup,
  format: (operand, { values }, { text }) => text(percentFormat(pythonText(operand), values)),
  string: (operand, _given, { text }) => text(pythonText(operand)),
  trim: (operand, { positional: [characters] }, { text }) => text(stripText(pythonText(operand), characters)),
  upper: method("upper"),
  lower: method("lower"),
  capitalize: method("capitalize"),
  length,
  count: length,
  first: itemAt(0),
  last: itemAt(-1),
  join,
  map,
  selectattr: byAttribute(true),
  rejectattr: byAttribute(false),
  default: (operand, { positional }, { text }) => {
    if (positional.length > 0) return undefined;
    return isUndefined(operand) ? text("") : operand;
  },
  list: (operand, _given, tools) => {
    if (isMapping(operand)) return tools.list([...entriesOf(operand).keys()].map(tools.text));
    return isList(operand) ? undefined : iterated(operand, tools);
  },
  tojson: (operand) => {
    if (isUndefined(operand)) throw new Error("tojson: an undefined value is not JSON");
    return undefined;
  },
};
