/** @file Fields of a request's JSON, each of the right kind or an error that names it. */
import { nearestName, show } from "../../errors.ts";
import { ApiError } from "../http/apiError.ts";
import { type Endpoint, isNeutral, PARAMETERS } from "./parameters.ts";

export type Body = Readonly<Record<string, unknown>>;

export function wrong(param: string, expected: string, value: unknown): ApiError {
  return new ApiError(400, `${param}: expected ${expected}, found ${show(value)}`, { param, code: "invalid_value" });
}

/**
 * The body without its nulls, which stand for absent.
 * @throws ApiError 400 for parameters that are unknown, or refused
 */
export function checkNames(body: Body, endpoint: Endpoint): Body {
  const given = Object.entries(body).filter(([, value]) => value !== null);
  const names = Object.keys(PARAMETERS).filter((name) => PARAMETERS[name].endpoints.includes(endpoint));
  for (const [name, value] of given) {
    const parameter = names.includes(name) ? PARAMETERS[name] : undefined;
    if (!parameter) {
      const nearest = nearestName(name, names);
      const advice = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      throw new ApiError(400, `${show(name)}: unknown parameter${advice}`, { param: name, code: "unknown_parameter" });
    }
    if (parameter.treatment !== "refused" || isNeutral(parameter, value, body.n)) continue;
    const message = `${name}: not supported: ${parameter.note}`;
    throw new ApiError(400, message, { param: name, code: "unsupported_parameter" });
  }
  return Object.fromEntries(given);
}

interface Range {
  least: number;
  most: number;
  isInteger?: boolean;
}

export function numberIn(body: Body, name: string, { least, most, isInteger = false }: Range): number | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  const isFine =
    typeof value === "number" && value >= least && value <= most && (!isInteger || Number.isInteger(value));
  if (isFine) return value;
  const kind = isInteger ? "an integer" : "a number";
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw wrong(name, `${kind} ${range}`, value);
}

export function boolIn(body: Body, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === "boolean") return value;
  throw wrong(name, "true or false", value);
}

const MOST_STOPS = 4;
const LONGEST_STOP = 1000;

export function stopsIn({ stop = [] }: Body): readonly string[] {
  const stops = typeof stop === "string" ? [stop] : stop;
  const isText = (one: unknown) => typeof one === "string" && one.length <= LONGEST_STOP;
  if (Array.isArray(stops) && stops.length <= MOST_STOPS && stops.every(isText)) return stops;
  throw wrong("stop", `a text of at most ${LONGEST_STOP} characters, or a list of up to ${MOST_STOPS}`, stop);
}

export function biasIn({ logit_bias = {} }: Body, vocabSize: number): ReadonlyMap<number, number> {
  const isObject = typeof logit_bias === "object" && logit_bias !== null && !Array.isArray(logit_bias);
  if (!isObject) throw wrong("logit_bias", "an object of biases by token id", logit_bias);
  const entries = Object.entries(logit_bias).map(([key, value]): [number, number] => {
    const id = /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(id < vocabSize)) throw wrong("logit_bias", `token ids below ${vocabSize}`, key);
    if (typeof value !== "number" || Math.abs(value) > 100)
      throw wrong("logit_bias", "numbers from -100 to 100", value);
    return [id, value];
  });
  return new Map(entries);
}

export function includesUsage({ stream_options = {} }: Body): boolean {
  if (typeof stream_options !== "object" || stream_options === null || Array.isArray(stream_options))
    throw wrong("stream_options", "an object", stream_options);
  const known = ["include_usage", "include_obfuscation"];
  const unknown = Object.keys(stream_options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong("stream_options", known.join(", "), unknown);
  return boolIn(stream_options as Body, "include_usage");
}
