/** @file Checks what callers pass to the public API: unknown options, promises, values of a wrong kind. */
import { nearestName, PrefineError, show } from "./errors.ts";
import { problemsOf } from "./phrases.ts";

/** What an option's value must be. */
export interface ValueCheck {
  /** For messages, after "expected": `a text`. */
  readonly expected: string;
  accepts(value: unknown): boolean;
  /** Never printed. */
  readonly secret?: boolean;
}

/** A check per option of `T`: a new option without one is a type error. */
export type OptionChecks<T> = { readonly [K in keyof T]-?: ValueCheck };

const check = (expected: string, accepts: (value: unknown) => boolean): ValueCheck => ({ expected, accepts });

export const text = check("a text", (value) => typeof value === "string");
export const bool = check("true or false", (value) => typeof value === "boolean");
export const anyFunction = check("a function", (value) => typeof value === "function" && !isClass(value));
export const integer = check("an integer", Number.isSafeInteger);
export const numberAbove0 = check("a number above 0", (value) => typeof value === "number" && value > 0);
export const numberFrom0 = check("a number of at least 0", (value) => typeof value === "number" && value >= 0);
export const abortSignal = check("an AbortSignal", (value) => isObjectLike(value) && "aborted" in value);
/** For options that are checked where they are read. */
export const anything = check("a value", (value) => !isPromise(value));
export const listOfValues = check("a list of values", Array.isArray);
export const texts = listOf(text, "a list of texts");
export const oneOrMoreTexts = either(text, texts);

export function listOf(item: ValueCheck, expected = `a list, each ${item.expected}`): ValueCheck {
  return check(expected, (value) => Array.isArray(value) && value.every((one) => item.accepts(one)));
}

export function integerFrom(lowest: number): ValueCheck {
  return check(
    `an integer of at least ${lowest}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= lowest,
  );
}

export function oneOf(...values: readonly unknown[]): ValueCheck {
  return check(`one of ${values.join(", ")}`, (value) => values.includes(value));
}

export function either(first: ValueCheck, second: ValueCheck): ValueCheck {
  return check(`${first.expected} or ${second.expected}`, (value) => first.accepts(value) || second.accepts(value));
}

export function nullable(of: ValueCheck): ValueCheck {
  return { ...of, expected: `${of.expected}, or null`, accepts: (value) => value === null || of.accepts(value) };
}

/** An object with some of these methods or fields: what a class is not needed for. */
export function objectWith(expected: string, ...fields: readonly PropertyKey[]): ValueCheck {
  return check(expected, (value) => isObjectLike(value) && fields.every((field) => field in value));
}

/** An object of options, whose names are checked where they are read. */
export const options = check("an object with options", isOptions);

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return isObjectLike(value) && "then" in value && typeof value.then === "function";
}

function isObjectLike(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

const PLAIN = ["[object Object]", "[object Module]"];

/** An object whose entries are names and values: no list, promise, Map, Date, Error or URL, and no function. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  return isObjectLike(value) && PLAIN.includes(Object.prototype.toString.call(value)) && !isPromise(value);
}

const isClass = (value: unknown) => /^class\b/.test(String(value));

const SHOWN_KEYS = 5;

/** A value for messages, after "found": what it is, and for a promise what to do. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isPromise(value)) return "a promise: await it";
  if (typeof value === "function") return isClass(value) ? `the class ${value.name}` : "a function";
  if (typeof value === "number") return String(value); // NaN, which JSON shows as null
  if (typeof value !== "object" || value === null) return show(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list, ${show(value)}`;
  const { constructor: made } = value;
  if (typeof made === "function" && made !== Object && made.name) return `${article(made.name)} ${made.name}`;
  const keys = Object.keys(value);
  const more = keys.length > SHOWN_KEYS ? ", ..." : "";
  return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, SHOWN_KEYS).join(", ")}${more}`;
}

const article = (name: string) => (/^[AEIOU]/i.test(name) ? "an" : "a");

/** @throws PrefineError("config") for a value of another kind: `where: expected ..., found ...`. */
export function checkValue(where: string, value: unknown, { expected, accepts }: ValueCheck, hint?: string): void {
  if (isPromise(value)) throw new PrefineError("config", `${where}: expected ${expected}, found a promise: await it`);
  if (accepts(value)) return;
  throw new PrefineError("config", `${where}: expected ${expected}, found ${describeValue(value)}`, hint);
}

/** Entries of an object of options without the undefined ones. @throws PrefineError("config") for another kind. */
export function optionEntries(where: string, given: unknown): [name: string, value: unknown][] {
  if (given === undefined) return [];
  checkValue(where, given, options);
  return Object.entries(given as object).filter(([, value]) => value !== undefined);
}

interface OtherNames {
  /** Names that are read by other code, which checks their values. */
  also?: Iterable<string>;
  /** Names of the Python packages that are refused unless their value is false or null -> the reason. */
  notBuilt?: Readonly<Record<string, string>>;
  /** Names of the Python packages without effect here. */
  noEffect?: Iterable<string>;
  /** Problems that the caller has found, `name: expected ...`; they come first. */
  problems?: readonly string[];
}

/**
 * The problems of an object of options, `name: unknown option` or `name: expected ..., found ...`.
 * @throws PrefineError("config") for anything but an object.
 */
export function optionProblems<T extends object>(
  where: string,
  given: unknown,
  checks: OptionChecks<T>,
  { also = [], notBuilt = {}, noEffect = [] }: OtherNames = {},
): [name: string, problem: string][] {
  const table = checks as Readonly<Record<string, ValueCheck>>;
  const known = new Set([...also, ...noEffect]);
  const names = [...Object.keys(table), ...also];
  return optionEntries(where, given).flatMap(([name, value]): [string, string][] => {
    if (Object.hasOwn(table, name)) return problemOf(name, value, table[name]);
    if (known.has(name)) return [];
    if (Object.hasOwn(notBuilt, name)) {
      return value === false || value === null ? [] : [[name, `not yet: ${notBuilt[name]}`]];
    }
    const advice = adviceFor(name, names);
    return [[name, `unknown option${advice === undefined ? "" : `; ${advice}`}`]];
  });
}

function problemOf(name: string, value: unknown, { expected, accepts, secret }: ValueCheck): [string, string][] {
  if (!isPromise(value) && accepts(value)) return [];
  const found = secret && !isPromise(value) ? "another value" : describeValue(value);
  return [[name, `expected ${expected}, found ${found}`]];
}

/**
 * Checks the names and the values of an object of options.
 * @param where the function or class, for messages.
 * @throws PrefineError("config") with all unknown names and wrong values, one line each.
 */
export function checkOptions<T extends object>(
  where: string,
  given: unknown,
  checks: OptionChecks<T>,
  other: OtherNames = {},
): void {
  const found = optionProblems(where, given, checks, other).map(([name, problem]) => `${name}: ${problem}`);
  throwProblems(where, [...(other.problems ?? []), ...found], [...Object.keys(checks), ...(other.also ?? [])]);
}

/** The names of an object's options that are in `names`, for a line about those without effect. */
export function namesIn(given: object | undefined, names: ReadonlySet<string>): string[] {
  return Object.entries(given ?? {}).flatMap(([name, value]) =>
    names.has(name) && value != null && value !== false ? [name] : [],
  );
}

/** @throws PrefineError("config") if a function that takes no arguments is given one: it would be ignored. */
export function noArguments(where: string, given: readonly unknown[], instead: string): void {
  if (given.length === 0 || given[0] === undefined) return;
  throw new PrefineError("config", `${where}: expected no argument, found ${describeValue(given[0])}`, instead);
}

const MOST_LISTED = 12;

function throwProblems(where: string, problems: readonly string[], names: readonly string[]): void {
  if (problems.length === 0) return;
  const isUnknown = problems.some((line) => line.includes(": unknown option"));
  const hint =
    isUnknown && names.length > 0 && names.length <= MOST_LISTED ? `The options are ${names.join(", ")}.` : undefined;
  const code = problems.every((line) => line.includes(": not yet: ")) ? "not-yet" : "config";
  throw new PrefineError(code, problemsOf(where, problems), hint);
}

/** A place that takes options, such as `DPOTrainer's args`, and their names. */
interface Home {
  readonly place: string;
  readonly names: ReadonlySet<string>;
}

const homes: Home[] = [];
let otherNames: ReadonlyMap<string, readonly string[]> = new Map();

/** Registers the options of a place, so that others can say where they belong. Each module does so for its own. */
export function registerHome(place: string, names: Iterable<string>): void {
  homes.push({ place, names: new Set(names) });
}

/** Registers the names that other tools have for options: `lr` -> `learning_rate`. */
export function registerOtherNames(table: ReadonlyMap<string, readonly string[]>): void {
  otherNames = table;
}

/** The options of a function, registered under `place` as well. */
export function optionsOf<T extends object>(place: string, checks: OptionChecks<T>): OptionChecks<T> {
  registerHome(place, Object.keys(checks));
  return checks;
}

/**
 * What to do about an unknown name, after "unknown option; ": the option that is meant, or the place of one.
 * @param shown how an option is written: `--lr` for flags.
 */
export function adviceFor(
  name: string,
  candidates: Iterable<string>,
  shown = (option: string) => option,
): string | undefined {
  const names = [...candidates];
  const meant = otherNames.get(name) ?? [];
  const own = [...meant, `${name}s`, name.replace(/s$/, "")].find((option) => names.includes(option));
  if (own !== undefined) return `did you mean ${shown(own)}?`;
  const elsewhere = [name, ...meant].find((option) => placesOf(option) !== undefined);
  if (elsewhere !== undefined) return `${elsewhere === name ? "it" : elsewhere} belongs to ${placesOf(elsewhere)}`;
  const near = nearestName(name, names);
  if (near !== undefined) return `did you mean ${shown(near)}?`;
  const far = nearestName(
    name,
    homes.flatMap((home) => [...home.names]),
  );
  return far === undefined ? undefined : `did you mean ${far}, which belongs to ${placesOf(far)}?`;
}

/** The first two places that take this option. */
export function placesOf(name: string): string | undefined {
  const places = [...new Set(homes.filter((home) => home.names.has(name)).map(({ place }) => place))];
  return places.length === 0 ? undefined : places.slice(0, 2).join(", or to ");
}

/** Lets a class be called without `new`, as Python's are. */
export function callable<C extends abstract new (...values: never[]) => object>(made: C): C {
  return new Proxy(made, { apply: (target, _, values) => Reflect.construct(target, values) });
}

/** Node's console.log calls a method with this name: a few lines instead of all fields. */
export const inspected: unique symbol = Symbol.for("nodejs.util.inspect.custom");
