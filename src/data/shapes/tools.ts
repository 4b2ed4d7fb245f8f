/** @file LLaMA-Factory's `tools`, a JSON text of functions, as the list of schemas of chat templates; and back. */
import { describeValue } from "../../arguments.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { exactJsonText } from "../../formats/exactJsonText.ts";
import { isObject } from "../../formats/parseJson.ts";
import { cannotHold, misfit } from "./shape.ts";

/** A list of functions, each wrapped as `{ type: "function", function }`; undefined for none. */
export function readTools(value: unknown): unknown[] | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const parsed = typeof value === "string" ? parsedOr(value) : value;
  if (!Array.isArray(parsed) || !parsed.every(isObject)) {
    throw misfit('"tools"', "a list of functions, or JSON of one", describeValue(value));
  }
  return parsed.map((tool) =>
    "name" in tool && tool.type === undefined ? { type: "function", function: tool } : tool,
  );
}

function parsedOr(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return text;
  }
}

/** JSON of the functions as Python writes it. */
export function writeTools(format: string, tools: unknown): string {
  const list = typeof tools === "string" ? parsedOr(tools) : tools;
  if (!Array.isArray(list)) throw cannotHold(format, "tools", `${describeValue(tools)}, only a list of functions`);
  return exactJsonText(
    list.map((tool) => (isObject(tool) && isObject(tool.function) ? tool.function : tool)),
    true,
  );
}
