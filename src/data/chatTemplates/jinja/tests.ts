/** @file Jinja's tests, `value is name`: jinja2/tests.py. */
import { bind, type Parameter } from "../python/bind.ts";
import { type Comparison, compare, equals, isIn, isNumber, isSame } from "../python/compare.ts";
import { binary } from "../python/operators.ts";
import { PyDict } from "../python/pyDict.ts";
import { isLower, isUpper } from "../python/strCase.ts";
import { str } from "../python/text.ts";
import { isIterable, isText, isUndefined, Markup, Tuple, type Value } from "../python/values.ts";
import type { Test } from "./environment.ts";
import { FILTERS } from "./filters.ts";

const of =
  (name: string, test: (value: Value) => boolean): Test =>
  (value, given) => {
    bind(`test_${name}`, [], given);
    return test(value);
  };

const withOther =
  (name: string, parameter: Parameter, test: (value: Value, other: Value) => boolean): Test =>
  (value, given) =>
    test(value, bind(`test_${name}`, [parameter], given)[0]);

const comparison = (operator: Comparison): Test =>
  withOther("compare", "other", (value, other) => compare(value, other, operator));
const equal: Test = withOther("eq", "other", equals);
const notEqual: Test = withOther("ne", "other", (value, other) => !equals(value, other));

const remainder = (value: Value, divisor: Value): Value => binary("%", value, divisor);

/** Whether it has len() and items by key: texts, lists, mappings, ranges, and what is undefined. */
function isSequence(value: Value): boolean {
  if (isUndefined(value) || isText(value) || Array.isArray(value) || value instanceof Tuple || value instanceof PyDict)
    return true;
  return typeof value === "object" && value !== null && value.length !== undefined && value.item !== undefined;
}

function isCallable(value: Value): boolean {
  if (isUndefined(value)) return true; // Undefined has a __call__, which raises
  return typeof value === "object" && value !== null && !Array.isArray(value) && "call" in value;
}

/** By name. */
export const TESTS: Readonly<Record<string, Test>> = {
  odd: of("odd", (value) => equals(remainder(value, 2n), 1n)),
  even: of("even", (value) => equals(remainder(value, 2n), 0n)),
  divisibleby: withOther("divisibleby", "num", (value, by) => equals(remainder(value, by), 0n)),
  defined: of("defined", (value) => !isUndefined(value)),
  undefined: of("undefined", isUndefined),
  filter: of("filter", (value) => hasName(value, FILTERS)),
  test: of("test", (value) => hasName(value, TESTS)),
  none: of("none", (value) => value === null),
  boolean: of("boolean", (value) => typeof value === "boolean"),
  false: of("false", (value) => value === false),
  true: of("true", (value) => value === true),
  integer: of("integer", (value) => typeof value === "bigint"),
  float: of("float", (value) => typeof value === "number"),
  lower: of("lower", (value) => isLower(str(value))),
  upper: of("upper", (value) => isUpper(str(value))),
  string: of("string", isText),
  mapping: of("mapping", (value) => value instanceof PyDict),
  number: of("number", isNumber),
  sequence: of("sequence", isSequence),
  iterable: of("iterable", (value) => isIterable(value)),
  callable: of("callable", isCallable),
  sameas: withOther("sameas", "other", isSame),
  escaped: of("escaped", (value) => value instanceof Markup),
  in: withOther("in", "seq", isIn),
  "==": equal,
  eq: equal,
  equalto: equal,
  "!=": notEqual,
  ne: notEqual,
  ">": comparison(">"),
  gt: comparison(">"),
  greaterthan: comparison(">"),
  ge: comparison(">="),
  ">=": comparison(">="),
  "<": comparison("<"),
  lt: comparison("<"),
  lessthan: comparison("<"),
  "<=": comparison("<="),
  le: comparison("<="),
};

function hasName(value: Value, table: Readonly<Record<string, unknown>>): boolean {
  return isIn(value, new PyDict(Object.keys(table).map((name) => [name, null])));
}
