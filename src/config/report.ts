/** @file Collects problems of a config, thrown together as one error, and lines of advice. */
import { PrefineError } from "../errors.ts";
import { counted, problemsOf } from "../phrases.ts";

interface Problem {
  /** "not-yet": would change results but is not built. */
  code: "config" | "not-yet";
  line: string;
}

/** One value as the user wrote it. */
export interface Given {
  value: unknown;
  /** Label in messages: `learning_rate` from a file or an object, `--learning_rate` from the command line. */
  label: string;
}

/** A line about a key, for a list of all keys. */
export interface Note {
  kind: "problem" | "advice" | "ignored";
  label: string;
  message: string;
}

export class Report {
  private readonly problems: Problem[] = [];
  /** Everything that was reported, in order. */
  readonly notes: Note[] = [];
  readonly advice: string[] = [];
  /** Reason -> options without effect that users rely on. */
  private readonly ignored = new Map<string, string[]>();

  /** Adds an error: `key: expected, found, what to do`. */
  problem(label: string, message: string): void {
    this.notes.push({ kind: "problem", label, message });
    this.problems.push({ code: "config", line: `${label}: ${message}` });
  }

  notYet(label: string, message: string): void {
    this.notes.push({ kind: "problem", label, message: `not yet: ${message}` });
    this.problems.push({ code: "not-yet", line: `${label}: not yet: ${message}` });
  }

  advise(label: string, message: string): void {
    this.notes.push({ kind: "advice", label, message });
    this.advice.push(`${label}: ${message}`);
  }

  /** Notes an option without effect that users rely on; {@link warning} has them all. */
  ignore(label: string, reason: string): void {
    this.notes.push({ kind: "ignored", label, message: reason });
    this.ignored.set(reason, [...(this.ignored.get(reason) ?? []), label]);
  }

  /** Turns the advice about an option into a part of {@link warning}. */
  promote(label: string, reason: string): void {
    const at = this.advice.findIndex((line) => line.startsWith(`${label}: `));
    if (at < 0) return;
    this.advice.splice(at, 1);
    this.ignore(label, reason);
  }

  /** One line about the options without effect that users rely on; undefined: there are none. */
  get warning(): string | undefined {
    const parts = [...this.ignored].map(([reason, labels]) => `${labels.join(", ")} (${reason})`);
    return parts.length === 0 ? undefined : `no effect: ${parts.join("; ")}`;
  }

  /**
   * @param hint what to do about wrong keys and values.
   * @throws PrefineError with one line per problem, if there are any.
   */
  throwProblems(where: string, hint = HINT): void {
    if (this.problems.length === 0) return;
    const code = this.problems.every((problem) => problem.code === "not-yet") ? "not-yet" : "config";
    const lines = this.problems.slice(0, MOST_LINES).map((problem) => problem.line);
    const others = this.problems.length - lines.length;
    if (others > 0) lines.push(`... and ${counted(others, "more problem")}`);
    throw new PrefineError(code, problemsOf(where, lines), code === "not-yet" ? NOT_YET_HINT : hint);
  }
}

/** Problems that a message lists. */
const MOST_LINES = 50;
const HINT = "COMPATIBILITY.md lists all keys.";
const NOT_YET_HINT = "Remove it, or set it back to its default; COMPATIBILITY.md lists what works.";
