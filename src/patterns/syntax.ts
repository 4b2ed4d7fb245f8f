/** @file The syntax tree of a regular expression. Lengths and positions count code points or UTF-16 units as named. */
import { largest, smallest } from "../lists.ts";

/** Positions that match without consuming a character. */
export type Assertion =
  | "line start"
  | "line end"
  | "text start"
  | "text end"
  | "text end or last line break"
  | "word boundary"
  | "no word boundary"
  | "search start";

export type Node =
  /** One code point in a class, written as a class of JavaScript's `v` flag, such as `[\p{L}]`. */
  | { kind: "set"; set: string; ignoresCase: boolean }
  | { kind: "sequence"; parts: Node[] }
  | { kind: "choice"; options: Node[] }
  | { kind: "repeat"; part: Node; min: number; max: number; mode: "greedy" | "lazy" | "possessive" }
  /** `(?>...)`: once matched, it is not tried in another way. */
  | { kind: "atomic"; part: Node }
  | { kind: "look"; part: Node; behind: boolean; negative: boolean }
  | { kind: "assert"; at: Assertion };

/** Syntax that is refused: `what` names it. */
export class UnsupportedSyntax extends Error {
  readonly what: string;
  constructor(what: string) {
    super(what);
    this.what = what;
  }
}

/** Fewest and most code points that a node consumes. */
export function lengthOf(node: Node): [min: number, max: number] {
  switch (node.kind) {
    case "set":
      return [1, 1];
    case "sequence":
      return node.parts.map(lengthOf).reduce(([min, max], [a, b]) => [min + a, max + b], [0, 0]);
    case "choice": {
      const all = node.options.map(lengthOf);
      return [smallest(all.map(([min]) => min)), largest(all.map(([, max]) => max))];
    }
    case "repeat": {
      const [min, max] = lengthOf(node.part);
      return [min * node.min, max === 0 || node.max === 0 ? 0 : max * node.max];
    }
    case "atomic":
      return lengthOf(node.part);
    default:
      return [0, 0];
  }
}
