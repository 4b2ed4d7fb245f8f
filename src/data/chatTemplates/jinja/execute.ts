/** @file Executes statements of a template: texts go to a buffer. */
import { isFault, TemplateFault } from "../python/fault.ts";
import { nested, spend, spendText } from "../python/limits.ts";
import { escapeMarkup } from "../python/markup.ts";
import { str } from "../python/text.ts";
import { type Given, isTrue, iterate, Markup, PyIterator, Undefined, type Value } from "../python/values.ts";
import { checkNamespaces, store } from "./assign.ts";
import { isConstant } from "./constants.ts";
import { call, callFilter, callTest, type Evaluation, evaluate, givenOf } from "./evaluate.ts";
import { LoopContext } from "./loopContext.ts";
import { Macro } from "./macro.ts";
import type { Expression, Statement, Target, Template } from "./nodes.ts";

import { Scope } from "./scope.ts";
import { TemplateReference } from "./templateReference.ts";

type Of<T extends Statement["type"]> = Extract<Statement, { type: T }>;
/** How a body ended: a loop control leaves the bodies within the loop. */
type End = "break" | "continue" | undefined;

export class Execution implements Evaluation {
  line = 1;
  autoescape = false;
  isFolding = false;
  private out: string[] = [];
  private readonly template: Template;
  /** The variables that blocks see: the caller's, and those set at the top level. */
  private readonly top: Scope;

  constructor(template: Template, globals: Scope) {
    this.template = template;
    this.top = new Scope(globals);
    this.top.set("self", new TemplateReference(template.blocks, (name) => this.blockText(name)));
  }

  /** The template's text. */
  run(): string {
    this.body(this.template.body, this.top);
    return this.out.join("");
  }

  callFilter(name: string, value: Value, given: Given): Value {
    return callFilter(name, value, given, this);
  }
  callTest(name: string, value: Value, given: Given): boolean {
    return callTest(name, value, given, this);
  }

  private value(node: Expression, scope: Scope): Value {
    return evaluate(node, scope, this);
  }

  private body(statements: readonly Statement[], scope: Scope): End {
    for (const statement of statements) {
      const end = this.statement(statement, scope);
      if (end) return end;
    }
    return undefined;
  }

  /** What a body writes. */
  private text(statements: readonly Statement[], scope: Scope): { text: string; end: End } {
    const outer = this.out;
    this.out = [];
    try {
      const end = this.body(statements, scope);
      return { text: this.out.join(""), end };
    } finally {
      this.out = outer;
    }
  }

  private write(text: string): void {
    spendText(text.length);
    this.out.push(text);
  }

  private statement(node: Statement, scope: Scope): End {
    spend(1);
    this.line = node.line;
    switch (node.type) {
      case "Data":
        this.write(node.text);
        return undefined;
      case "Output":
        this.output(this.outputValue(node.value, scope));
        return undefined;
      case "If": {
        const branch = node.branches.find(({ test }) => isTrue(this.value(test, scope)));
        return this.body(branch?.body ?? node.otherwise, scope);
      }
      case "For":
        return this.loop(node, scope);
      case "Set":
        this.assign(node.target, () => this.value(node.value, scope), scope);
        return undefined;
      case "Break":
        return "break";
      case "Continue":
        return "continue";
      case "With":
        return this.with(node, scope);
      case "Macro":
        scope.set(node.name, this.macro(node.name, node, scope));
        return undefined;
      default:
        return this.rare(node, scope);
    }
  }

  private rare(node: Exclude<Statement, { type: "Data" }>, scope: Scope): End {
    switch (node.type) {
      case "SetBlock":
        return this.setBlock(node, scope);
      case "CallBlock":
        this.callBlock(node, scope);
        return undefined;
      case "FilterBlock": {
        const { text, end } = this.text(node.body, new Scope(scope));
        if (end) return end;
        this.output(this.filtered(node.filter, this.safe(text), scope));
        return undefined;
      }
      case "Autoescape":
        return this.withAutoescape(isTrue(this.value(node.value, scope)), () => this.body(node.body, new Scope(scope)));
      case "Generation":
        this.body(node.body, new Scope(scope));
        return undefined;
      case "Block":
        this.write(this.block(node, node.isScoped ? scope : this.top));
        return undefined;
      case "Loading":
        throw new TemplateFault("TypeError", `no loader for this environment specified: {% ${node.tag} %}`, node.line);
      default:
        throw new Error(`internal: a statement of type ${node.type}`);
    }
  }

  /** Jinja computes an output of constants while it compiles; only slices that fail show it. */
  private outputValue(node: Expression, scope: Scope): Value {
    this.isFolding = false;
    try {
      return this.value(node, scope);
    } catch (error) {
      if (!isFault(error, "TypeError") || !isConstant(node)) throw error;
      this.isFolding = true;
      return this.value(node, scope);
    }
  }

  private output(value: Value): void {
    this.write(this.autoescape ? escapeMarkup(value).text : str(value));
  }

  /** A captured text: Markup where the template escapes. */
  private safe(text: string): Value {
    return this.autoescape ? new Markup(text) : text;
  }

  private withAutoescape<T>(value: boolean, work: () => T): T {
    const before = this.autoescape;
    this.autoescape = value;
    try {
      return work();
    } finally {
      this.autoescape = before;
    }
  }

  // --- assignments ---

  private assign(target: Target, value: () => Value, scope: Scope): void {
    checkNamespaces(target, scope);
    store(target, value(), scope);
  }

  private setBlock(node: Of<"SetBlock">, scope: Scope): End {
    checkNamespaces(node.target, scope);
    const inner = new Scope(scope);
    const { text, end } = this.text(node.body, inner);
    if (end) return end;
    const value = node.filter ? this.filtered(node.filter, this.safe(text), inner) : text;
    store(node.target, this.autoescape ? new Markup(str(value)) : value, scope);
    return undefined;
  }

  /** A chain of filters without a value of its own. */
  private filtered(node: Expression, value: Value, scope: Scope): Value {
    if (node.type !== "Filter") throw new Error(`internal: a filter of type ${node.type}`);
    const input = node.of ? this.filtered(node.of, value, scope) : value;
    return this.callFilter(node.name, input, givenOf(node, scope, this));
  }

  private with(node: Of<"With">, scope: Scope): End {
    const inner = new Scope(scope);
    const values = node.values.map((value) => this.value(value, scope));
    node.targets.forEach((target, i) => {
      store(target, values[i], inner);
    });
    return this.body(node.body, inner);
  }

  // --- loops ---

  private loop(node: Of<"For">, scope: Scope): End {
    const items = this.value(node.iterable, scope);
    if (!node.isRecursive) {
      this.rounds(node, items, { scope, depth: 0, recurse: undefined });
      return undefined;
    }
    const recurse = (inner: Value, depth: number): string => {
      const outer = this.out;
      this.out = [];
      try {
        nested(() => this.rounds(node, inner, { scope, depth, recurse }));
        return this.out.join("");
      } finally {
        this.out = outer;
      }
    };
    this.write(recurse(items, 0));
    return undefined;
  }

  private rounds(
    node: Of<"For">,
    items: Value,
    {
      scope,
      depth,
      recurse,
    }: { scope: Scope; depth: number; recurse: ((items: Value, depth: number) => string) | undefined },
  ): void {
    const loop = new LoopContext(this.selected(node, items, scope), recurse, depth);
    let isEmpty = true;
    for (let item = loop.next(); item; item = loop.next()) {
      const round = new Scope(scope);
      store(node.target, item.value, round);
      round.set("loop", loop);
      const end = this.body(node.body, round);
      if (end === "break") break;
      if (end !== "continue") isEmpty = false; // as in Jinja, where break and continue skip the line that says so
    }
    if (isEmpty && node.otherwise.length > 0) this.body(node.otherwise, new Scope(scope));
  }

  /** The items that pass the loop's `if`, one at a time. */
  private selected(node: Of<"For">, items: Value, scope: Scope): Value {
    const { test } = node;
    if (!test) return items;
    const passes = (item: Value) => {
      const inner = new Scope(scope);
      store(node.target, item, inner);
      return isTrue(this.value(test, inner));
    };
    const iterable = iterate(items);
    function* choose(): Generator<Value> {
      for (const item of iterable) if (passes(item)) yield item;
    }
    return new PyIterator("generator", choose());
  }

  // --- macros and blocks ---

  private macro(name: string | undefined, node: Of<"Macro"> | Of<"CallBlock">, scope: Scope): Macro {
    const autoescape = this.autoescape;
    return new Macro(name, node, (fill) => {
      const inner = new Scope(scope);
      const body = () => {
        fill(inner, (standard) => this.value(standard, inner));
        return this.text(node.body, inner).text;
      };
      const text = nested(() => this.withAutoescape(autoescape, body));
      return this.safe(text);
    });
  }

  private callBlock(node: Of<"CallBlock">, scope: Scope): void {
    if (node.call.type !== "Call") throw new Error("internal: a call block without a call");
    const caller = this.macro(undefined, node, scope);
    const callee = this.value(node.call.callee, scope);
    const given = givenOf(node.call, scope, this);
    const kwargs = new Map<string, Value>([...given.kwargs, ["caller", caller]]);
    this.output(call(callee, { args: given.args, kwargs }));
  }

  private block(node: Of<"Block">, scope: Scope): string {
    if (node.isRequired) {
      throw new TemplateFault("TemplateRuntimeError", `Required block '${node.name}' not found`, node.line);
    }
    const inner = new Scope(scope);
    inner.set("super", new Undefined(`there is no parent block called '${node.name}'.`));
    return nested(() => this.text(node.body, inner).text);
  }

  private blockText(name: string): Value {
    const block = this.template.blocks.get(name);
    return block ? this.safe(this.block(block, this.top)) : "";
  }
}
