/** @file Expressions that Jinja computes while it compiles a template. */
import type { Expression } from "./nodes.ts";
import { walk } from "./visit.ts";

/** Filters that are given the template's context, and so wait for it. */
const WITH_CONTEXT: ReadonlySet<unknown> = new Set(["map", "reject", "rejectattr", "select", "selectattr"]);

/** Whether an expression has no names, calls or filters with a context: nodes.Expr.as_const succeeds. */
export function isConstant(expression: Expression): boolean {
  let isKnown = true;
  walk(expression, ({ type, name }) => {
    if (type === "Name" || type === "Call" || (type === "Filter" && WITH_CONTEXT.has(name))) isKnown = false;
    return isKnown;
  });
  return isKnown;
}
