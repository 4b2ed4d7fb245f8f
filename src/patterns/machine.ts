/** @file Runs a compiled pattern: backtracking with its own stack and a limit of steps, so no pattern can hang. */
import { BARE_WORD } from "./classes.ts";
import { codePointSet } from "./codePoints.ts";
import type { Instruction, Program } from "./compile.ts";
import type { Assertion } from "./syntax.ts";

/** Steps left to a search; a step is an instruction or a character. */
export interface StepBudget {
  steps: number;
}

/** A search took more steps than its budget. */
export class TooManySteps extends Error {}

const word = codePointSet(BARE_WORD, false);

/** Alternatives on the stack: 3 numbers each, of which the first says what kind. Python's engine has a limit, too. */
const DEEPEST_STACK = 30_000_000;
const AGAIN = -1; // [place, position]
const RESTORE = -2; // [register, position]

export class Machine {
  private readonly instructions: Instruction[];
  private readonly registers: Int32Array;
  private readonly stack: number[] = [];
  private text = "";
  /** Where the search began: `\G`. */
  private origin = 0;
  private budget: StepBudget = { steps: 0 };
  /** The instruction after the current one. */
  private place = 0;
  /** From where the innermost look-behind looks. */
  private lookEnd = 0;

  constructor({ instructions, registers }: Program) {
    this.instructions = instructions;
    this.registers = new Int32Array(registers);
  }

  /** The first match at or after a position: [start, end] in UTF-16 units. */
  find(text: string, from: number, budget: StepBudget): [start: number, end: number] | undefined {
    this.begin(text, from, budget);
    for (let start = from; start <= text.length; start += this.widthAt(start)) {
      const end = this.run(0, start);
      if (end >= 0) return [start, end];
    }
    return undefined;
  }

  /** The end of the match that begins at a position; -1: none. */
  matchAt(text: string, start: number, budget: StepBudget): number {
    this.begin(text, start, budget);
    return this.run(0, start);
  }

  private begin(text: string, origin: number, budget: StepBudget): void {
    this.text = text;
    this.origin = origin;
    this.budget = budget;
    this.stack.length = 0;
  }

  /** The end of the match that begins at a position; -1 if there is none. */
  private run(first: number, start: number): number {
    const { instructions, stack, text, budget } = this;
    const base = stack.length;
    let place = first;
    let position = start;
    for (;;) {
      if (--budget.steps < 0) throw new TooManySteps();
      const instruction = instructions[place];
      if (instruction.op === "accept") {
        stack.length = base;
        return position;
      }
      if (instruction.op === "set") {
        const codePoint = text.codePointAt(position);
        const isMember = codePoint !== undefined && instruction.set.has(codePoint);
        position = isMember ? position + (codePoint > 0xffff ? 2 : 1) : -1;
        place++;
      } else if (instruction.op === "run") {
        position = this.startRun(instruction, place++, position);
      } else if (instruction.op === "either") {
        this.push(AGAIN, instruction.second, position);
        place = instruction.first;
      } else {
        position = this.step(instruction, place, position);
        place = this.place;
      }
      if (position >= 0) continue;
      position = this.backtrack(base);
      place = this.place;
      if (position < 0) return -1;
    }
  }

  /** A less frequent instruction: returns the position or -1, and sets `place`. */
  private step(instruction: Instruction, place: number, position: number): number {
    this.place = place + 1;
    switch (instruction.op) {
      case "jump":
        this.place = instruction.to;
        return position;
      case "enter":
        this.push(RESTORE, instruction.register, this.registers[instruction.register]);
        this.registers[instruction.register] = position;
        return position;
      case "leaveIfEmpty":
        if (this.registers[instruction.register] === position) this.place = instruction.to;
        return position;
      case "atomic": {
        const end = this.runInner(place + 1, position);
        this.place = instruction.to;
        return end;
      }
      case "look": {
        const isSo = this.looks(instruction, place + 1, position) !== instruction.negative;
        this.place = instruction.to;
        return isSo ? position : -1;
      }
      case "lookEnd":
        return position === this.lookEnd ? position : -1;
      case "assert":
        return this.holds(instruction.at, position) ? position : -1;
      default:
        throw new Error(`internal: a pattern's instruction ${instruction.op}`);
    }
  }

  /** Takes the last alternative that is left: returns its position, or -1, and sets `place`. */
  private backtrack(base: number): number {
    const { stack } = this;
    while (stack.length > base) {
      const value = stack.pop() as number;
      const where = stack.pop() as number;
      const kind = stack.pop() as number;
      if (kind === RESTORE) {
        this.registers[where] = value;
        continue;
      }
      const position = kind === AGAIN ? value : this.resumeRun(kind, where, value);
      this.place = where;
      if (position >= 0) return position;
    }
    return -1;
  }

  /** Registers are restored afterwards: the loops inside are over. */
  private runInner(first: number, position: number): number {
    const saved = this.registers.slice();
    const end = this.run(first, position);
    this.registers.set(saved);
    return end;
  }

  private push(kind: number, where: number, value: number): void {
    if (this.stack.length > DEEPEST_STACK) throw new TooManySteps();
    this.stack.push(kind, where, value);
  }

  /**
   * Consumes a run of one class. A run that can be shorter (greedy) or longer (lazy) leaves one entry on the stack:
   * [kind, place after the run, position], where kind is the shortest end of a greedy run, or for a lazy one -3 minus
   * the place of its instruction.
   */
  private startRun(run: Instruction & { op: "run" }, place: number, start: number): number {
    const { text, budget } = this;
    const limit = run.mode === "lazy" ? run.min : run.max;
    let count = 0;
    let position = start;
    let shortest = run.min === 0 ? start : -1;
    while (count < limit) {
      const codePoint = text.codePointAt(position);
      if (codePoint === undefined || !run.set.has(codePoint)) break;
      position += codePoint > 0xffff ? 2 : 1;
      if (++count === run.min) shortest = position;
    }
    budget.steps -= count;
    if (count < run.min) return -1;
    if (run.mode === "lazy" && run.max > run.min) this.push(-3 - place, place + 1, position);
    if (run.mode === "greedy" && position > shortest) this.push(shortest, place + 1, position);
    return position;
  }

  /** The next way of a run: one character less, or one more. -1: none. */
  private resumeRun(kind: number, after: number, position: number): number {
    if (kind >= 0) {
      const shorter = position - this.widthBefore(position);
      if (shorter > kind) this.push(kind, after, shorter);
      return shorter;
    }
    const run = this.instructions[-3 - kind] as Instruction & { op: "run" };
    const codePoint = this.text.codePointAt(position);
    if (codePoint === undefined || !run.set.has(codePoint)) return -1;
    const longer = position + (codePoint > 0xffff ? 2 : 1);
    this.push(kind, after, longer);
    return longer;
  }

  private looks({ lengths }: Instruction & { op: "look" }, first: number, position: number): boolean {
    if (!lengths) return this.runInner(first, position) >= 0;
    const outerEnd = this.lookEnd;
    this.lookEnd = position;
    let found = false;
    for (let length = 0, start = position; length <= lengths[1] && !found; length++) {
      found = length >= lengths[0] && this.runInner(first, start) >= 0;
      if (start === 0) break;
      start -= this.widthBefore(start);
    }
    this.lookEnd = outerEnd;
    return found;
  }

  private holds(at: Assertion, position: number): boolean {
    const { text } = this;
    switch (at) {
      case "text start":
        return position === 0;
      case "text end":
        return position === text.length;
      case "search start":
        return position === this.origin;
      case "text end or last line break":
        return position === text.length || (position === text.length - 1 && text[position] === "\n");
      case "line start":
        return position === 0 || (text[position - 1] === "\n" && position < text.length);
      case "line end":
        return position === text.length || text[position] === "\n";
      default:
        return this.isWordEdge(position) === (at === "word boundary");
    }
  }

  private isWordEdge(position: number): boolean {
    const before = position > 0 && word.has(this.text.codePointAt(position - this.widthBefore(position)) as number);
    const after = position < this.text.length && word.has(this.text.codePointAt(position) as number);
    return before !== after;
  }

  private widthAt(position: number): number {
    return (this.text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
  }

  private widthBefore(position: number): number {
    return position > 1 && (this.text.codePointAt(position - 2) ?? 0) > 0xffff ? 2 : 1;
  }
}
