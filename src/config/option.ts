/** @file One option: its kind, default, help, and how far prefine follows TRL in it. The tables are in options/. */
import type { Kind } from "./kinds.ts";

type Support =
  | "same" // as in TRL / PEFT / transformers
  | "differs" // works, and `note` says how it differs
  | "no-effect" // known, changes nothing here: `note` is the line of advice when it is set
  | "not-yet"; // known, would change results, not built: setting it is an error

/** What happens when a run is resumed with another value of an option. */
export type OnResume =
  | "fixed" // it is refused: the option decides what a step computes, or how rows become steps
  | "data" // it is refused where the pairs are no longer the same: their hash is compared, not the option
  | "warned" // the run goes on, with a line: when to end, log, evaluate and save, what is best, how fast to learn
  | "free"; // the run goes on without a word: from there on, its numbers are the same with any value

export interface Option<Value, Input = Value> {
  readonly kind: Kind<Value, Input>;
  readonly default: Value;
  readonly help: string;
  readonly support: Support;
  /** Of what is not built: why, where there is something to say. */
  readonly note?: string;
  /** Values that work although others are not built yet (for lists: members that work); `name*`: all that begin so. */
  readonly ready?: readonly unknown[];
  /** Values that the types offer, where others are taken that do nothing, or are refused by a check of their own. */
  readonly offered?: readonly unknown[];
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
  /** Required of what shapes a run: see {@link RunTable}. */
  readonly onResume?: OnResume;
}

type Extras = Partial<
  Pick<Option<unknown>, "note" | "ready" | "offered" | "advice" | "common" | "secret" | "dotted" | "own" | "onResume">
>;
export type Table = Readonly<Record<string, Option<unknown, unknown>>>;

/**
 * Options of a run, each of which says what happens when it is resumed with another value. What makes a run the same
 * run is derived from that: an option that says nothing is an error of the compiler, where it would mix two runs.
 */
export type RunTable = Readonly<Record<string, Option<unknown, unknown> & { readonly onResume: OnResume }>>;

/** The options of a table of which the same happens. */
export function optionsWith(onResume: OnResume, table: RunTable): string[] {
  return Object.keys(table).filter((name) => table[name].onResume === onResume);
}

/** What of `extras` the type keeps: what happens on resuming, and which values work. */
type Kept<E> = { readonly [K in keyof E & Keeps as E extends Record<K, unknown> ? K : never]: E[K] };
type Keeps = "onResume" | "ready" | "offered";
type Free = { readonly onResume: "free" };
type NotBuilt = { readonly support: "not-yet" };

/** The values of a table, all present. */
export type Values<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Option<infer V, infer _> ? Working<V, T[K]> : never;
};

/**
 * What a program may pass for a table: any subset, in the accepted spellings. Options and values that are not built are
 * left out; where they are read, they are an error unless they ask for nothing.
 */
export type Inputs<T extends Table> = {
  readonly [K in keyof T as T[K] extends NotBuilt ? never : K]?:
    | (T[K] extends Option<infer _, infer I> ? Working<I, T[K]> : never)
    | undefined;
};

/** Of a type, the values that an option says are built. */
type Working<V, O> = O extends NotBuilt
  ? V
  : O extends { readonly offered: readonly unknown[] }
    ? Narrowed<V, O["offered"][number]>
    : O extends { readonly ready: readonly unknown[] }
      ? Narrowed<V, O["ready"][number]>
      : V;
type Narrowed<V, R> = V extends null
  ? null
  : V extends unknown[]
    ? Spelled<R>[]
    : V extends readonly unknown[]
      ? readonly Spelled<R>[]
      : Spelled<R>;
/** `name*` stands for all that begin so. */
type Spelled<R> = R extends `${infer Start}*` ? `${Start}${string}` : R;

/** An option that is `undefined` is as one that is left out: it hides none that it is spread over. */
export function setOptions<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Works as in the Python packages. */
export function same<V, I, const E extends Extras>(
  kind: Kind<V, I>,
  standard: NoInfer<V>,
  help: string,
  extras?: E,
): Option<V, I> & Kept<E> {
  const option: Option<V, I> = { kind, default: standard, help, support: "same", group: "", ...extras };
  return option as Option<V, I> & Kept<E>;
}

/** Works, but not quite as in the Python packages: `note` says how. */
export function differs<V, I, const E extends Extras & { note: string }>(
  kind: Kind<V, I>,
  standard: NoInfer<V>,
  help: string,
  extras: E,
): Option<V, I> & Kept<E> {
  const option: Option<V, I> = { kind, default: standard, help, support: "differs", group: "", ...extras };
  return option as Option<V, I> & Kept<E>;
}

/** Accepted; changes nothing here. `note` is printed when it is set to something else than the default. */
export function noEffect<V, I>(
  kind: Kind<V, I>,
  standard: V,
  help: string,
  note: string,
  extras: Extras = {},
): Option<V, I> & Free {
  return { kind, default: standard, help, support: "no-effect", note, group: "", ...extras, onResume: "free" };
}

/**
 * Known, and an error where it is set to a value that would change results: what can be set is all the same. Once it is
 * built, it is another kind of option, and must say what resuming means to it.
 */
export function notYet<V, I>(
  kind: Kind<V, I>,
  standard: V,
  help: string,
  extras: Extras = {},
): Option<V, I> & Free & NotBuilt {
  return { kind, default: standard, help, support: "not-yet", group: "", ...extras, onResume: "free" };
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
