/** @file One option: its kind, default, help, and how far prefine follows TRL in it. The tables are in options/. */
import type { Kind } from "./kinds.ts";

type Support =
  | "same" // as in TRL / PEFT / transformers
  | "differs" // works, and `note` says how it differs
  | "no-effect" // known, changes nothing here: `note` is the line of advice when it is set
  | "not-yet"; // known, would change results, not built: setting it is an error

export interface Option<Value, Input = Value> {
  readonly kind: Kind<Value, Input>;
  readonly default: Value;
  readonly help: string;
  readonly support: Support;
  /** Of what is not built: why, where there is something to say. */
  readonly note?: string;
  /** Values that work although others are not built yet (for lists: members that work); `name*`: all that begin so. */
  readonly ready?: readonly unknown[];
  /** Printed when it is set, although it works: a name that the Python packages have dropped. */
  readonly advice?: string;
  /** Shown by a plain `--help`. */
  readonly common?: boolean;
  /** Never printed, logged or saved. */
  readonly secret?: boolean;
  /** Prefine's own: neither TRL, PEFT nor transformers has it. */
  readonly own?: boolean;
  /** Flags `--name.key value` fill a mapping. */
  readonly dotted?: boolean;
  /** Heading in help and COMPATIBILITY.md. */
  readonly group: string;
}

type Extras = Partial<Pick<Option<unknown>, "note" | "ready" | "advice" | "common" | "secret" | "dotted" | "own">>;
export type Table = Readonly<Record<string, Option<unknown, unknown>>>;

/** The values of a table, all present. */
export type Values<T extends Table> = { readonly [K in keyof T]: T[K] extends Option<infer V, infer _> ? V : never };

/** What a person may write for a table: any subset, in the accepted spellings. */
export type Inputs<T extends Table> = {
  readonly [K in keyof T]?: (T[K] extends Option<infer _, infer I> ? I : never) | undefined;
};

/** Works as in the Python packages. */
export function same<V, I>(kind: Kind<V, I>, standard: NoInfer<V>, help: string, extras: Extras = {}): Option<V, I> {
  return { kind, default: standard, help, support: "same", group: "", ...extras };
}

/** Works, but not quite as in the Python packages: `note` says how. */
export function differs<V, I>(
  kind: Kind<V, I>,
  standard: NoInfer<V>,
  help: string,
  extras: Extras & { note: string },
): Option<V, I> {
  return { kind, default: standard, help, support: "differs", group: "", ...extras };
}

/** Accepted; changes nothing here. `note` is printed when it is set to something else than the default. */
export function noEffect<V, I>(
  kind: Kind<V, I>,
  standard: V,
  help: string,
  note: string,
  extras: Extras = {},
): Option<V, I> {
  return { kind, default: standard, help, support: "no-effect", note, group: "", ...extras };
}

/** Known, and an error where it is set to a value that would change results. */
export function notYet<V, I>(kind: Kind<V, I>, standard: V, help: string, extras: Extras = {}): Option<V, I> {
  return { kind, default: standard, help, support: "not-yet", group: "", ...extras };
}

/** Marks a table of options as prefine's own. */
export function own<T extends Table>(table: T): T {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, { ...option, own: true }]),
  ) as unknown as T;
}

/** Puts a heading over a table of options. */
export function group<T extends Table>(heading: string, table: T): T {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, { ...option, group: heading }]),
  ) as unknown as T;
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Whether `value` is what the option is anyway. */
export function isDefault<V, I>(option: Option<V, I>, value: V): boolean {
  return equal(value, option.default);
}

/** Whether this value works today; false means the error "not yet". */
export function isReady<V, I>(option: Option<V, I>, value: V): boolean {
  if (isDefault(option, value)) return true;
  const ready = option.ready;
  if (!ready) return option.support !== "not-yet";
  const isOneOf = (one: unknown) => ready.some((entry) => equal(entry, one) || beginsAs(entry, one));
  return isOneOf(value) || (Array.isArray(value) && value.every(isOneOf));
}

function beginsAs(entry: unknown, value: unknown): boolean {
  if (typeof entry !== "string" || typeof value !== "string") return false;
  return entry.endsWith("*") && value.startsWith(entry.slice(0, -1));
}
