/** @file Walks a template's syntax tree: its literal texts, and the special names that macros read. */
import type { Special, Statement } from "./nodes.ts";

/** Calls `visit` with every node; where it returns false, not with those below. */
export function walk(value: unknown, visit: (node: Record<string, unknown>) => boolean): void {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (Array.isArray(next)) for (let i = next.length - 1; i >= 0; i--) pending.push(next[i]);
    else if (typeof next === "object" && next !== null && !(next instanceof Set)) {
      const node = next as Record<string, unknown>;
      if (!visit(node)) continue;
      const parts = Object.values(node);
      for (let i = parts.length - 1; i >= 0; i--) if (typeof parts[i] === "object") pending.push(parts[i]);
    }
  }
}

/** Literal text and string constants, separated by NUL. */
export function literalText(body: readonly Statement[]): string {
  const texts: string[] = [];
  walk(body, ({ type, text, value }) => {
    if (type === "Data" && typeof text === "string") texts.push(text);
    if (type === "Const" && typeof value === "string") texts.push(value);
    return true;
  });
  return texts.join("\0");
}

const SPECIAL = ["caller", "kwargs", "varargs"] as const;

/** Which of them a macro's body reads, itself or in inner macros. */
export function readsOf(body: readonly Statement[]): Special["reads"] {
  const reads = new Set<(typeof SPECIAL)[number]>();
  walk(body, ({ type, name }) => {
    const special = SPECIAL.find((one) => one === name);
    if (type === "Name" && special) reads.add(special);
    return true;
  });
  return reads;
}
