/** @file Values as their column's type has them in datasets: what a chat template then prints of them. */
import { parseExactJson } from "../../formats/exactJson.ts";
import { hasOrder, isFloat, keysOf, markFloats, orderedObject } from "../../formats/written.ts";
import type { Feature, Features, Row } from "./features.ts";
import { isReordered, isVarying } from "./inferFeatures.ts";

/** Changes a value in place, or returns one that stands for it in its owner. */
type Conform = (value: unknown, owner: object, key: string) => unknown;

/**
 * Whole numbers of a float column become floats, objects take the order of their type's fields, and text that is JSON
 * is read where other rows have other types, as datasets reads it. Values of mixed types stay as they were written.
 * @returns undefined if no row can need it: of texts, say.
 */
export function rowConformer(features: Features): ((row: Row) => Row) | undefined {
  const conform = structConformer(features, false);
  return conform && ((row) => conform(row, row, "") as Row);
}

function conformerOf(feature: Feature): Conform | undefined {
  if (feature.kind === "list") return listConformer(feature.of);
  if (feature.kind === "struct") {
    if (isVarying(feature)) return undefined;
    return structConformer(feature.fields, isReordered(feature) || hasOrder(feature.fields));
  }
  return feature.dtype === "mixed" || feature.dtype === "json" ? parsed : undefined;
}

const isFloatType = (feature: Feature) => feature.kind === "value" && /^float\d+$/.test(feature.dtype);

/** A text that is JSON as what it says. */
function parsed(value: unknown, owner: object, key: string): unknown {
  if (typeof value !== "string") return value;
  try {
    parseExactJson(value);
    const box = parseExactJson(`[${value}]`) as unknown[]; // a list notes whether its number is a float
    const [inner] = box;
    if (typeof inner === "number" && isFloat(box, "0", inner)) markFloats(owner, [key]);
    return inner;
  } catch {
    return value;
  }
}

function listConformer(of: Feature): Conform | undefined {
  const holdsFloats = isFloatType(of);
  const conform = conformerOf(of);
  if (!holdsFloats && !conform) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return value;
    const floats: string[] = [];
    value.forEach((item, i) => {
      if (holdsFloats) value[i] = asFloat(item, () => floats.push(String(i)));
      else if (conform) value[i] = conform(item, value, String(i));
    });
    markFloats(value, floats);
    return value;
  };
}

/** A number of a float column. @param isWhole called for one without a fraction */
function asFloat(value: unknown, isWhole: () => void): unknown {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number)) isWhole();
  return number;
}

function structConformer(fields: Features, isReorderedHere: boolean): Conform | undefined {
  const floats = keysOf(fields).filter((name) => isFloatType(fields[name]));
  const inner = keysOf(fields).flatMap((name): [string, Conform][] => {
    const conform = conformerOf(fields[name]);
    return conform ? [[name, conform]] : [];
  });
  if (floats.length === 0 && inner.length === 0 && !isReorderedHere) return undefined;
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    const object = value as Record<string, unknown>;
    for (const [name, conform] of inner)
      if (Object.hasOwn(object, name)) object[name] = conform(object[name], object, name);
    const whole: string[] = [];
    for (const name of floats) {
      if (Object.hasOwn(object, name)) object[name] = asFloat(object[name], () => whole.push(name));
    }
    const ordered = isReorderedHere ? inOrder(object, fields) : object;
    markFloats(ordered, whole);
    return ordered;
  };
}

function inOrder(object: Record<string, unknown>, fields: Features): Record<string, unknown> {
  const names = keysOf(fields).filter((name) => Object.hasOwn(object, name));
  const floats = names.filter((name) => typeof object[name] === "number" && isFloat(object, name, object[name]));
  const ordered = orderedObject(names.map((name) => [name, object[name]]));
  markFloats(ordered, floats);
  return ordered;
}
