/**
 * @file Mutations that keep JSON valid: values of other types, huge numbers, deep nesting, long lists, many keys, names
 * that are missing, misspelled, duplicated, or special in JavaScript.
 */
import type { Dice } from "./dice.ts";

type Node = Record<string, unknown> | unknown[];

/** Raw text that replaces a value; a marker in the tree becomes this text on writing. */
const TEXTS = [
  "1e999",
  "-1e999",
  "50.0",
  "12345678901234567890123",
  '{"b":1,"10":2.0,"2":3}',
  "-0",
  "1E+2",
  '"\\ud800"',
  "NaN",
  "Infinity",
  "01",
  "tru",
  '"\\u0000"',
];
const VALUES: unknown[] = [
  null,
  true,
  false,
  "",
  "x",
  "0",
  " ",
  "../../../etc/passwd",
  "__proto__",
  "\u0000",
  "\u202e",
  0,
  -1,
  1,
  0.5,
  -0.5,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e-320,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  ["a", 1, null],
  { __proto__: 1 },
  { length: -1 },
];
const NAMES = ["__proto__", "constructor", "toString", "length", "", "then", "\u0000", "é"];
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** All objects and lists with members, outermost first. Visits only some members of long lists, and some levels. */
function nodes(root: unknown, found: Node[] = [], depth = 0): Node[] {
  if (!isNode(root) || depth > 500) return found;
  const keys = Object.keys(root);
  if (keys.length > 0) found.push(root);
  for (const key of keys.slice(0, 64)) nodes((root as Record<string, unknown>)[key], found, depth + 1);
  return found;
}

function exoticValue(dice: Dice): unknown {
  const kind = dice.below(22);
  if (kind === 0) return "long ".repeat(20_000);
  if (kind === 1) return `${MARK}${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  if (kind === 2) return `${MARK}${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`;
  if (kind === 3) return Array.from({ length: 2000 }, (_, i) => i);
  if (kind < 6) return MARK + dice.pick(TEXTS);
  if (kind === 20) return Array.from({ length: 150_000 }, (_, i) => i % 9); // more than a call takes arguments
  if (kind === 21) return dice.pick(["m", "日", "\u0301", "a."]).repeat(100_000); // one word
  return structuredClone(dice.pick(VALUES));
}

/** Prefix of a string that is written raw, without quotes. */
const MARK = "\u0001raw:";

function write(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.replace(/"\\u0001raw:((?:[^"\\]|\\.)*)"/g, (_, raw: string) => JSON.parse(`"${raw}"`));
}

/** Members that are added to one list or object. */
const WIDTH = 20_000;

type Mutation = (node: Record<string, unknown>, key: string, dice: Dice) => void;

const MUTATIONS: Mutation[] = [
  (node, key, dice) => {
    node[key] = exoticValue(dice);
  },
  (node, key, dice) => {
    node[key] = exoticValue(dice);
  },
  (node, key) => {
    if (Array.isArray(node)) node.splice(Number(key), 1);
    else delete node[key];
  },
  (node, key, dice) => {
    const other = dice.pick(Object.keys(node));
    [node[key], node[other]] = [node[other], node[key]];
  },
  (node, key, dice) => {
    if (Array.isArray(node)) node.push(node[Number(key)]);
    else
      Object.defineProperty(node, dice.pick(NAMES), {
        value: node[key],
        enumerable: true,
        configurable: true,
        writable: true,
      });
  },
  function rename(node, key, dice) {
    const value = node[key];
    if (Array.isArray(node)) node.reverse();
    else delete node[key];
    const name = key.length > 1 && dice.chance(0.5) ? key.slice(1) : key + dice.pick(["s", " ", "_", ".weight"]);
    if (!Array.isArray(node)) node[name] = value;
  },
  function widen(node, key) {
    const text = JSON.stringify(node[key]);
    if (text === undefined || text.length > 1000) return;
    for (let i = 0; i < WIDTH; i++) {
      const value: unknown = JSON.parse(text); // its own: it may be widened, too
      if (Array.isArray(node)) node.push(value);
      else node[key.includes("_") ? key.replace("_", `_${i}_`) : `${key}${i}`] = value;
    }
  },
  function nudge(node, key, dice) {
    const value = node[key];
    if (typeof value === "number") node[key] = dice.pick([value + 1, value - 1, -value, value * 2 ** 20, value / 3]);
    else if (typeof value === "string") node[key] = value + dice.pick(["\n", "x", "\ud83d", value]);
    else if (isNode(value)) node[key] = dice.chance(0.5) ? Object.values(value) : { ...value };
    else node[key] = !value;
  },
];

/** Duplicates a key: JSON.parse takes the last one, other readers the first. */
function duplicateKey(text: string, dice: Dice): string {
  const keys = [...text.matchAll(/"(\w[\w.]*)":/g)].slice(0, 2000);
  if (keys.length === 0) return text;
  const key = dice.pick(keys);
  return `${text.slice(0, key.index)}"${key[1]}":${write(exoticValue(dice))},${text.slice(key.index)}`;
}

/** A mutated copy of the text; returns invalid JSON unchanged. */
export function mutateJson(text: string, dice: Dice): string {
  if (/\[{2000}|(\{"a":){2000}/.test(text)) return text; // nested by an earlier change: JSON.stringify would overflow
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return text;
  }
  for (let changes = dice.chance(0.7) ? 1 : 2 + dice.below(3); changes > 0; changes--) {
    const candidates = nodes(root);
    if (candidates.length === 0 || dice.chance(0.02)) {
      root = exoticValue(dice);
      continue;
    }
    const node = dice.chance(0.4) ? candidates[dice.below(Math.min(4, candidates.length))] : dice.pick(candidates);
    dice.pick(MUTATIONS)(node as Record<string, unknown>, dice.pick(Object.keys(node)), dice);
  }
  const written = write(root);
  return dice.chance(0.15) ? duplicateKey(written, dice) : written;
}

/** JSON Lines: changes, duplicates, joins or empties some lines. */
export function mutateJsonLines(text: string, dice: Dice): string {
  const lines = text.split("\n");
  for (let changes = 1 + dice.below(3); changes > 0; changes--) {
    const at = dice.below(lines.length);
    const kind = dice.below(8);
    if (kind === 0) lines.splice(at, 1, lines[at], lines[at]);
    else if (kind === 1) lines.splice(at, 2, lines.slice(at, at + 2).join(""));
    else if (kind === 2) lines[at] = dice.pick(["", "null", "[]", "{", "}", "\u0000", "\ufeff{}", "//", "0"]);
    else lines[at] = mutateJson(lines[at], dice);
  }
  return lines.join("\n");
}
