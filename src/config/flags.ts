/** @file Command-line words -> keys and values, following TRL's parser (HfArgumentParser). */
import { adviceFor } from "../arguments.ts";
import { isObject } from "../formats/parseJson.ts";
import type { Option, Table } from "./option.ts";
import type { GivenValues } from "./readOptions.ts";
import type { RenamedTable } from "./renamed.ts";
import type { Report } from "./report.ts";

interface Flag {
  name: string;
  /** The part after `=` in `--name=value`. */
  value: string | undefined;
}

/**
 * Reads `--key value`, `--key=value`, booleans as `--key` and `--no_key`, lists `--key a b c`, and
 * `--data_files.train FILE`. Dashes equal underscores; a repeated flag overrides. Problems go to `report`.
 */
export function parseFlags(words: readonly string[], table: Table, renamed: RenamedTable, report: Report): GivenValues {
  const given: GivenValues = new Map();
  let last: Flag | undefined;
  let at = 0;
  while (at < words.length) {
    const word = words[at++];
    if (!isFlag(word)) {
      reportStray(word, last, { table, renamed, given, report });
      continue;
    }
    last = splitFlag(word);
    const rest = words.slice(at, nextFlag(words, at));
    at += readFlag(last, rest, { table, renamed, given, report });
  }
  return given;
}

/** Reports a word without a flag. After a secret flag, it may be part of the secret and is not printed. */
function reportStray(word: string, last: Flag | undefined, { table, renamed, report }: Context): void {
  const advice = "expected a flag such as --output_dir; a value with spaces needs quotes";
  const isSecret = last !== undefined && optionOf(last.name, table, renamed)?.secret === true;
  report.problem(isSecret ? `the word after --${last?.name}'s value` : word, advice);
}

/** True for `--x`, false for the number -1. */
function isFlag(word: string): boolean {
  return /^--?[A-Za-z_]/.test(word);
}

function nextFlag(words: readonly string[], from: number): number {
  const next = words.slice(from).findIndex(isFlag);
  return next < 0 ? words.length : from + next;
}

function splitFlag(word: string): Flag {
  const text = word.replace(/^--?/, "");
  const equals = text.indexOf("=");
  const name = (equals < 0 ? text : text.slice(0, equals)).replaceAll("-", "_");
  return { name, value: equals < 0 ? undefined : text.slice(equals + 1) };
}

interface Context {
  table: Table;
  renamed: RenamedTable;
  given: GivenValues;
  report: Report;
}

/** Adds one flag to `given`. @returns the number of following words that belong to it. */
function readFlag(flag: Flag, rest: readonly string[], context: Context): number {
  const { table, renamed, given, report } = context;
  const label = `--${flag.name}`;
  const [key, inner] = splitDotted(flag.name, table);
  const option = optionOf(key, table, renamed);
  if (option) {
    const { value, used } = takeValue(flag, rest, option.kind.words);
    if (value === undefined) report.problem(label, `expected ${option.kind.expected}, found no value`);
    else given.set(key, { label, value: flagValue(option, { before: given.get(key)?.value, inner, value }) });
    return used;
  }
  const positive = /^no_(.+)/.exec(key)?.[1];
  if (positive && flag.value === undefined && optionOf(positive, table, renamed)?.kind.words === "optional") {
    given.set(positive, { label, value: false });
    return 0;
  }
  if (Object.hasOwn(renamed, key)) {
    const { value, used } = takeValue(flag, rest, rest.length > 1 ? "many" : "optional");
    given.set(key, { label, value });
    return used;
  }
  const names = [...Object.keys(table), ...Object.keys(renamed)];
  const advice = adviceFor(flag.name, names, (name) => `--${name}`) ?? "see --help-all";
  report.problem(label, `unknown flag; ${advice}`);
  return rest.length;
}

/** The option with this name, or the one it was renamed to. */
function optionOf(name: string, table: Table, renamed: RenamedTable): Option<unknown, unknown> | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  const to = Object.hasOwn(renamed, name) && !renamed[name].convert ? renamed[name].to : undefined;
  return to ? table[to] : undefined;
}

/** `data_files.train` -> data_files, train. */
function splitDotted(name: string, table: Table): [string, string | undefined] {
  const dot = name.indexOf(".");
  const key = dot < 0 ? name : name.slice(0, dot);
  const isDotted = dot > 0 && Object.hasOwn(table, key) && table[key].dotted;
  return isDotted ? [key, name.slice(dot + 1)] : [name, undefined];
}

interface FlagValue {
  /** What earlier flags of this name gave. */
  before: unknown;
  /** The key of a dotted flag. */
  inner: string | undefined;
  value: unknown;
}

/** The value of a flag together with the earlier ones, where these add up. */
function flagValue(option: Option<unknown, unknown>, { before, inner, value }: FlagValue): unknown {
  if (option.repeats) {
    const words = [value].flat();
    const earlier = Array.isArray(before) ? before : [];
    return [...earlier, ...(inner === undefined ? words : [`${inner}=${words.join(" ")}`])];
  }
  if (inner === undefined) return value;
  return { ...(isObject(before) ? before : {}), [inner]: alone(value) };
}

/** Unwraps a list of one. */
function alone(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** The value of a flag, from `=` or from the words after it. */
function takeValue(
  flag: Flag,
  rest: readonly string[],
  words: "one" | "optional" | "many",
): { value: unknown; used: number } {
  if (flag.value !== undefined) return { value: flag.value, used: 0 };
  if (words === "many") return { value: rest.length > 0 ? [...rest] : undefined, used: rest.length };
  if (rest.length > 0) return { value: rest[0], used: 1 };
  return { value: words === "optional" ? true : undefined, used: 0 };
}
