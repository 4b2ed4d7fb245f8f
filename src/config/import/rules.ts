/** @file Turns the keys of another tool's run file into prefine's by a table of rules; lines for keys without equal. */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { problemsOf } from "../../phrases.ts";
import { RENAMED_RUN_NAMES } from "../options/renamedNames.ts";
import { RUN_OPTIONS } from "../run.ts";

type Keys = Readonly<Record<string, unknown>>;

/** What becomes of a key of the other tool. */
export type Rule =
  | { readonly to: string; readonly value?: (value: unknown) => unknown }
  /** No equal, though results depend on it: a line that says so. */
  | { readonly lost: string }
  /** No equal, without effect on results. */
  | { readonly idle: string }
  /** Read together with other keys, elsewhere. */
  | "elsewhere";

export const to = (name: string, value?: (value: unknown) => unknown): Rule =>
  value ? { to: name, value } : { to: name };
export const lost = (reason: string): Rule => ({ lost: reason });
export const idle = (reason: string): Rule => ({ idle: reason });

/** Rules of several keys alike: `...each(rule, "a", "b")`. */
export const each = (rule: Rule, ...names: string[]): Record<string, Rule> =>
  Object.fromEntries(names.map((name) => [name, rule]));

/** A line about a key of the other tool. */
export interface ImportLine {
  key: string;
  text: string;
  /** The run would differ from the other tool's. */
  changes: boolean;
}

/** A run file in the making. */
export interface Imported {
  keys: Record<string, unknown>;
  lines: ImportLine[];
}

/** Values that leave a setting off. */
const isOff = (value: unknown) =>
  [null, undefined, false, 0, ""].includes(value as null) || (Array.isArray(value) && value.length === 0);

/** Rules of keys whose names are alike, first match first. */
export type Families = readonly (readonly [RegExp, Rule])[];

/** What a tool's keys mean. */
interface ToolRules {
  /** Its name, for messages. */
  tool: string;
  rules: Readonly<Record<string, Rule>>;
  families: Families;
}

/** Keys by the rules; a key that prefine has under the same name is kept, any other is reported. */
export function applyRules(given: Keys, of: ToolRules): Imported {
  const imported: Imported = { keys: {}, lines: [] };
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    const rule = Object.hasOwn(of.rules, key) ? of.rules[key] : otherRule(key, of);
    if (rule === "elsewhere") continue;
    if ("to" in rule) {
      const converted = rule.value ? rule.value(value) : value;
      if (converted !== undefined) imported.keys[rule.to] = converted;
      else noEqual(imported, key, `${show(value)} has no equal`, true);
    } else if (!isOff(value)) noEqual(imported, key, "lost" in rule ? rule.lost : rule.idle, "lost" in rule);
  }
  return imported;
}

/** The rule of a key that is in no table by its name. */
function otherRule(key: string, { tool, families }: ToolRules): Rule {
  if (Object.hasOwn(RUN_OPTIONS, key) || Object.hasOwn(RENAMED_RUN_NAMES, key)) return to(key);
  return (
    families.find(([names]) => names.test(key))?.[1] ??
    lost(`a key that neither prefine nor its table of ${tool} knows`)
  );
}

const isName = (value: unknown) =>
  typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
const KINDS = {
  name: { expected: "a name", accepts: isName },
  names: { expected: "a name or a list of names", accepts: (value: unknown) => [value].flat().every(isName) },
  datasets: {
    expected: "a list of datasets with a path",
    accepts: (value: unknown) => Array.isArray(value) && value.every((one) => isObject(one) && isName(one.path)),
  },
} as const;

export type KeyKinds = Readonly<Record<string, keyof typeof KINDS>>;

/** @throws PrefineError("config") for keys of another kind than their tool takes, all at once. */
export function checkKinds(given: Keys, file: string, kinds: KeyKinds): void {
  const wrong = Object.entries(kinds).flatMap(([key, kind]) => {
    const value = given[key] ?? null;
    const { expected, accepts } = KINDS[kind];
    return value === null || accepts(value) ? [] : [`${key}: expected ${expected}, found ${show(value)}`];
  });
  if (wrong.length > 0) throw new PrefineError("config", problemsOf(file, wrong), "Correct the file.");
}

/** Adds a line about a key. */
export function noEqual({ lines }: Imported, key: string, text: string, changes: boolean): void {
  lines.push({ key, text, changes });
}

/** Sets keys that the file leaves to the tool's own defaults, where prefine's are others. */
export function setDefaults({ keys }: Imported, defaults: Keys): void {
  for (const [key, value] of Object.entries(defaults)) if (!Object.hasOwn(keys, key)) keys[key] = value;
}

/** `a, b` or a list, as a list of texts. */
export function listOfTexts(value: unknown): string[] {
  const items = Array.isArray(value) ? value.map(String) : String(value ?? "").split(",");
  return items.map((item) => item.trim()).filter((item) => item !== "");
}
