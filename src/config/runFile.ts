/** @file Parses the text of a run file (YAML or JSON): keys and values, and the `env:` block. */
import { PrefineError } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import { refuseWideText, withoutMark } from "../formats/textEncoding.ts";
import { parseYaml } from "../formats/yaml.ts";
import { type GivenValues, givenFrom } from "./readOptions.ts";

export interface RunFile {
  given: GivenValues;
  /** Environment variables to set, as in TRL. */
  env: Record<string, string>;
}

const ONE_PER_LINE = "Write one `key: value` per line.";

/**
 * Reads a file of flat keys. YAML 1.2, so `eval_strategy: no` is a string; numbers and booleans in YAML 1.1 syntax
 * (`1e-5`, `yes`) are converted by the option's kind.
 * @param name the file's name, for messages.
 */
export function parseRunFile(name: string, text: string): RunFile {
  refuseWideText(text, name, "config");
  const content = readYaml(name, withoutMark(text)) ?? {};
  if (!isObject(content)) {
    throw new PrefineError("config", `${name}: expected keys and values, found ${describe(content)}`, ONE_PER_LINE);
  }
  const { env, ...values } = content;
  return { given: givenFrom(values), env: readEnv(name, env) };
}

/** @throws PrefineError for invalid YAML, and for input that exhausts memory: deep nesting, aliases of aliases. */
function readYaml(name: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new PrefineError("config", `${name}: not valid YAML: ${(error as Error).message}`, ONE_PER_LINE);
  }
}

function readEnv(name: string, env: unknown): Record<string, string> {
  if (env === undefined || env === null) return {};
  if (!isObject(env))
    throw new PrefineError("config", `${name}: env: expected names and values, found ${describe(env)}`, ONE_PER_LINE);
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
}

const describe = (value: unknown) => (Array.isArray(value) ? "a list" : `a ${typeof value}`);
