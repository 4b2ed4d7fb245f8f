/** @file Attributes that filters name: "name", "address.city", 0. */
import { itemOf } from "../python/attributes.ts";
import { parseInteger } from "../python/numbers.ts";
import { isDigit } from "../python/strCase.ts";
import { isText, isUndefined, Markup, textOf, type Value } from "../python/values.ts";

/** Python's str.lower of texts, for comparisons that ignore case. */
export function ignoreCase(value: Value): Value {
  if (!isText(value)) return value;
  const lower = textOf(value).toLowerCase();
  return typeof value === "string" ? lower : new Markup(lower);
}

function partsOf(attribute: Value): Value[] {
  if (attribute === null) return [];
  if (!isText(attribute)) return [attribute];
  return textOf(attribute)
    .split(".")
    .map((part) => (isDigit(part) ? parseInteger(part) : part));
}

/** Reads an attribute of items. @param standard stands for what is undefined on the way; null: nothing does */
export function attributeGetter(attribute: Value, standard: Value = null): (item: Value) => Value {
  const parts = partsOf(attribute);
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = itemOf(value, part);
      if (standard !== null && isUndefined(value)) value = standard;
    }
    return value;
  };
}

/** The attributes that commas separate, as a list. */
export function attributesGetter(attribute: Value): (item: Value) => Value[] {
  const names: Value[] = isText(attribute) ? textOf(attribute).split(",") : [attribute];
  const getters = names.map((name) => attributeGetter(name));
  return (item) => getters.map((get) => get(item));
}
