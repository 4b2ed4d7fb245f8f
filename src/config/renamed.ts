/** @file Renamed and removed options: their translation, or the advice about them. */
import { show } from "../errors.ts";
import type { Given, Report } from "./report.ts";

export interface Renamed {
  /** The new name, if there is one. */
  readonly to?: string;
  /** Old value -> new value; undefined if the old value has no effect. */
  readonly convert?: (value: unknown) => unknown;
  /** Values of the options that replace this one; undefined for an invalid value. */
  readonly spread?: (value: unknown, given: ReadonlyMap<string, Given>) => Record<string, unknown> | undefined;
  /** What became of the option, in one line. */
  readonly advice: string;
  /** Values without effect, which are accepted; others are an error, since they would change results. */
  readonly harmless?: readonly unknown[];
  /** No effect, though users rely on it: worth a warning. */
  readonly loud?: boolean;
  /** Whether this error is "not yet" or final. */
  readonly refusal?: "not-yet" | "gone";
}

export type RenamedTable = Readonly<Record<string, Renamed>>;

/** The option was renamed. */
export function movedTo(to: string, convert?: Renamed["convert"]): Renamed {
  return { to, convert, advice: `is ${to} now` };
}

/** The option was replaced by several others. */
export function spreadInto(advice: string, spread: NonNullable<Renamed["spread"]>): Renamed {
  return { advice, spread };
}

/** The option is accepted without effect. */
export function gone(advice: string): Renamed {
  return { advice };
}

/** The option is accepted without effect, with a warning: users rely on it. */
export function missed(advice: string): Renamed {
  return { advice, loud: true };
}

/** The option would change results: an error, except for values without effect. */
export function refused(advice: string, harmless: readonly unknown[], refusal: "not-yet" | "gone" = "gone"): Renamed {
  return { advice, harmless, refusal };
}

/** Replaces old names in `given` by new ones; reports advice and errors for the others. */
export function translateRenamed(given: Map<string, Given>, table: RenamedTable, report: Report): Map<string, Given> {
  const current = new Map(given);
  for (const [key, entry] of given) {
    if (!Object.hasOwn(table, key)) continue;
    current.delete(key);
    const { to, convert, spread, advice, harmless, refusal, loud } = table[key];
    if (spread) spreadOut(entry, spread, { advice, current, report });
    else if (to) renameTo(entry, to, { convert, advice, current, report });
    else if ([...NOTHING, ...(harmless ?? [])].some((value) => sameWord(value, entry.value))) continue;
    else if (loud) report.ignore(entry.label, advice);
    else if (!harmless) report.advise(entry.label, `no effect: ${advice}`);
    else if (refusal === "not-yet") report.notYet(entry.label, advice);
    else report.problem(entry.label, `found ${show(entry.value)}; ${advice}`);
  }
  return current;
}

function renameTo(
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
    report.problem(entry.label, `${advice}, and ${other.label} is set too; keep one of them`);
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

/** Values without effect for every option. */
const NOTHING = [null, "none", false];

/** `false`, "false" and "False" are equal across code, YAML and flags. */
function sameWord(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase();
}
