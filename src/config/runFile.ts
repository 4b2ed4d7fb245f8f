/** @file The text of a run file (YAML or JSON) -> given keys and values, and its `env:` block. */
import { parseDocument } from "yaml";
import { PrefineError } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import { type GivenValues, givenFrom } from "./readOptions.ts";

export interface RunFile {
  given: GivenValues;
  /** Environment variables that the file sets, as TRL's parser does. */
  env: Record<string, string>;
}

const ONE_A_LINE = "Write one `key: value` a line.";

/**
 * Reads a file of flat keys. YAML 1.2, so `eval_strategy: no` is the word; numbers and truth values in YAML 1.1's
 * spelling (`1e-5`, `yes`) are cast by the option's kind.
 * @param name the file's name, for messages.
 */
export function parseRunFile(name: string, text: string): RunFile {
  const content = parseYaml(name, text) ?? {};
  if (!isObject(content)) {
    throw new PrefineError("config", `${name}: expected keys and values, found ${describe(content)}`, ONE_A_LINE);
  }
  const { env, ...values } = content;
  return { given: givenFrom(values), env: readEnv(name, env) };
}

/** @throws PrefineError for broken YAML, and for what would fill the memory: endless nesting, aliases of aliases. */
function parseYaml(name: string, text: string): unknown {
  const refuse = (found: string) =>
    new PrefineError("config", `${name}: not valid YAML: ${firstLine(found)}`, ONE_A_LINE);
  try {
    const document = parseDocument(text, { merge: true, prettyErrors: true, logLevel: "silent" });
    const error = document.errors[0];
    if (error) throw refuse(error.message);
    return document.toJS();
  } catch (error) {
    if (error instanceof PrefineError) throw error;
    throw refuse(error instanceof RangeError ? "it nests too deeply" : (error as Error).message);
  }
}

function readEnv(name: string, env: unknown): Record<string, string> {
  if (env === undefined || env === null) return {};
  if (!isObject(env))
    throw new PrefineError("config", `${name}: env: expected names and values, found ${describe(env)}`, ONE_A_LINE);
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
}

const describe = (value: unknown) => (Array.isArray(value) ? "a list" : `a ${typeof value}`);
const firstLine = (text: string) => text.split("\n")[0].replace(/:$/, "");
