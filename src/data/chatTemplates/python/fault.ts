/** @file An error of a template: Python's exception and its message. */

/** Names of Python's and Jinja's exceptions; `LimitError` is prefine's own, for templates that run too long. */
export type FaultKind =
  | "AssertionError"
  | "AttributeError"
  | "FilterArgumentError"
  | "IndexError"
  | "KeyError"
  | "LimitError"
  | "NotImplementedError"
  | "OverflowError"
  | "RuntimeError"
  | "SecurityError"
  | "TemplateError"
  | "TemplateRuntimeError"
  | "TemplateSyntaxError"
  | "TypeError"
  | "UndefinedError"
  | "ValueError"
  | "ZeroDivisionError";

export class TemplateFault extends Error {
  readonly kind: FaultKind;
  /** Line of the template, from 1; set once, by the innermost statement. */
  line: number | undefined;

  constructor(kind: FaultKind, message: string, line?: number) {
    super(message);
    this.name = "TemplateFault";
    this.kind = kind;
    this.line = line;
  }
}

/** True for a fault of one of these kinds. */
export function isFault(error: unknown, ...kinds: FaultKind[]): boolean {
  return error instanceof TemplateFault && kinds.includes(error.kind);
}

export const typeError = (message: string) => new TemplateFault("TypeError", message);
export const valueError = (message: string) => new TemplateFault("ValueError", message);
/** Something that Python does and prefine refuses by name. */
export const unsupported = (what: string) => new TemplateFault("NotImplementedError", `${what} is not supported`);
