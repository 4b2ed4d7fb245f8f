/**
 * @file Rows that the chat template refuses, found before the training: most templates refuse roles, their order or
 * missing fields, so that one row of each form is enough. All rows of UltraFeedback would take a minute.
 */
import type { Message } from "../../../data/preferences/extractPrompt.ts";
import type { ReadRow } from "../../../data/preferences/readRow.ts";
import { mayRefuseContents, renderPair } from "../../../data/preferences/tokenizePair.ts";
import type { Tokenizer } from "../../../data/tokenizers/tokenizer.ts";

/** Rows that are rendered; where every row has a form of its own, the others are not. */
const MOST_FORMS = 1000;

export class TemplateProbe {
  private readonly tokenizer: Tokenizer;
  private readonly forms = new Set<string>();

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Whether the template may refuse a row for what its contents say: then all rows must be rendered. */
  needsAll(row: ReadRow): boolean {
    return row.kind === "conversations" && mayRefuseContents(this.tokenizer);
  }

  /** @throws PrefineError("data") without the row's name, if the template refuses the first row of a form. */
  check(row: ReadRow): void {
    if (row.kind === "texts" || this.forms.size >= MOST_FORMS) return;
    const form = formOf(row);
    if (this.forms.has(form)) return;
    this.forms.add(form);
    renderPair(row, this.tokenizer);
  }
}

/** Roles and fields of the messages, without their contents. */
function formOf({ prompt, chosen, rejected, tools, kwargs }: Extract<ReadRow, { kind: "conversations" }>): string {
  const parts = [prompt, chosen, rejected].map((messages) => messages.map(fieldsOf).join("\n"));
  return [...parts, tools === null, ...Object.keys(kwargs)].join("\n\n");
}

const fieldsOf = (message: Message) =>
  Object.entries(message)
    .map(([key, value]) => (key === "role" ? String(value) : `${key} ${kindOf(value)}`))
    .join(" ");

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `list of ${value.length}`;
  return value === null ? "null" : typeof value;
}
