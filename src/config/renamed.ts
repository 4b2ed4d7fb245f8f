/** @file Renamed and removed names: how an old name becomes a new one, or what to say about it. */
import { show } from "../errors.ts";
import type { Given, Report } from "./report.ts";

export interface Renamed {
  /** The name that carries the meaning on, if one does. */
  readonly to?: string;
  /** Old value -> new value; undefined: nothing to carry on (the old value asked for nothing). */
  readonly convert?: (value: unknown) => unknown;
  /** The value is said in several options now: their values, or undefined for a value that can't be meant. */
  readonly spread?: (value: unknown, given: ReadonlyMap<string, Given>) => Record<string, unknown> | undefined;
  /** What has become of it, one line. */
  readonly advice: string;
  /** The name would change results: values that ask for nothing may stay, others are an error. */
  readonly harmless?: readonly unknown[];
  /** Whether such an error is "not yet" or final. */
  readonly refusal?: "not-yet" | "gone";
}

export type RenamedTable = Readonly<Record<string, Renamed>>;

/** The name has another one now. */
export function movedTo(to: string, convert?: Renamed["convert"]): Renamed {
  return { to, convert, advice: `is ${to} now` };
}

/** The name's value is said in several options now. */
export function spreadInto(advice: string, spread: NonNullable<Renamed["spread"]>): Renamed {
  return { advice, spread };
}

/** The name is accepted and changes nothing. */
export function gone(advice: string): Renamed {
  return { advice };
}

/** The name would change results: an error, but for the values that ask for nothing. */
export function refused(advice: string, harmless: readonly unknown[], refusal: "not-yet" | "gone" = "gone"): Renamed {
  return { advice, harmless, refusal };
}

/** `given` without old names: carried on under the new one, advised about, or refused. */
export function translateRenamed(given: Map<string, Given>, table: RenamedTable, report: Report): Map<string, Given> {
  const current = new Map(given);
  for (const [key, entry] of given) {
    if (!Object.hasOwn(table, key)) continue;
    current.delete(key);
    const { to, convert, spread, advice, harmless, refusal } = table[key];
    if (spread) spreadOut(entry, spread, { advice, current, report });
    else if (to) carryOn(entry, to, { convert, advice, current, report });
    else if ([...NOTHING, ...(harmless ?? [])].some((value) => sameWord(value, entry.value))) continue;
    else if (!harmless) report.advise(entry.label, `no effect: ${advice}`);
    else if (refusal === "not-yet") report.notYet(entry.label, advice);
    else report.problem(entry.label, `found ${show(entry.value)}; ${advice}`);
  }
  return current;
}

function carryOn(
  entry: Given,
  to: string,
  {
    convert,
    advice,
    current,
    report,
  }: Pick<Renamed, "convert" | "advice"> & { current: Map<string, Given>; report: Report },
): void {
  const value = convert ? convert(entry.value) : entry.value;
  if (value === undefined) return;
  const other = current.get(to);
  if (!other) current.set(to, { value, label: entry.label });
  else if (JSON.stringify(other.value) !== JSON.stringify(value)) {
    report.problem(entry.label, `${advice}, and ${other.label} is given too; keep one of them`);
    return;
  }
  report.advise(entry.label, advice);
}

function spreadOut(
  entry: Given,
  spread: NonNullable<Renamed["spread"]>,
  { advice, current, report }: { advice: string; current: Map<string, Given>; report: Report },
): void {
  if (NOTHING.some((value) => sameWord(value, entry.value))) return;
  const values = spread(entry.value, current);
  if (!values) {
    report.problem(entry.label, `found ${show(entry.value)}; ${advice}`);
    return;
  }
  for (const [name, value] of Object.entries(values)) current.set(name, { value, label: entry.label });
  report.advise(entry.label, advice);
}

/** Values that ask for nothing, whatever the name. */
const NOTHING = [null, "none", false];

/** `false`, "false" and "False" are one value in code, YAML and flags. */
function sameWord(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase();
}
