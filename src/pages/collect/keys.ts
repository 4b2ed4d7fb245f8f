/** @file The keys of the page: one per verdict. Letters of text fields stay letters. */
import type { Verdict } from "./api.ts";

export type Action = { verdict: Verdict } | { edit: "left" | "right" } | "undo" | "note" | "help" | "ask";

interface VerdictKey {
  verdict: Verdict;
  /** On its button. */
  label: string;
  /** Where there is room. */
  more?: string;
  keys: readonly string[];
  /** The key, as it is shown. */
  shown: string;
}

export const VERDICT_KEYS: readonly VerdictKey[] = [
  { verdict: "left", label: "Left", more: "is better", keys: ["arrowleft", "1"], shown: "←" },
  { verdict: "tie", label: "Tie", keys: ["arrowdown", "0", "="], shown: "↓" },
  { verdict: "right", label: "Right", more: "is better", keys: ["arrowright", "2"], shown: "→" },
  { verdict: "both good", label: "Both good", keys: ["g"], shown: "G" },
  { verdict: "both bad", label: "Both bad", keys: ["b"], shown: "B" },
  { verdict: "skip", label: "Skip", keys: ["s"], shown: "S" },
];

const OTHERS: Readonly<Record<string, Action>> = {
  e: { edit: "left" },
  r: { edit: "right" },
  u: "undo",
  z: "undo",
  n: "note",
  a: "ask",
  "?": "help",
};

/** For the list of keys. */
export const HELP: readonly (readonly [keys: string, what: string])[] = [
  ["← or 1", "the left answer is better"],
  ["→ or 2", "the right answer is better"],
  ["↓, 0 or =", "tie"],
  ["G", "both good"],
  ["B", "both bad"],
  ["S", "skip"],
  ["E, R", "edit the left or the right answer; your text becomes the better one"],
  ["Ctrl+Enter, Esc", "save or leave the edit"],
  ["U or Ctrl+Z", "undo, any number of steps"],
  ["N", "add a note"],
  ["A", "type a prompt of your own"],
  ["?", "show or hide this list"],
];

/** Undefined: the key does nothing here, or belongs to a text field or the browser. */
export function actionOf(event: KeyboardEvent): Action | undefined {
  const target = event.target as HTMLElement | null;
  if (target?.closest("textarea, input, select, [contenteditable], dialog")) return undefined;
  const key = event.key.toLowerCase();
  if (event.altKey || event.isComposing) return undefined;
  if (event.ctrlKey || event.metaKey) return key === "z" && !event.shiftKey ? "undo" : undefined;
  if (key === "z") return undefined;
  const verdict = VERDICT_KEYS.find(({ keys }) => keys.includes(key))?.verdict;
  return verdict ? { verdict } : OTHERS[key];
}
