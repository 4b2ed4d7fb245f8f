/** @file A template's syntax tree, and the notes on it that the interpreter needs to behave as Python's Jinja. */
import { type Node, parse, tokenize } from "./library.ts";

export interface Syntax {
  program: Node;
  /** Expressions whose value is written. */
  outputs: ReadonlySet<Node>;
  /** What loops go through. */
  iterables: ReadonlySet<Node>;
  /** All text of the template: what it writes itself, and its string constants; a NUL between any two. */
  literalText: string;
}

/** Stands first in a loop's body: forgets the variables of the round before, as each round has its own in Jinja. */
export interface NewRound extends Node {
  type: "NewRound";
  /** Names that the round begins with. */
  kept: ReadonlySet<string>;
}

const STATEMENTS = new Set([
  ...["Set", "If", "For", "Macro", "CallStatement", "FilterStatement", "Break", "Continue", "Comment", "NewRound"],
]);
const BODIES = new Set(["body", "alternate", "defaultBlock"]);

/** Reads a template with trim_blocks and lstrip_blocks, as transformers does. */
export function parseTemplate(template: string): Syntax {
  const lines = template.replace(/\r\n?/g, "\n"); // as Jinja's newline_sequence
  const program = parse(tokenize(lines, { trim_blocks: true, lstrip_blocks: true }));
  const outputs = new Set<Node>();
  const iterables = new Set<Node>();
  const literals: string[] = [];
  const visitAll = (values: Iterable<unknown>) => {
    for (const value of values) if (isNode(value)) visit(value);
  };
  const visit = (node: Node): void => {
    if (node.type === "StringLiteral") literals.push(node.value as string);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) visitAll(value);
      else if (value instanceof Map) visitAll([...value.keys(), ...value.values()]);
      else if (isNode(value)) visit(value);
      if (!BODIES.has(key) || !Array.isArray(value)) continue;
      for (const item of value as Node[]) if (!STATEMENTS.has(item.type)) outputs.add(item);
    }
    if (node.type !== "For") return;
    const iterable = node.iterable as Node;
    iterables.add(iterable.type === "SelectExpression" ? (iterable.lhs as Node) : iterable);
    (node.body as Node[]).unshift({ type: "NewRound", kept: namesOf(node.loopvar as Node) });
  };
  visit(program);
  return { program, outputs, iterables, literalText: literals.join("\0") };
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function namesOf(loopVariable: Node): Set<string> {
  const targets = loopVariable.type === "TupleLiteral" ? (loopVariable.value as Node[]) : [loopVariable];
  return new Set(["loop", "namespace", ...targets.map((target) => String(target.value))]);
}
