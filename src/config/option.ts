/** @file One option: its kind, default, help, and support compared with TRL. The tables are in options/. */
import type { Kind } from "./kinds.ts";

type Support =
  | "same" // as in TRL / PEFT / transformers
  | "differs" // works; `note` describes the difference
  | "no-effect" // accepted without effect; `note` is the advice if it is set
  | "not-yet"; // would change results but is not built: setting it is an error

/** Effect of resuming a run with another value of an option. */
export type OnResume =
  | "fixed" // an error: the option affects what a step computes, or how rows become steps
  | "data" // an error if the pairs differ: their hash is compared, not the option
  | "warned" // continues with a warning: when to end, log, evaluate and save, the best model, the learning rate
  | "free"; // continues silently: the value does not affect the results

export interface Option<Value, Input = Value> {
  readonly kind: Kind<Value, Input>;
  readonly default: Value;
  readonly help: string;
  readonly support: Support;
  /** Why an option is not built, how it differs, or why it has no effect. */
  readonly note?: string;
  /** Values that work, if others are not built yet (for lists: their members); `name*` matches a prefix. */
  readonly ready?: readonly unknown[];
  /** Values in the types, if others are accepted without effect or rejected by a separate check. */
  readonly offered?: readonly unknown[];
  /** Printed if the option is set although it works: a name that the Python packages dropped. */
  readonly advice?: string;
  /** Shown by a plain `--help`. */
  readonly common?: boolean;
  /** Never printed, logged or saved. */
  readonly secret?: boolean;
  /** Advice about a wrong value that people try on purpose, after "found ...; ". */
  readonly whenWrong?: (value: unknown) => string | undefined;
  /** Of a list of texts: a comma belongs to a text. In other lists it is a mistake for several words. */
  readonly literal?: boolean;
  /** Of an option without effect: users rely on it, so setting it is worth a warning, not mere advice. */
  readonly loud?: boolean;
  /** True for options that TRL, PEFT and transformers lack. */
  readonly own?: boolean;
  /** Accepts flags `--name.key value` for a mapping. */
  readonly dotted?: boolean;
  /** A repeated flag adds to the words of the one before. */
  readonly repeats?: boolean;
  /** Heading in help and COMPATIBILITY.md. */
  readonly group: string;
  /** Required for options of a run: see {@link RunTable}. */
  readonly onResume?: OnResume;
}

type Extras = Partial<
  Pick<
    Option<unknown>,
    | "note"
    | "ready"
    | "offered"
    | "advice"
    | "common"
    | "secret"
    | "whenWrong"
    | "literal"
    | "loud"
    | "dotted"
    | "repeats"
    | "own"
    | "onResume"
  >
>;
export type Table = Readonly<Record<string, Option<unknown, unknown>>>;

/**
 * Options of a run, each with its effect when resuming with another value. The fingerprint of a run is derived from it,
 * so that a missing one is a compiler error and not two runs mixed on resume.
 */
export type RunTable = Readonly<Record<string, Option<unknown, unknown> & { readonly onResume: OnResume }>>;

/** The options of a table with this effect on resume. */
export function optionsWith(onResume: OnResume, table: RunTable): string[] {
  return Object.keys(table).filter((name) => table[name].onResume === onResume);
}

/** The part of `extras` in the type: the effect on resume, and the values that work. */
type TypedExtras<E> = { readonly [K in keyof E & TypedKeys as E extends Record<K, unknown> ? K : never]: E[K] };
type TypedKeys = "onResume" | "ready" | "offered";
type Free = { readonly onResume: "free" };
type NotBuilt = { readonly support: "not-yet" };

/** The values of a table, all present. */
export type Values<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Option<infer V, infer _> ? Working<V, T[K]> : never;
};

/**
 * Input for a table from a program: any subset of options, in the accepted spellings. Without options and values that
 * are not built; reading them from elsewhere is an error unless they are the default.
 */
export type Inputs<T extends Table> = {
  readonly [K in keyof T as T[K] extends NotBuilt ? never : K]?:
    | (T[K] extends Option<infer _, infer I> ? Working<I, T[K]> : never)
    | undefined;
};

/** The values of a type that an option declares as built. */
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
/** `name*` matches a prefix. */
type Spelled<R> = R extends `${infer Start}*` ? `${Start}${string}` : R;

/** Drops options that are `undefined`, so that they don't override others when spread. */
export function setOptions<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Works as in the Python packages. */
export function same<V, I, const E extends Extras>(
  kind: Kind<V, I>,
  standard: NoInfer<V>,
  help: string,
  extras?: E,
): Option<V, I> & TypedExtras<E> {
  const option: Option<V, I> = { kind, default: standard, help, support: "same", group: "", ...extras };
  return option as Option<V, I> & TypedExtras<E>;
}

/** Works with a difference from the Python packages, described in `note`. */
export function differs<V, I, const E extends Extras & { note: string }>(
  kind: Kind<V, I>,
  standard: NoInfer<V>,
  help: string,
  extras: E,
): Option<V, I> & TypedExtras<E> {
  const option: Option<V, I> = { kind, default: standard, help, support: "differs", group: "", ...extras };
  return option as Option<V, I> & TypedExtras<E>;
}

/** Accepted without effect. `note` is printed if the value is not the default. */
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
 * Known but not built: an error if set to a value that would change results, so it may vary freely on resume. Once
 * built, it becomes another kind of option and must declare its effect on resume.
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

/** Sets the heading of a table of options. */
export function group<T extends Table>(heading: string, table: T): T {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, { ...option, group: heading }]),
  ) as unknown as T;
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** True if `value` is the option's default. */
export function isDefault<V, I>(option: Option<V, I>, value: V): boolean {
  return equal(value, option.default);
}

/** True if this value works; false leads to the error "not yet". */
export function isReady<V, I>(option: Option<V, I>, value: V): boolean {
  if (isDefault(option, value)) return true;
  const ready = option.ready;
  if (!ready) return option.support !== "not-yet";
  const isOneOf = (one: unknown) => ready.some((entry) => equal(entry, one) || matchesPrefix(entry, one));
  return isOneOf(value) || (Array.isArray(value) && value.every(isOneOf));
}

function matchesPrefix(entry: unknown, value: unknown): boolean {
  if (typeof entry !== "string" || typeof value !== "string") return false;
  return entry.endsWith("*") && value.startsWith(entry.slice(0, -1));
}
