/** @file Types for the template library: its own declarations refer to files that TypeScript cannot resolve. */
import * as jinja from "@huggingface/jinja";
import type { Value } from "./values.ts";

/** A node of the library's syntax tree: `type`, and the fields of that type. */
export interface TemplateNode extends Record<string, unknown> {
  type: string;
}

/** The variables of a scope. */
export interface Scope {
  readonly variables: Map<string, Value>;
  readonly tests: ReadonlyMap<string, (...values: Value[]) => boolean>;
  /** Declares a variable with a JavaScript value. */
  set(name: string, value: unknown): Value;
  lookupVariable(name: string): Value;
}

interface LibraryInterpreter {
  global: Scope;
  run(program: TemplateNode): Value;
  evaluate(node: TemplateNode | undefined, scope: Scope): Value;
}

interface Library {
  Environment: new () => Scope;
  Interpreter: new (environment: Scope) => LibraryInterpreter;
  tokenize(template: string, options: { trim_blocks: boolean; lstrip_blocks: boolean }): unknown;
  parse(tokens: unknown): TemplateNode;
}

const library: Library = jinja as unknown as Library;
export const { Environment, Interpreter, tokenize, parse } = library;
