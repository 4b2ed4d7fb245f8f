/** @file The doctor's report for a terminal: a table of the findings, then each with its rows, an example, a fix. */
import type { DoctorFinding, DoctorSeverity } from "../data/doctor/check.ts";
import type { DoctorReport } from "../data/doctor/doctor.ts";
import { largest } from "../lists.ts";
import { counted, grouped, onOneLine, plural } from "../phrases.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { cutText, padText, tableLines, wrapText } from "../terminal/text.ts";

const SHOWN_ROWS = 8;
/** Lines longer than this are hard to read, however wide the terminal. */
const WIDEST = 100;
const LABEL = 9;

const COLORS: Record<DoctorSeverity, number> = { severe: 31, warning: 33, note: 36 };

type Numbers = Record<string, number | string | null>;

export function printReport(title: string, report: DoctorReport, terminal: Terminal): void {
  const { print, bold, dim } = terminal;
  const many = (count: number, one: string) => `${grouped(count)} ${plural(count, one)}`;
  const sizes = report.splits.map(({ name, rows, pairs }) =>
    [`${name} ${many(rows, "row")}`, ...(pairs === rows ? [] : [many(pairs, "pair")])].join(", "),
  );
  print(`${bold(onOneLine(title))}   ${onOneLine(sizes.join("; "))}`);
  print();
  if (report.findings.length > 0) printTable(report, terminal);
  for (const finding of report.findings) printFinding(finding, terminal);
  for (const { name, numbers } of report.splits) printNumbers(name, numbers, terminal);
  const reasons = new Set(report.skipped.map(({ why }) => why));
  for (const why of reasons) {
    const names = report.skipped.filter((one) => one.why === why).map(({ check }) => check);
    for (const line of wrapText(`skipped (${why}): ${names.join(", ")}`, widthOf(terminal))) print(dim(line));
  }
  if (reasons.size > 0) print();
  print(conclusion(report));
}

const widthOf = ({ columns }: Terminal) => Math.min(columns, WIDEST);

function paint(severity: DoctorSeverity, text: string, { color }: Terminal): string {
  return color ? `\x1b[${COLORS[severity]}m${text}\x1b[0m` : text;
}

function printTable({ findings, splits }: DoctorReport, terminal: Terminal): void {
  const totals = new Map(splits.map(({ name, rows }) => [name, rows]));
  const cells = findings.map(({ severity, check, split, count, rows }) => {
    const share = `${((100 * count) / (totals.get(split) ?? 1)).toFixed(1)} %`;
    return [severity, check, onOneLine(split), rows.length > 0 ? grouped(count) : "all", rows.length > 0 ? share : ""];
  });
  const [head, ...lines] = tableLines([["severity", "check", "split", "rows", "share"], ...cells], new Set([3, 4]));
  terminal.print(terminal.dim(cutText(head, widthOf(terminal))));
  lines.forEach((line, i) => {
    const { severity } = findings[i];
    terminal.print(paint(severity, severity, terminal) + cutText(line, widthOf(terminal)).slice(severity.length));
  });
  terminal.print();
}

function printFinding(
  { severity, check, split, rows, example, message, fix }: DoctorFinding,
  terminal: Terminal,
): void {
  terminal.print(`${paint(severity, severity, terminal)}  ${terminal.bold(check)} in ${onOneLine(split)}`);
  const labelled = (label: string, text: string) => {
    const lines = wrapText(onOneLine(text), widthOf(terminal) - LABEL - 2);
    lines.forEach((line, i) => {
      terminal.print(`  ${terminal.dim(padText(i === 0 ? label : "", LABEL))}${line}`);
    });
  };
  for (const line of wrapText(onOneLine(message), widthOf(terminal) - 2)) terminal.print(`  ${line}`);
  if (rows.length > 0) {
    const more = rows.length > SHOWN_ROWS ? ` and ${grouped(rows.length - SHOWN_ROWS)} more` : "";
    labelled(rows.length === 1 ? "row" : "rows", rows.slice(0, SHOWN_ROWS).join(", ") + more);
  }
  if (example !== "") labelled("example", example);
  labelled("to do", fix);
  terminal.print();
}

/** Numbers of a split that are good to know where nothing is wrong with them, too. */
function printNumbers(split: string, numbers: Record<string, Numbers>, terminal: Terminal): void {
  const { print, bold } = terminal;
  const { lengthBias, truncation, separable } = numbers;
  const lines: string[][] = [];
  const number = (value: unknown, digits = 0) => (typeof value === "number" ? value.toFixed(digits) : "");
  if (lengthBias) {
    const { unit, chosen, rejected, cohensD, longerIsChosen } = lengthBias;
    lines.push(["mean length", `chosen ${number(chosen)} ${unit}, rejected ${number(rejected)}`]);
    const share = number(100 * Number(longerIsChosen), 1);
    lines.push(["longer is chosen", `${share} % of the pairs (Cohen's d ${number(cohensD, 2)})`]);
  }
  if (truncation) {
    const { max_length, share, keeps95, keeps99, keeps100 } = truncation;
    lines.push(["cut", `${number(100 * Number(share), 1)} % at max_length ${max_length ?? "none"}`]);
    lines.push(["max_length", `${keeps95} keeps 95 %, ${keeps99} 99 %, ${keeps100} all`]);
  }
  if (separable) lines.push(["words alone", `area under the curve ${number(separable.auc, 3)}`]);
  if (lines.length === 0) return;
  print(bold(onOneLine(split)));
  const widest = largest(lines.map(([label]) => label.length));
  for (const [label, text] of lines) {
    const [first, ...more] = wrapText(text, widthOf(terminal) - widest - 4);
    print(`  ${padText(label, widest)}  ${first}`);
    for (const line of more) print(`${" ".repeat(widest + 4)}${line}`);
  }
  print();
}

function conclusion({ findings }: DoctorReport): string {
  if (findings.length === 0) return "nothing found";
  const count = (severity: DoctorSeverity) => findings.filter((finding) => finding.severity === severity).length;
  return [`${count("severe")} severe`, counted(count("warning"), "warning"), counted(count("note"), "note")].join(", ");
}
