/** @file Renamed and removed options: their translation, or the advice about them. */
import { show } from "../errors.ts";
import type { Given, Report } from "./report.ts";

export interface Renamed {
  /** The new name, if there is one. */
  readonly to?: string;
  /** Old value -> new value; undefined if the old value has no effect. */
  readonly convert?: (value: unknown) => unknown;
  /** What became of the option, in one line. */
  readonly advice: string;
  /** Values without effect, which are accepted; others are an error, since they would change results. */
  readonly harmless?: readonly unknown[];
  /** No effect, though users rely on it: worth a warning. */
  readonly loud?: boolean;
  /** Whether this error is "not yet" or final. */
  readonly refusal?: "not-yet" | "gone";
  /** Translated with other keys once file and flags are merged: stays as it is until then. */
  readonly later?: boolean;
  /** Another key that decides whether this one is read: it has no effect where that one has one of these values. */
  readonly unless?: { readonly key: string; readonly is: readonly unknown[] };
  /** Which of the two values counts where the new name is set too; undefined: an error if they differ. */
  readonly beside?: (value: unknown, other: unknown) => "old" | "new" | undefined;
}

export type RenamedTable = Readonly<Record<string, Renamed>>;

/** The option was renamed. */
export function movedTo(to: string, convert?: Renamed["convert"], beside?: Renamed["beside"]): Renamed {
  return { to, convert, beside, advice: `is ${to} now` };
}

/** The option is translated together with others, by resolveLosses. */
export function translatedLater(advice: string): Renamed {
  return { advice, later: true };
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

/** The option has no effect unless another one of the same trainer is on; otherwise as {@link refused}. */
export function refusedUnless(
  key: string,
  is: readonly unknown[],
  advice: string,
  harmless: readonly unknown[] = [],
): Renamed {
  return { advice, harmless, unless: { key, is } };
}

/** Replaces old names in `given` by new ones; reports advice and errors for the others. */
export function translateRenamed(given: Map<string, Given>, table: RenamedTable, report: Report): Map<string, Given> {
  const current = new Map(given);
  for (const [key, entry] of given) {
    if (!Object.hasOwn(table, key) || table[key].later) continue;
    current.delete(key);
    const { to, convert, advice, harmless, refusal, loud, unless, beside } = table[key];
    if (to) renameTo(entry, to, { convert, beside, advice, current, report });
    else if (unless?.is.some((value) => sameWord(value, given.get(unless.key)?.value)))
      report.advise(entry.label, `no effect: ${describeUnless(unless.key, given)}`);
    else if ([...NOTHING, ...(harmless ?? [])].some((value) => sameWord(value, entry.value))) continue;
    else if (loud) report.ignore(entry.label, advice);
    else if (!harmless) report.advise(entry.label, `no effect: ${advice}`);
    else if (refusal === "not-yet") report.notYet(entry.label, advice);
    else report.problem(entry.label, `found ${show(entry.value)}; ${advice}`);
  }
  return current;
}

function describeUnless(key: string, given: ReadonlyMap<string, Given>): string {
  const entry = given.get(key);
  return entry ? `${entry.label} is ${show(entry.value)}` : `read with ${key} alone`;
}

function renameTo(
  entry: Given,
  to: string,
  {
    convert,
    beside,
    advice,
    current,
    report,
  }: Pick<Renamed, "convert" | "beside" | "advice"> & { current: Map<string, Given>; report: Report },
): void {
  const value = convert ? convert(entry.value) : entry.value;
  if (value === undefined || value === null) return; // not set
  const other = current.get(to);
  const wins = other && beside?.(value, other.value);
  if (other && wins === "new") {
    report.advise(entry.label, `no effect: ${other.label} is set`);
    return;
  }
  if (!other || wins === "old") current.set(to, { value, label: entry.label });
  else if (JSON.stringify(other.value) !== JSON.stringify(value)) {
    report.problem(entry.label, `${advice}, and ${other.label} is set too; keep one of them`);
    return;
  }
  report.advise(entry.label, advice);
}

/** Values without effect for every option. */
const NOTHING = [null, "none", false];

/** `false`, "false" and "False" are equal across code, YAML and flags. */
function sameWord(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase();
}
