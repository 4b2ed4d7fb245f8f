/** @file Lengths of answers, to see whether the longer one wins. */
import { isText } from "../data/shapes/shape.ts";
import { exactJsonText } from "../formats/exactJsonText.ts";
import type { Content, VerdictEvent } from "./events.ts";

export type LengthUnit = "tokens" | "characters";

/** Lengths of the left and the right answer: in tokens where both are known, else in characters of their texts. */
export function lengthsOf({ left, right }: VerdictEvent): { left: number; right: number; unit: LengthUnit } {
  if (left.tokens !== null && right.tokens !== null) return { left: left.tokens, right: right.tokens, unit: "tokens" };
  return { left: charactersOf(left.answer), right: charactersOf(right.answer), unit: "characters" };
}

/** Of messages, those of their content; of content that is no text, of its JSON. */
function charactersOf(answer: Content): number {
  if (isText(answer)) return [...answer].length;
  const texts = answer.map(({ content }) => (isText(content) ? content : exactJsonText(content ?? "")));
  return texts.reduce((sum, one) => sum + [...one].length, 0);
}
