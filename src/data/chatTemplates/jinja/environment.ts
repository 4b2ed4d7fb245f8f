/** @file What filters and tests need of the template that calls them. */
import { TemplateFault } from "../python/fault.ts";
import type { Given, Value } from "../python/values.ts";

export interface Environment {
  /** Whether the template is within `autoescape true`. */
  autoescape: boolean;
  callFilter(name: string, value: Value, given: Given): Value;
  callTest(name: string, value: Value, given: Given): boolean;
}

/** A filter, and a test: the value before the bar (or `is`), and the arguments. */
export type Filter = (value: Value, given: Given, environment: Environment) => Value;
export type Test = (value: Value, given: Given, environment: Environment) => boolean;

export const noSuch = (kind: "filter" | "test", name: string, line?: number) =>
  new TemplateFault("TemplateSyntaxError", `No ${kind} named '${name}'.`, line);

/** Jinja's FilterArgumentError. */
export const argumentFault = (message: string) => new TemplateFault("FilterArgumentError", message);
