/** @file Parses a template and annotates its syntax tree for the interpreter, which follows Python's Jinja. */
import { parse, type TemplateNode, tokenize } from "./library.ts";

export interface Syntax {
  program: TemplateNode;
  /** Expressions whose value is output. */
  outputs: ReadonlySet<TemplateNode>;
  /** Iterables of loops. */
  iterables: ReadonlySet<TemplateNode>;
  /** The template's literal text and string constants, separated by NUL. */
  literalText: string;
}

/** First node of a loop's body: drops the last iteration's variables, as in Jinja each iteration has its own scope. */
export interface NewRound extends TemplateNode {
  type: "NewRound";
  /** Variables set at the start of the iteration. */
  names: ReadonlySet<string>;
}

const STATEMENTS = new Set([
  "Set",
  "If",
  "For",
  "Macro",
  "CallStatement",
  "FilterStatement",
  "Break",
  "Continue",
  "Comment",
  "NewRound",
]);
const BODIES = new Set(["body", "alternate", "defaultBlock"]);

/** Parses a template with trim_blocks and lstrip_blocks, as transformers does. */
export function parseTemplate(template: string): Syntax {
  const lines = template.replace(/\r\n?/g, "\n"); // as Jinja's newline_sequence
  const program = parse(tokenize(lines, { trim_blocks: true, lstrip_blocks: true }));
  const outputs = new Set<TemplateNode>();
  const iterables = new Set<TemplateNode>();
  const literals: string[] = [];
  const visitAll = (values: Iterable<unknown>) => {
    for (const value of values) if (isNode(value)) visit(value);
  };
  const visit = (node: TemplateNode): void => {
    if (node.type === "StringLiteral") literals.push(node.value as string);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) visitAll(value);
      else if (value instanceof Map) visitAll([...value.keys(), ...value.values()]);
      else if (isNode(value)) visit(value);
      if (!BODIES.has(key) || !Array.isArray(value)) continue;
      for (const item of value as TemplateNode[]) if (!STATEMENTS.has(item.type)) outputs.add(item);
    }
    if (node.type !== "For") return;
    const iterable = node.iterable as TemplateNode;
    iterables.add(iterable.type === "SelectExpression" ? (iterable.lhs as TemplateNode) : iterable);
    (node.body as TemplateNode[]).unshift({ type: "NewRound", names: namesOf(node.loopvar as TemplateNode) });
  };
  visit(program);
  return { program, outputs, iterables, literalText: literals.join("\0") };
}

function isNode(value: unknown): value is TemplateNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function namesOf(loopVariable: TemplateNode): Set<string> {
  const targets = loopVariable.type === "TupleLiteral" ? (loopVariable.value as TemplateNode[]) : [loopVariable];
  return new Set(["loop", "namespace", ...targets.map((target) => String(target.value))]);
}
