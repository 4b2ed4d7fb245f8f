/** @file A macro: jinja2's Macro, with its rules of arguments. */
import { typeError } from "../python/fault.ts";
import { PyDict } from "../python/pyDict.ts";
import { type Given, type PyObject, Tuple, Undefined, type Value } from "../python/values.ts";
import type { Expression, Signature, Special } from "./nodes.ts";
import type { Scope } from "./scope.ts";

/** Sets the variables of a call: parameters, and the special names that the body reads. */
type Fill = (scope: Scope, standard: (node: Expression) => Value) => void;

export class Macro implements PyObject {
  readonly typeName = "Macro";
  private readonly name: string | undefined;
  private readonly node: Signature & Special;
  private readonly invoke: (fill: Fill) => Value;

  constructor(name: string | undefined, node: Signature & Special, invoke: (fill: Fill) => Value) {
    this.name = name;
    this.node = node;
    this.invoke = invoke;
  }

  repr(): string {
    return `<Macro ${this.name === undefined ? "anonymous" : `'${this.name}'`}>`;
  }

  attribute(name: string): Value | undefined {
    const { parameters, reads } = this.node;
    switch (name) {
      case "name":
        return this.name ?? null;
      case "arguments":
        return new Tuple(parameters.map((parameter) => parameter.name));
      case "catch_kwargs":
        return this.takes("kwargs");
      case "catch_varargs":
        return this.takes("varargs");
      case "caller":
        return reads.has("caller");
      case "explicit_caller":
        return parameters.some((parameter) => parameter.name === "caller");
    }
    return undefined;
  }

  private takes(special: "kwargs" | "varargs"): boolean {
    return this.node.reads.has(special) && !this.node.parameters.some(({ name }) => name === special);
  }

  call({ args, kwargs }: Given): Value {
    const { parameters, reads } = this.node;
    const rest = new Map(kwargs);
    const values = parameters.map(({ name }, i) => {
      if (i < args.length) return args[i];
      const value = rest.get(name);
      rest.delete(name);
      return value;
    });
    const isCallerExplicit = parameters.some(({ name }) => name === "caller");
    const takesCaller = reads.has("caller") && !isCallerExplicit;
    const caller = takesCaller ? (rest.get("caller") ?? new Undefined("No caller defined")) : undefined;
    if (takesCaller) rest.delete("caller");
    this.checkRest(args, rest);
    return this.invoke((scope, standard) => {
      if (caller !== undefined) scope.set("caller", caller);
      if (this.takes("kwargs")) scope.set("kwargs", new PyDict(rest));
      if (this.takes("varargs")) scope.set("varargs", new Tuple(args.slice(parameters.length)));
      parameters.forEach((parameter, i) => {
        const missing = new Undefined(`parameter '${parameter.name}' was not provided`);
        const given = values[i];
        const value = given !== undefined ? given : parameter.standard ? standard(parameter.standard) : missing;
        scope.set(parameter.name, value);
      });
    });
  }

  private checkRest(args: readonly Value[], rest: ReadonlyMap<string, Value>): void {
    const [unknown] = rest.keys();
    if (unknown === "caller" && !this.takes("kwargs")) {
      const reason = "was invoked with two values for the special caller argument. This is most likely a bug.";
      throw typeError(`macro '${this.name}' ${reason}`);
    }
    if (unknown !== undefined && !this.takes("kwargs")) {
      throw typeError(`macro '${this.name}' takes no keyword argument '${unknown}'`);
    }
    const { length } = this.node.parameters;
    if (args.length <= length || this.takes("varargs")) return;
    throw typeError(`macro '${this.name}' takes not more than ${length} argument(s)`);
  }
}
