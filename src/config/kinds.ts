/** @file Kinds of option values: accepted values, and how code, YAML, JSON and flags are read. */
import { isObject, parseJson } from "../formats/parseJson.ts";

type JsonSchema = Record<string, unknown>;

/**
 * The kind of an option's value: `Value` inside the program, `Input` as users write it.
 * Accepts numbers and booleans as strings, like TRL's parser (YAML 1.1 reads `1e-5` as a string).
 */
export interface Kind<Value, Input = Value> {
  /** For messages, after "expected": `an integer of at least 1`. */
  readonly expected: string;
  /** For the list of flags: `INT`. */
  readonly placeholder: string;
  /** Number of words after the flag. */
  readonly words: "one" | "optional" | "many";
  readonly schema: JsonSchema;
  /** The two types in TypeScript, which `npm run docs` writes into interfaces. */
  readonly types: { readonly value: string; readonly input: string };
  /** The choices, if the kind is a choice or a list of choices. */
  readonly choices?: readonly string[];
  /** The value, or undefined if `value` is not of this kind. */
  read(value: unknown): Value | undefined;
  /** Carries `Input` in the type; never set. */
  readonly input?: Input;
}

const both = (type: string) => ({ value: type, input: type });

const TRUE_WORDS = new Set(["yes", "true", "t", "y", "1", "on"]);
const FALSE_WORDS = new Set(["no", "false", "f", "n", "0", "off"]);

export const bool: Kind<boolean> = {
  expected: "true or false",
  placeholder: "true|false",
  words: "optional",
  schema: { type: "boolean" },
  types: both("boolean"),
  read(value) {
    if (typeof value === "boolean") return value;
    const word = String(value).toLowerCase();
    if (TRUE_WORDS.has(word)) return true;
    return FALSE_WORDS.has(word) ? false : undefined;
  },
};

/** A finite number from JSON, YAML or a flag; `1_000` is YAML 1.1 syntax. */
function readNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return undefined;
  const number = Number(value.replaceAll("_", ""));
  return Number.isFinite(number) ? number : undefined;
}

export const float: Kind<number> = {
  expected: "a number",
  placeholder: "NUMBER",
  words: "one",
  schema: { type: "number" },
  types: both("number"),
  read: readNumber,
};

export const int: Kind<number> = {
  expected: "an integer",
  placeholder: "INT",
  words: "one",
  schema: { type: "integer" },
  types: both("number"),
  read(value) {
    const number = readNumber(value);
    return Number.isSafeInteger(number) ? number : undefined;
  },
};

export const string: Kind<string> = {
  expected: "a text",
  placeholder: "TEXT",
  words: "one",
  schema: { type: "string" },
  types: both("string"),
  read(value) {
    if (typeof value === "string") return value;
    return typeof value === "number" ? String(value) : undefined; // `run_name: 2026`
  },
};

export const path: Kind<string> = { ...string, expected: "a path", placeholder: "PATH" };

/** A path that is written to: the empty text of an unset shell variable would be the working directory. */
export const folder: Kind<string> = { ...path, read: (value) => (value === "" ? undefined : path.read(value)) };

/** A JSON object (a mapping in YAML, `'{"key": 1}'` as a flag). */
export const json: Kind<Record<string, unknown>> = {
  expected: "a mapping",
  placeholder: "JSON",
  words: "one",
  schema: { type: "object" },
  types: both("Record<string, unknown>"),
  read(value) {
    const parsed = typeof value === "string" && value.trimStart().startsWith("{") ? jsonOf(value) : value;
    return isObject(parsed) ? parsed : undefined;
  },
};

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** One of `choices`: the values of Python's enums (`steps` for `IntervalStrategy.STEPS`). */
export function oneOf<const Choice extends string>(...choices: Choice[]): Kind<Choice> {
  return {
    expected: `one of ${choices.join(", ")}`,
    placeholder: choices.length > 3 || choices.join("|").length > 24 ? "NAME" : choices.join("|"),
    words: "one",
    schema: { enum: choices },
    types: both(choices.map((choice) => JSON.stringify(choice)).join(" | ")),
    choices,
    read: (value) => choices.find((choice) => choice === value || (choice === "no" && isNo(value))),
  };
}

/** What YAML 1.1 reads as false: `eval_strategy: off`. */
const isNo = (value: unknown) => value === false || (typeof value === "string" && /^(no|off|false)$/i.test(value));

/** One value or a list of them. */
export type OneOrMore<T> = T | readonly T[];

/** A list; a single value is read as a list of one, as in TRL. */
export function listOf<Value, Input>(item: Kind<Value, Input>): Kind<Value[], OneOrMore<Input>> {
  return {
    expected: `a list, each ${item.expected}`,
    placeholder: `${item.placeholder}...`,
    words: "many",
    schema: { anyOf: [item.schema, { type: "array", items: item.schema }] },
    types: { value: `(${item.types.value})[]`, input: `OneOrMore<${item.types.input}>` },
    choices: item.choices,
    read(value) {
      const items = Array.isArray(value) ? value : [value];
      const read = items.map((entry) => item.read(entry));
      return read.every((entry) => entry !== undefined) ? (read as Value[]) : undefined;
    },
  };
}

/** A string or a list of strings, not converted: to PEFT, a string is a regular expression and a list holds names. */
export const names: Kind<string | string[], OneOrMore<string>> = {
  expected: "a text or a list of texts",
  placeholder: "NAME...",
  words: "many",
  schema: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
  types: { value: "string | string[]", input: "OneOrMore<string>" },
  read: (value) => (Array.isArray(value) ? listOf(string).read(value) : string.read(value)),
};

/** A mapping with values of one kind. */
export function byName<Value, Input>(kind: Kind<Value, Input>): Kind<Record<string, Value>, Record<string, Input>> {
  return {
    placeholder: json.placeholder,
    words: json.words,
    expected: `a mapping of names to values, each ${kind.expected}`,
    schema: { type: "object", additionalProperties: kind.schema },
    types: { value: `Record<string, ${kind.types.value}>`, input: `Record<string, ${kind.types.input}>` },
    read(value) {
      const entries = Object.entries(json.read(value) ?? { "": undefined });
      const read = entries.map(([name, entry]) => [name, kind.read(entry)] as const);
      return read.every(([, item]) => item !== undefined) ? Object.fromEntries(read as [string, Value][]) : undefined;
    },
  };
}

/** The first of two kinds that accepts the value. */
export function either<A, AI, B, BI>(first: Kind<A, AI>, second: Kind<B, BI>): Kind<A | B, AI | BI> {
  const words = first.words === "many" || second.words === "many" ? "many" : first.words;
  return {
    expected: `${first.expected} or ${second.expected}`,
    placeholder: `${first.placeholder}|${second.placeholder}`,
    words,
    schema: { anyOf: [first.schema, second.schema] },
    types: {
      value: `${first.types.value} | ${second.types.value}`,
      input: `${first.types.input} | ${second.types.input}`,
    },
    choices: first.choices ?? second.choices,
    read: (value) => first.read(value) ?? second.read(value),
  };
}

/** A kind that may be unset: null, or the words none (Python) and null (YAML) in a file or flag. */
export function nullable<Value, Input>(kind: Kind<Value, Input>): Kind<Value | null, Input | null> {
  return {
    ...kind,
    expected: `${kind.expected}, or null`,
    schema: { anyOf: [kind.schema, { type: "null" }] },
    types: { value: `${kind.types.value} | null`, input: `${kind.types.input} | null` },
    input: undefined,
    read(value) {
      if (value === null) return null;
      const read = kind.read(value);
      const isNone = typeof value === "string" && /^(none|null)$/i.test(value);
      return isNone && (read === undefined || read === value) ? null : read;
    },
  };
}

/** A precision that Axolotl's files leave to the machine: `bf16: auto` is as if it were unset. */
export const boolOrAuto: Kind<boolean | null, boolean | "auto" | null> = {
  ...bool,
  expected: "true, false, auto or null",
  placeholder: "true|false|auto",
  schema: { anyOf: [bool.schema, { enum: ["auto"] }, { type: "null" }] },
  types: { value: "boolean | null", input: 'boolean | "auto" | null' },
  input: undefined,
  read: (value) => (value === "auto" ? null : nullable(bool).read(value)),
};

export function atLeast(minimum: number, kind: Kind<number>): Kind<number> {
  return bounded(kind, `${kind.expected} of at least ${minimum}`, { minimum }, (value) => value >= minimum);
}

export function above(minimum: number, kind: Kind<number>): Kind<number> {
  const schema = { exclusiveMinimum: minimum };
  return bounded(kind, `${kind.expected} above ${minimum}`, schema, (value) => value > minimum);
}

export function between(minimum: number, maximum: number, kind: Kind<number>): Kind<number> {
  const isInside = (value: number) => value >= minimum && value <= maximum;
  return bounded(kind, `${kind.expected} from ${minimum} to ${maximum}`, { minimum, maximum }, isInside);
}

/** A dropout probability: from 0 to below 1. */
export const share: Kind<number> = bounded(
  float,
  "a number from 0 to below 1",
  { minimum: 0, exclusiveMaximum: 1 },
  (value) => value >= 0 && value < 1,
);

function bounded(kind: Kind<number>, expected: string, schema: JsonSchema, accepts: (value: number) => boolean) {
  const read = (value: unknown) => {
    const number = kind.read(value);
    return number !== undefined && accepts(number) ? number : undefined;
  };
  return { ...kind, expected, schema: { ...kind.schema, ...schema }, read };
}
