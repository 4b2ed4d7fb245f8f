/** @file prefine train --dry-run: what a run file says, key by key, and whether its model and data would be read. */
import { type ExaminedRun, examineRun, type RunConfig } from "../config/run.ts";
import { PrefineError } from "../errors.ts";
import { counted, shellWord } from "../phrases.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";
import { padText, textWidth, wrapText } from "../terminal/text.ts";

/** What becomes of a key; `wrong` and `missing` are problems. */
type Outcome = "read" | "changed" | "ignored" | "missing" | "wrong";

interface Line {
  outcome: Outcome;
  key: string;
  note: string;
}

interface Source {
  file?: { name: string; text: string } | undefined;
  flags: string[];
}

/**
 * Prints the table of a run file, and what is found in its data; downloads no weights and writes nothing but the hub's
 * cache.
 * @throws PrefineError where the file, its model or its data is not fit for a run.
 */
export async function dryRun({ file, flags }: Source): Promise<void> {
  const terminal = openTerminal();
  const examined = examineRun({ file, flags });
  const where = file?.name ?? "these flags";
  const lines = keyLines(examined);
  terminal.print(terminal.bold(`${where}: ${counted(examined.labels.length, "key")}`));
  printLines(lines, terminal);
  const isProblem = ({ outcome }: Line) => outcome === "wrong" || outcome === "missing";
  let problems = lines.filter(isProblem).length;
  if (examined.run) {
    Object.assign(process.env, examined.env);
    const { checkData } = await import("./dryData.ts");
    const checked: Line[] = await checkData(examined.run);
    terminal.print();
    terminal.print(terminal.bold("model and data"));
    printLines(checked, terminal);
    problems += checked.filter(isProblem).length;
  }
  terminal.print();
  if (problems > 0) throw notFit(where, problems, examined.run);
  const command = file ? `: prefine train --config ${shellWord(file.name)}` : "";
  const same = flags.length > 0 ? `${file ? "," : ""} with the same flags` : ""; // one of them may be a token
  terminal.print(`fit for a run${command}${same}`);
}

function notFit(where: string, problems: number, run: RunConfig | undefined): PrefineError {
  const hint = run ? undefined : "The data is checked once the keys are right.";
  return new PrefineError("config", `${where}: not fit for a run: ${counted(problems, "problem")}, listed above`, hint);
}

/** A line per key that is not simply read, and one for all that are. */
function keyLines({ labels, notes }: ExaminedRun): Line[] {
  const lines: Line[] = [];
  const seen = new Set<string>();
  for (const { kind, label, message } of notes) {
    const keys = label.split(": ")[0].split(", ");
    const isFound = !/found (nothing|none)$/.test(message);
    const isGiven = keys.some((key) => labels.includes(key) || (isFound && labels.includes(key.split(/[.[]/)[0])));
    for (const key of keys) seen.add(key);
    const isMissing = !isGiven && kind === "problem" && !/unknown (key|option)/.test(message);
    const note = message.replace(/^no effect: /, "");
    lines.push({ outcome: isMissing ? "missing" : outcomeOf(kind, message), key: label, note });
  }
  const distinct = lines.filter((line, i) => !isTold(line, lines, i));
  const read = labels.filter((label) => !seen.has(label));
  const order: Outcome[] = ["missing", "wrong", "changed", "ignored"];
  const sorted = order.flatMap((outcome) => distinct.filter((line) => line.outcome === outcome));
  return [...sorted, ...(read.length > 0 ? [{ outcome: "read" as const, key: read.join(", "), note: "" }] : [])];
}

/** Whether the line is there before, or is the new name of a key that another line says is ignored or wrong. */
function isTold({ outcome, key, note }: Line, lines: readonly Line[], at: number): boolean {
  const isRenamed = outcome === "changed" && /^is \w+ now$/.test(note);
  return lines.some(
    (other, i) =>
      other.key === key &&
      ((i < at && other.note === note && other.outcome === outcome) || (isRenamed && other.outcome !== "changed")),
  );
}

function outcomeOf(kind: ExaminedRun["notes"][number]["kind"], message: string): Outcome {
  if (kind === "problem") return "wrong";
  return kind === "ignored" || message.startsWith("no effect") ? "ignored" : "changed";
}

const INDENT = "  ";
const OUTCOME_WIDTH = "changed".length;

/** Lines `outcome  key: note`, wrapped beside their outcome. */
function printLines(lines: readonly Line[], { print, columns, dim, bold }: Terminal): void {
  const width = Math.max(20, columns - INDENT.length - OUTCOME_WIDTH - 2);
  for (const { outcome, key, note } of lines) {
    const wrapped = wrapText(note === "" ? key : `${key}: ${note}`, width);
    const paint = outcome === "wrong" || outcome === "missing" ? bold : dim;
    for (const [i, text] of wrapped.entries()) {
      const word = i === 0 ? outcome : "";
      const gap = padText("", OUTCOME_WIDTH - textWidth(word));
      print(`${INDENT}${word === "" ? "" : paint(word)}${gap}${INDENT}${text}`.trimEnd());
    }
  }
}
