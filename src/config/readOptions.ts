/** @file Reads keys and values against a table of options and reports all problems. */
import { nearestName, show } from "../errors.ts";
import type { Option, Table, Values } from "./option.ts";
import { isDefault, isReady } from "./option.ts";
import type { RenamedTable } from "./renamed.ts";
import { translateRenamed } from "./renamed.ts";
import type { Given, Report } from "./report.ts";

export type GivenValues = Map<string, Given>;

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
  for (const [key, { label }] of current) {
    if (!Object.hasOwn(table, key))
      report.problem(label, unknownKey(key, [...Object.keys(table), ...Object.keys(renamed)]));
  }
  const values = Object.entries(table).map(([key, option]) => {
    const entry = current.get(key);
    return [key, entry ? readValue(option, entry, report) : option.default];
  });
  return Object.fromEntries(values) as Values<T>;
}

function unknownKey(key: string, names: Iterable<string>): string {
  const nearest = nearestName(key, names);
  return nearest ? `unknown key; did you mean ${nearest}?` : "unknown key";
}

function readValue<V, I>(option: Option<V, I>, { value, label }: Given, report: Report): V {
  const read = option.kind.read(value);
  if (read === undefined) {
    const actual = option.secret ? "another value" : show(value);
    const choices = option.kind.choices ?? [];
    const wrong = [value].flat().find((one) => typeof one === "string" && !choices.includes(one));
    const nearest = typeof wrong === "string" ? nearestName(wrong, choices) : undefined;
    const advice = nearest ? `; did you mean ${nearest}?` : "";
    report.problem(label, `expected ${option.kind.expected}, found ${actual}${advice}`);
    return option.default;
  }
  if (!isReady(option, read)) {
    report.notYet(label, notYetReason(option, read));
    return option.default;
  }
  const advice = option.support === "no-effect" ? `no effect: ${option.note}` : option.advice;
  if (advice && !isDefault(option, read)) report.advise(label, advice);
  return read;
}

function notYetReason<V, I>(option: Option<V, I>, value: V): string {
  const reason = option.note ? ` (${option.note})` : "";
  if (!option.ready || !option.kind.choices) return `${show(value)} would change results and is not built${reason}`;
  return `${show(value)} is not built; supported: ${option.ready.map(String).join(", ")}`;
}
