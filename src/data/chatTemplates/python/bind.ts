/** @file Binds the arguments of a call to the parameters of a builtin, by position or name. */
import { typeError } from "./fault.ts";
import { indexNumber } from "./numbers.ts";
import { type Given, isText, isUndefined, textOf, typeName, type Value } from "./values.ts";

/** A required parameter's name, or an optional one with its default. */
export type Parameter = string | readonly [name: string, standard: Value];

const nameOf = (parameter: Parameter) => (typeof parameter === "string" ? parameter : parameter[0]);

/** The value of each parameter, in order. @throws TypeError as Python */
export function bind(name: string, parameters: readonly Parameter[], { args, kwargs }: Given): Value[] {
  if (args.length > parameters.length) {
    throw typeError(`${name}() takes ${parameters.length} arguments but ${args.length} were given`);
  }
  for (const key of kwargs.keys()) {
    const at = parameters.findIndex((parameter) => nameOf(parameter) === key);
    if (at < 0) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (at < args.length) throw typeError(`${name}() got multiple values for argument '${key}'`);
  }
  return parameters.map((parameter, i) => {
    if (i < args.length) return args[i];
    const given = kwargs.get(nameOf(parameter));
    if (given !== undefined) return given;
    if (typeof parameter !== "string") return parameter[1];
    throw typeError(`${name}() missing 1 required positional argument: '${parameter}'`);
  });
}

/** A builtin that takes its arguments by position only. */
export function positional(name: string, { args, kwargs }: Given, most: number, least = 0): readonly Value[] {
  if (kwargs.size > 0) throw typeError(`${name}() takes no keyword arguments`);
  if (args.length >= least && args.length <= most) return args;
  const expected = least === most ? `exactly ${most}` : args.length < least ? `at least ${least}` : `at most ${most}`;
  throw typeError(`${name}() takes ${expected} arguments (${args.length} given)`);
}

/** An argument that must be a str. */
export function textArgument(value: Value, what: string): string {
  if (isText(value)) return textOf(value);
  throw typeError(`${what} must be str, not ${typeName(value)}`);
}

/** An optional int; undefined where it is left out or None. */
export function optionalIndex(value: Value | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (isUndefined(value)) throw value.fault();
  return indexNumber(value);
}
