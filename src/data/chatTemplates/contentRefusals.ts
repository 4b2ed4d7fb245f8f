/**
 * @file Whether a chat template may refuse a message for what its content says: raise_exception below a condition on
 * content. Most refuse roles, their order and missing fields, which one message of each form shows.
 */
import type { Expression, Statement, Target } from "./jinja/nodes.ts";
import { walk } from "./jinja/visit.ts";

type Node = Record<string, unknown>;

/** Tests of a content's kind, which its form shows. */
const OF_KIND = new Set([
  "string",
  "none",
  "defined",
  "undefined",
  "mapping",
  "iterable",
  "sequence",
  "number",
  "boolean",
]);
const RAISE = "raise_exception";

/** @param body of a parsed template. */
export function mayRefuseContent(body: readonly Statement[]): boolean {
  const flow = new ContentFlow();
  for (let before = -1; before !== flow.size; ) {
    before = flow.size;
    flow.follow(body, false);
  }
  return flow.refuses;
}

/** Follows contents into names, macros and conditions; what can't be told counts as content. */
class ContentFlow {
  refuses = false;
  /** Names that hold something of a content, attributes of namespaces among them. */
  private readonly names = new Set<string>();
  private readonly raising = new Set<string>([RAISE]);
  private readonly parameters = new Map<string, readonly string[]>();

  get size(): number {
    return this.names.size + this.raising.size;
  }

  /** @param depends whether a condition on content decides that these statements run. */
  follow(statements: readonly Statement[], depends: boolean): void {
    for (const statement of statements) this.followOne(statement, depends);
  }

  private followOne(statement: Statement, depends: boolean): void {
    if (statement.type === "If") this.followIf(statement, depends);
    else if (statement.type === "For") this.followFor(statement, depends);
    else if (statement.type === "Macro") this.followMacro(statement, depends);
    else this.followOther(statement, depends);
  }

  private followIf({ branches, otherwise }: Statement & { type: "If" }, depends: boolean): void {
    let isReached = depends;
    for (const { test, body } of branches) {
      this.look(test, isReached);
      isReached ||= this.holds(test);
      this.follow(body, isReached);
    }
    this.follow(otherwise, isReached);
  }

  private followFor(statement: Statement & { type: "For" }, depends: boolean): void {
    const { target, iterable, test, body, otherwise } = statement;
    const isOfContent = this.holds(iterable);
    if (isOfContent) this.mark(target);
    const isReached = depends || isOfContent || this.holds(test);
    this.look([iterable, test], depends);
    this.follow(body, isReached);
    this.follow(otherwise, isReached);
  }

  private followMacro({ name, parameters, body }: Statement & { type: "Macro" }, depends: boolean): void {
    const names = parameters.map((one) => one.name);
    this.parameters.set(name, names);
    if (this.calls(body)) this.raising.add(name);
    this.follow(body, depends);
  }

  private followOther(statement: Statement, depends: boolean): void {
    const { body = [], ...rest } = statement as Statement & { body?: readonly Statement[] };
    this.look(rest, depends);
    if (statement.type === "Set" && (depends || this.holds(statement.value))) this.mark(statement.target);
    if (statement.type === "SetBlock" && (depends || this.holds(body))) this.mark(statement.target);
    if (statement.type === "With")
      for (const [i, target] of statement.targets.entries()) if (this.holds(statement.values[i])) this.mark(target);
    this.follow(body, depends);
  }

  /** Looks for calls in expressions: refusals, and macros that are given contents. */
  private look(value: unknown, depends: boolean): void {
    walk(value, (node) => {
      const { type, callee, test, yes, no } = node as { type?: string } & Record<string, Expression | undefined>;
      if (type === "Choice" && this.holds(test) && this.calls([yes, no])) this.refuses = true;
      if (type !== "Call" || callee?.type !== "Name") return true;
      if (depends && this.raising.has(callee.name)) this.refuses = true;
      if (depends || this.holds(node)) for (const name of this.parameters.get(callee.name) ?? []) this.names.add(name);
      return true;
    });
  }

  private calls(value: unknown): boolean {
    return contains(value, ({ type, name }) => type === "Name" && this.raising.has(String(name)));
  }

  private holds(value: unknown): boolean {
    return contains(
      value,
      ({ type, name, key, args, kwargs }) =>
        (type === "Attribute" && (name === "content" || this.names.has(String(name)))) ||
        (type === "Item" && isContentKey(key)) ||
        (type === "Filter" && isOfContents(args, kwargs)) ||
        (type === "Name" && this.names.has(String(name))),
      ({ type, name }) => type === "Test" && OF_KIND.has(String(name)),
    );
  }

  private mark(target: Target): void {
    if (target.type === "Targets") for (const one of target.items) this.mark(one);
    else this.names.add(target.type === "Name" ? target.name : target.attribute);
  }
}

const isContentKey = (key: unknown) =>
  (key as Expression).type === "Const" && (key as { value: unknown }).value === "content";

/** `messages | map(attribute="content")` */
const isOfContents = (...parts: unknown[]) =>
  contains(parts, ({ type, value }) => type === "Const" && value === "content");

/** Whether a node fits. @param isLeftOut nodes that are not looked into. */
function contains(value: unknown, fits: (node: Node) => boolean, isLeftOut: (node: Node) => boolean = () => false) {
  let found = false;
  walk(value, (node) => {
    if (found || isLeftOut(node)) return false;
    found = fits(node);
    return !found;
  });
  return found;
}
