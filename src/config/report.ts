/** @file What reading a config found: problems, told all at once in one error, and lines of advice. */
import { PrefineError } from "../errors.ts";

interface Problem {
  /** "not-yet": known, would change results, not built. */
  code: "config" | "not-yet";
  line: string;
}

/** One value as a person gave it. */
export interface Given {
  value: unknown;
  /** How to name it in a message: `learning_rate` of a file or an object, `--learning_rate` of the command line. */
  label: string;
}

export class Report {
  private readonly problems: Problem[] = [];
  readonly advice: string[] = [];

  /** A key that can't be used: `key: expected, found, what to do`. */
  problem(label: string, message: string): void {
    this.problems.push({ code: "config", line: `${label}: ${message}` });
  }

  notYet(label: string, message: string): void {
    this.problems.push({ code: "not-yet", line: `${label}: not yet: ${message}` });
  }

  advise(label: string, message: string): void {
    this.advice.push(`${label}: ${message}`);
  }

  /**
   * @param hint what to do about keys and values that are wrong.
   * @throws PrefineError with one line for each problem, if there is any.
   */
  throwProblems(where: string, hint = HINT): void {
    if (this.problems.length === 0) return;
    const code = this.problems.every((problem) => problem.code === "not-yet") ? "not-yet" : "config";
    const lines = this.problems.map((problem) => problem.line);
    const message = lines.length === 1 ? `${where}: ${lines[0]}` : [`${where}:`, ...lines].join("\n  ");
    throw new PrefineError(code, message, code === "not-yet" ? NOT_YET_HINT : hint);
  }
}

const HINT = "COMPATIBILITY.md lists all keys.";
const NOT_YET_HINT = "Remove it, or set it back to its default; COMPATIBILITY.md lists what works.";
