/** @file The special tokens that a tokenizer puts around a text. */
import type { Component } from "./tokenizerJson.ts";

/** Ids around a text: `before` and `after`. */
export interface Template {
  before: number[];
  after: number[];
}

/** The tokens that the post-processor puts around one text; undefined for an unsupported type. */
export function readTemplate(
  postProcessor: Component | null,
  idOf: (token: string) => number | undefined,
): Template | undefined {
  const template: Template = { before: [], after: [] };
  const isSequence = postProcessor?.type === "Sequence";
  const parts = (isSequence ? postProcessor.processors : postProcessor ? [postProcessor] : []) as Component[];
  for (const part of parts) {
    if (part.type === "ByteLevel") continue;
    if (part.type !== "TemplateProcessing" || !Array.isArray(part.single)) return undefined;
    let side = template.before;
    for (const item of part.single) {
      if ("Sequence" in item) {
        side = template.after;
        continue;
      }
      const id = idOf(item.SpecialToken.id);
      if (id === undefined) return undefined;
      side.push(id);
    }
  }
  return template;
}
