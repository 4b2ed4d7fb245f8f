/**
 * @file Regular expressions from files (tokenizer.json, adapter_config.json), which a stranger may have written.
 * No pattern can hang: those that JavaScript surely runs in a time proportional to the text are run by it, all others
 * by a machine that counts its steps, as Oniguruma does in Hugging Face's tokenizers.
 */
import { PrefineError, type PrefineErrorCode, show } from "../errors.ts";
import type { Flavor } from "./classes.ts";
import { compileTree } from "./compile.ts";
import { nativePattern } from "./emit.ts";
import { isLinearPattern } from "./linearPatterns.ts";
import { Machine, type StepBudget, TooManySteps } from "./machine.ts";
import { parsePattern } from "./parse.ts";
import { type Node, UnsupportedSyntax } from "./syntax.ts";

/** Steps of one search: less than a second, and about 20 microseconds per character. */
const LEAST_STEPS = 5_000_000;
const STEPS_PER_CHARACTER = 500;

/** Longest pattern in characters; those of tokenizers have up to 1,000. */
const LONGEST_PATTERN = 50_000;

/** A match: [start, end] in UTF-16 units. */
type Span = [start: number, end: number];

export class Regex {
  private readonly source: string;
  private readonly origin: RegexOrigin;
  private readonly native: RegExp | undefined;
  private readonly machine: Machine;

  constructor(tree: Node, source: string, origin: RegexOrigin) {
    this.source = source;
    this.origin = origin;
    this.native = nativePattern(tree, isLinearPattern(source));
    this.machine = new Machine(this.native ? { instructions: [], registers: 0 } : compileTree(tree));
  }

  /** True if JavaScript's own engine runs it. */
  get isNative(): boolean {
    return this.native !== undefined;
  }

  /**
   * Visits all matches from left to right, as Oniguruma's find_iter: no empty match directly after another match.
   * Positions are in UTF-16 units.
   * @throws PrefineError if the search takes too many steps
   */
  eachMatch(text: string, visit: (start: number, end: number) => void): void {
    const budget = budgetFor(text);
    let from = 0;
    let last = -1; // end of the last match
    while (from <= text.length) {
      const span = this.find(text, from, budget);
      if (!span) return;
      const [start, end] = span;
      if (start === end && end === last) {
        from += (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
      } else {
        visit(start, end);
        from = end;
        last = end;
      }
    }
  }

  /** The matches as texts, if they cover a text without a gap; undefined if they don't, or the machine searches. */
  wholeSplit(text: string): string[] | undefined {
    const { native } = this;
    const parts = native ? (this.withinStack(() => text.match(native)) ?? []) : [];
    let length = 0;
    for (const part of parts) {
      if (part === "") return undefined;
      length += part.length;
    }
    return length === text.length ? parts : undefined;
  }

  /** Whether the pattern matches at the start of a text: Python's re.match. */
  matchesStart(text: string): boolean {
    if (this.native) return this.find(text, 0, { steps: 0 })?.[0] === 0;
    return this.bounded((budget) => this.machine.matchAt(text, 0, budget) >= 0, budgetFor(text));
  }

  private find(text: string, from: number, budget: StepBudget): Span | undefined {
    const { native } = this;
    if (!native) return this.bounded((steps) => this.machine.find(text, from, steps), budget);
    native.lastIndex = from;
    const match = this.withinStack(() => native.exec(text));
    return match ? [match.index, match.index + match[0].length] : undefined;
  }

  /** JavaScript's engine throws a RangeError on runs of millions of characters. */
  private withinStack<T>(search: () => T): T {
    try {
      return search();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const { where, code = "model", shown = this.source } = this.origin;
      const message = `${where}: the regular expression ${show(shown)} does not end on a run of millions of characters`;
      throw new PrefineError(code, message, "Is the row a text? Leave it out, or put spaces into it.", {
        cause: error,
      });
    }
  }

  private bounded<T>(search: (budget: StepBudget) => T, budget: StepBudget): T {
    try {
      return search(budget);
    } catch (error) {
      if (!(error instanceof TooManySteps)) throw error;
      const { where, code = "model", shown = this.source } = this.origin;
      const message = `${where}: the regular expression ${show(shown)} takes too many steps`;
      throw new PrefineError(code, message, "Rewrite it so that it can match in few ways.");
    }
  }
}

const budgetFor = (text: string): StepBudget => ({ steps: LEAST_STEPS + STEPS_PER_CHARACTER * text.length });

/** Where a pattern comes from. */
export interface RegexOrigin {
  /** Names the file or option in messages. */
  where: string;
  flavor: Flavor;
  /** Of its errors. Default: model. */
  code?: PrefineErrorCode;
  /** The pattern as its author wrote it. Default: the source. */
  shown?: string;
}

/**
 * Reads a pattern.
 * @throws PrefineError for a pattern whose syntax is wrong or not supported
 */
export function readRegex(source: string, origin: RegexOrigin): Regex {
  if (source.length > LONGEST_PATTERN) throw unreadable(source, origin, `more than ${LONGEST_PATTERN} characters`);
  try {
    return new Regex(parsePattern(source, origin.flavor), source, origin);
  } catch (error) {
    if (error instanceof UnsupportedSyntax) throw unreadable(source, origin, error.what);
    if (error instanceof SyntaxError) throw unreadable(source, origin, error.message);
    throw error;
  }
}

function unreadable(
  source: string,
  { where, code = "model", shown = source }: RegexOrigin,
  what: string,
): PrefineError {
  const message = `${where}: expected a regular expression, found ${show(shown)} with ${what}, which is not supported`;
  return new PrefineError(code, message, "Is the pattern right? Write it without this syntax.");
}
