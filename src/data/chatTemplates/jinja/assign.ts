/** @file Assigns values to the targets of set, for and with. */
import { TemplateFault } from "../python/fault.ts";
import type { Value } from "../python/values.ts";
import type { Target } from "./nodes.ts";
import { Namespace, unpack } from "./objects.ts";
import type { Scope } from "./scope.ts";

/** Sets the names of a target; several names take the items of the value. */
export function store(target: Target, value: Value, scope: Scope): void {
  if (target.type === "Name") scope.set(target.name, value);
  else if (target.type === "Targets") {
    const items = unpack(value, target.items.length);
    target.items.forEach((one, i) => {
      store(one, items[i], scope);
    });
  } else (scope.get(target.name) as Namespace).set(target.attribute, value);
}

/** @throws TemplateRuntimeError for `a.b` where a is no namespace */
export function checkNamespaces(target: Target, scope: Scope): void {
  if (target.type === "Targets") for (const one of target.items) checkNamespaces(one, scope);
  if (target.type !== "NamespaceAttribute" || scope.get(target.name) instanceof Namespace) return;
  throw new TemplateFault("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
}
