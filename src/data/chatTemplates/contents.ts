/** @file The content of a message: a text, a list of parts, or what templates write as Python prints it. */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";

interface ContentFault {
  /** `null`, `the number 5`, `a list whose part 1 is null`. */
  found: string;
  /** Whether some templates expect it: no content, or parts. */
  isUsual: boolean;
}

/** What is unusual about a message's content; undefined: it is a text. */
export function contentFault(message: Readonly<Record<string, unknown>>): ContentFault | undefined {
  const { content } = message;
  if (typeof content === "string") return undefined;
  if (content === undefined || content === null) {
    return message.tool_calls ? undefined : { found: "content" in message ? "null" : "none", isUsual: true };
  }
  if (!Array.isArray(content)) return { found: describeValue(content), isUsual: false };
  const wrong = content.findIndex((part) => partFault(part) !== undefined);
  if (wrong < 0) return { found: "a list of parts", isUsual: true };
  return { found: `a list whose part ${wrong} is ${partFault(content[wrong])}`, isUsual: false };
}

/** What is wrong with a part: `{ type: "text", text }`, or another type. */
function partFault(part: unknown): string | undefined {
  if (!isObject(part)) return describeValue(part ?? undefined);
  if (typeof part.type !== "string") return "without a type";
  return part.type === "text" && typeof part.text !== "string" ? "a text part without a text" : undefined;
}
