/** @file Syntax tree -> instructions of a backtracking machine. */
import { type CodePointSet, codePointSet } from "./codePoints.ts";
import { type Assertion, lengthOf, type Node, UnsupportedSyntax } from "./syntax.ts";

export type Instruction =
  | { op: "set"; set: CodePointSet }
  /** A run of one class, without a stack entry per character. */
  | { op: "run"; set: CodePointSet; min: number; max: number; mode: "greedy" | "lazy" | "possessive" }
  /** Goes to `first`; if that fails, to `second`. */
  | { op: "either"; first: number; second: number }
  | { op: "jump"; to: number }
  /** Remembers the position at which a round of a loop begins. */
  | { op: "enter"; register: number }
  /** Leaves the loop, to `to`, after a round that consumed nothing. */
  | { op: "leaveIfEmpty"; register: number; to: number }
  /** A program of its own, up to its `accept`; goes on at `to`. */
  | { op: "atomic"; to: number }
  | { op: "look"; to: number; negative: boolean; lengths: [min: number, max: number] | undefined }
  | { op: "assert"; at: Assertion }
  /** The end of a look-behind: at the position from which it looks. */
  | { op: "lookEnd" }
  | { op: "accept" };

export interface Program {
  instructions: Instruction[];
  registers: number;
}

/** Instructions of one pattern: those of tokenizers have about 100. */
const LONGEST_PROGRAM = 100_000;

/** @throws UnsupportedSyntax for a pattern that becomes too long. */
export function compileTree(tree: Node): Program {
  const compiler = new Compiler();
  compiler.write(tree);
  compiler.emit({ op: "accept" });
  return { instructions: compiler.instructions, registers: compiler.registers };
}

class Compiler {
  readonly instructions: Instruction[] = [];
  registers = 0;

  emit<I extends Instruction>(instruction: I): I {
    if (this.here() >= LONGEST_PROGRAM) throw new UnsupportedSyntax("a pattern of this size");
    this.instructions.push(instruction);
    return instruction;
  }

  write(node: Node): void {
    if (node.kind === "set") this.emit({ op: "set", set: codePointSet(node.set, node.ignoresCase) });
    else if (node.kind === "sequence") for (const part of node.parts) this.write(part);
    else if (node.kind === "choice") this.writeChoice(node.options);
    else if (node.kind === "repeat") this.writeRepeat(node);
    else if (node.kind === "assert") this.emit({ op: "assert", at: node.at });
    else this.writeInner(node);
  }

  /** Where the next instruction goes. */
  private here(): number {
    return this.instructions.length;
  }

  private writeChoice(options: readonly Node[]): void {
    const jumps: { to: number }[] = [];
    options.forEach((option, i) => {
      const isLast = i + 1 === options.length;
      const branch = isLast ? undefined : this.emit({ op: "either", first: this.here() + 1, second: 0 });
      this.write(option);
      if (branch) {
        jumps.push(this.emit({ op: "jump", to: 0 }));
        branch.second = this.here();
      }
    });
    for (const jump of jumps) jump.to = this.here();
  }

  private writeInner(node: Node & { kind: "atomic" | "look" }): void {
    const behind = node.kind === "look" && node.behind;
    const inner =
      node.kind === "atomic"
        ? this.emit({ op: "atomic", to: 0 })
        : this.emit({ op: "look", to: 0, negative: node.negative, lengths: behind ? lengthOf(node.part) : undefined });
    this.write(node.part);
    if (behind) this.emit({ op: "lookEnd" });
    this.emit({ op: "accept" });
    inner.to = this.here();
  }

  private writeRepeat(node: Node & { kind: "repeat" }): void {
    const { part, min, max, mode } = node;
    if (part.kind === "set" && (mode !== "lazy" || max === Number.POSITIVE_INFINITY)) {
      this.emit({ op: "run", set: codePointSet(part.set, part.ignoresCase), min, max, mode });
    } else if (mode === "possessive") {
      this.writeInner({ kind: "atomic", part: { ...node, mode: "greedy" } });
    } else {
      for (let i = 0; i < min; i++) this.write(part);
      if (max === Number.POSITIVE_INFINITY) this.writeLoop(part, mode === "lazy");
      else this.writeOptional(part, max - min, mode === "lazy");
    }
  }

  /** A branch into the next instruction, or beyond what follows; returns what sets that place. */
  private branch(isLazy: boolean): (end: number) => void {
    const either = this.emit({ op: "either", first: this.here() + 1, second: this.here() + 1 });
    return (end) => {
      either[isLazy ? "first" : "second"] = end;
    };
  }

  private writeLoop(part: Node, isLazy: boolean): void {
    const start = this.here();
    const setEnd = this.branch(isLazy);
    const register = lengthOf(part)[0] === 0 ? this.registers++ : -1;
    if (register >= 0) this.emit({ op: "enter", register });
    this.write(part);
    const check = register >= 0 ? this.emit({ op: "leaveIfEmpty", register, to: 0 }) : undefined;
    this.emit({ op: "jump", to: start });
    setEnd(this.here());
    if (check) check.to = this.here();
  }

  private writeOptional(part: Node, times: number, isLazy: boolean): void {
    const ends: ((end: number) => void)[] = [];
    for (let i = 0; i < times; i++) {
      ends.push(this.branch(isLazy));
      this.write(part);
    }
    for (const setEnd of ends) setEnd(this.here());
  }
}
