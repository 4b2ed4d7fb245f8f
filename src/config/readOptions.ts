/** @file Reads keys and values against a table of options and reports all problems. */
import { adviceFor, describeValue, isPromise, optionEntries } from "../arguments.ts";
import { nearestName, show } from "../errors.ts";
import type { Option, Table, Values } from "./option.ts";
import { isDefault, isReady } from "./option.ts";
import "./options/otherNames.ts"; // names of other tools, in messages
import type { RenamedTable } from "./renamed.ts";
import { translateRenamed } from "./renamed.ts";
import type { Given, Report } from "./report.ts";

export type GivenValues = Map<string, Given>;

/** The entries of an object from a program. @throws PrefineError("config") for anything but an object of options. */
export function givenBy(where: string, input: unknown): GivenValues {
  return new Map(optionEntries(where, input).map(([key, value]) => [key, { value, label: key }]));
}

/**
 * The entries of an object; undefined means absent.
 * @param where the option that holds the object, for messages: `datasets[0]`.
 */
export function givenFrom(input: object, where?: string): GivenValues {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  return new Map(entries.map(([key, value]) => [key, { value, label: where ? `${where}.${key}` : key }]));
}

/** The label of a key in messages: as written in the file or as a flag. */
export const labelsOf =
  (given: GivenValues) =>
  (key: string): string =>
    given.get(key)?.label ?? key;

/**
 * Reads `given` against `table`: absent options get their defaults; problems and advice go to `report`.
 * Options with problems get their defaults too, so that further checks don't report them again.
 */
export function readOptions<T extends Table>(
  table: T,
  given: GivenValues,
  renamed: RenamedTable,
  report: Report,
): Values<T> {
  const current = translateRenamed(given, renamed, report);
  const unknown = [...current].filter(([key]) => !Object.hasOwn(table, key));
  const names = [...Object.keys(table), ...Object.keys(renamed)];
  for (const [i, [key, { label }]] of unknown.entries()) {
    report.problem(label, i < MOST_ADVISED ? unknownKey(key, names) : "unknown key");
  }
  const values = Object.entries(table).map(([key, option]) => {
    const entry = current.get(key);
    return [key, entry ? readValue(option, entry, report) : option.default];
  });
  return Object.fromEntries(values) as Values<T>;
}

/** Unknown keys whose nearest name is looked for: some milliseconds each. */
const MOST_ADVISED = 20;

function unknownKey(key: string, names: Iterable<string>): string {
  const advice = adviceFor(key, names);
  return advice === undefined ? "unknown key" : `unknown key; ${advice}`;
}

function readValue<V, I>(option: Option<V, I>, { value, label }: Given, report: Report): V {
  const joined = option.kind.words === "many" && !option.literal ? joinedNames(value) : undefined;
  if (joined !== undefined) {
    report.problem(label, `expected a list, found ${show(value)}; write ${writtenList(label, joined)}`);
    return option.default;
  }
  const read = option.kind.read(value);
  if (read === undefined) {
    const actual = option.secret ? "another value" : showGiven(value);
    report.problem(label, `expected ${option.kind.expected}, found ${actual}${adviceOnValue(option, value)}`);
    return option.default;
  }
  if (!isReady(option, read)) {
    report.notYet(label, notYetReason(option, read));
    return option.default;
  }
  if (isDefault(option, read)) return read;
  if (option.support !== "no-effect") {
    if (option.advice) report.advise(label, option.advice);
  } else if (option.loud) report.ignore(label, option.note ?? "");
  else report.advise(label, `no effect: ${option.note}`);
  return read;
}

const showGiven = (value: unknown) => (isPromise(value) ? describeValue(value) : show(value));

function adviceOnValue<V, I>({ kind, whenWrong }: Option<V, I>, value: unknown): string {
  const own = whenWrong?.(value);
  if (own !== undefined) return `; ${own}`;
  const choices = kind.choices ?? [];
  const wrong = [value].flat().find((one) => typeof one === "string" && !choices.includes(one));
  const nearest = typeof wrong === "string" ? nearestName(wrong, choices) : undefined;
  return nearest ? `; did you mean ${nearest}?` : "";
}

/** The names in a text such as `a,b` or `["a", "b"]`, where a list of names is expected; undefined for other values. */
function joinedNames(value: unknown): string[] | undefined {
  const items: unknown[] = [value].flat();
  if (items.length === 0 || !items.every((item) => typeof item === "string")) return undefined;
  const whole = items.join(" ").trim();
  const inside = /^\[(.*)\]$/s.exec(whole)?.[1];
  const names = (inside ?? whole).split(/[\s,]+/).map((name) => name.replace(/^(["'])(.*)\1$/, "$2"));
  const isPlain = names.every((name) => /^[\w./-]*$/.test(name)) && names.some((name) => name !== "");
  const isJoined = inside === undefined ? whole.includes(",") : /["',]/.test(inside);
  return isPlain && isJoined ? names.filter((name) => name !== "") : undefined;
}

function writtenList(label: string, names: readonly string[]): string {
  return label.startsWith("--") ? `${label} ${names.join(" ")}` : `[${names.join(", ")}]`;
}

function notYetReason<V, I>(option: Option<V, I>, value: V): string {
  const reason = option.note ? ` (${option.note})` : "";
  if (!option.ready || !option.kind.choices) return `${show(value)} would change results and is not built${reason}`;
  return `${show(value)} is not built; supported: ${option.ready.map(String).join(", ")}`;
}
