/** @file Syntax tree -> JavaScript's regular expression, for patterns whose time JavaScript bounds by itself. */
import { lengthOf, type Node } from "./syntax.ts";

/** JavaScript's source with the `v` flag; undefined for what it lacks. */
function sourceOf(node: Node): string | undefined {
  switch (node.kind) {
    case "set":
      return node.ignoresCase ? undefined : node.set;
    case "sequence":
      return joined(node.parts, "");
    case "choice": {
      const options = joined(node.options, "|");
      return options === undefined ? undefined : `(?:${options})`;
    }
    case "repeat": {
      const part = sourceOf(node.part);
      if (part === undefined || node.mode !== "greedy") return undefined;
      return `${node.part.kind === "set" ? part : `(?:${part})`}{${node.min},${limitOf(node.max)}}`;
    }
    case "look": {
      const part = sourceOf(node.part);
      return part === undefined || node.behind ? undefined : `(?${node.negative ? "!" : "="}${part})`;
    }
    default:
      return undefined;
  }
}

const limitOf = (max: number) => (Number.isFinite(max) ? max : "");

function joined(nodes: readonly Node[], between: string): string | undefined {
  const sources = nodes.map(sourceOf);
  return sources.some((source) => source === undefined) ? undefined : sources.join(between);
}

/** Longest part that may be tried anew at each character. */
const FEW = 32;

const isUnbounded = (node: Node): boolean =>
  node.kind === "repeat" && node.part.kind === "set" && node.mode === "greedy" && node.max === Number.POSITIVE_INFINITY;

const partsOf = (node: Node): readonly Node[] => (node.kind === "sequence" ? node.parts : [node]);
const optionsOf = (node: Node): readonly Node[] => (node.kind === "choice" ? node.options : [node]);

/**
 * Whether a search for all matches takes a time in proportion to the text: in each alternative, what follows the first
 * unbounded run cannot fail, so a run that was read is consumed. An alternative whose run can fail after it was read
 * (`\s*[\r\n]+`, `\s+(?!\S)`) needs a later alternative that takes the same run (`\s+`).
 */
function isLinear(tree: Node): boolean {
  const options = optionsOf(tree);
  return options.every((option, i) => {
    const parts = partsOf(option);
    const first = parts.findIndex(isUnbounded);
    const fixed = first < 0 ? parts : parts.slice(0, first);
    if (!fixed.every((part) => lengthOf(part)[1] <= FEW && !holdsChoiceWithin(part))) return false;
    if (first < 0) return true;
    const rest = parts.slice(first + 1);
    if (rest.every((part) => part.kind === "repeat" && part.part.kind === "set" && part.min === 0)) return true;
    return first === 0 && rest.length === 1 && isShort(rest[0]) && takesRun(options.slice(i + 1), parts[0]);
  });
}

/** A look-ahead at one character, or one class. */
function isShort(part: Node): boolean {
  if (part.kind === "look") return !part.behind && part.part.kind === "set";
  return part.kind === "set" || (part.kind === "repeat" && part.part.kind === "set");
}

function takesRun(options: readonly Node[], run: Node): boolean {
  const setOf = (node: Node) => (node.kind === "repeat" && node.part.kind === "set" ? node.part.set : undefined);
  return options.some((option) => {
    const [first, ...rest] = partsOf(option);
    return first !== undefined && rest.length === 0 && isUnbounded(first) && setOf(first) === setOf(run);
  });
}

/** Choices within repeats may be tried in very many ways. */
function holdsChoiceWithin(node: Node): boolean {
  if (node.kind === "repeat") return node.part.kind !== "set";
  if (node.kind === "look" || node.kind === "atomic") return node.part.kind !== "set";
  if (node.kind === "sequence") return node.parts.some(holdsChoiceWithin);
  return node.kind === "choice" && node.options.some(holdsChoiceWithin);
}

/** JavaScript's regular expression for a pattern; undefined if the machine has to run it. */
export function nativePattern(tree: Node, isKnownLinear: boolean): RegExp | undefined {
  const source = sourceOf(tree);
  return source !== undefined && (isKnownLinear || isLinear(tree)) ? new RegExp(source, "gv") : undefined;
}
