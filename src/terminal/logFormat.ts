/** @file Log entries as text: durations, numbers with useful precision, one line of metrics. */

/** 7 -> 0:07, 3723 -> 1:02:03. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Two decimals and a two-digit exponent, like Python's %.2e. */
function exponential(value: number): string {
  return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Four decimals near 1, fewer for large values, exponents at the extremes. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 5e-5)) return exponential(value);
  return value.toFixed(size >= 1000 ? 1 : size >= 10 ? 2 : 4);
}

/** A count in at most five characters: 512, 12.3k, 4.5M. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const [unit, suffix] = value >= 999_950 ? [1e6, "M"] : value >= 9_999.5 ? [1e3, "k"] : [1, ""];
  return suffix ? `${(value / unit).toFixed(1)}${suffix}` : String(Math.round(value));
}

/** Formats the value of a metric, by its TRL name. */
export function formatMetric(name: string, value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  if (name === "learning_rate") return exponential(value);
  if (name === "epoch") return value.toFixed(2);
  if (/accurac(y|ies)$/.test(name)) return value.toFixed(3);
  if (/_runtime$/.test(name)) return formatDuration(value);
  if (/(^|_)(step|num_tokens)$/.test(name) && Number.isInteger(value)) return String(value);
  return formatNumber(value);
}

/** Order of metrics on a line. */
const ORDER = [
  "step",
  "epoch",
  "loss",
  "rewards/margins",
  "rewards/accuracies",
  "grad_norm",
  "learning_rate",
  "rewards/chosen",
  "rewards/rejected",
  "logps/chosen",
  "logps/rejected",
  "logits/chosen",
  "logits/rejected",
  "entropy",
  "mean_token_accuracy",
  "num_tokens",
];

/**
 * Priority if a line lacks room: the metrics that show how a run is doing, which fit into 80 columns. Other metrics are
 * printed only if all of these fit.
 */
const MAIN = ["step", "loss", "rewards/margins", "rewards/accuracies", "epoch", "grad_norm", "learning_rate"];

/** Width of a value in characters, so that names align across lines. */
const VALUE_WIDTH: Record<string, number> = { epoch: 4, loss: 6, "rewards/accuracies": 5, grad_norm: 6 };

/** The metric's name without prefix: `loss` for eval_loss, and for eval_NAME_loss with several evaluation sets. */
function metricOf(name: string): string {
  const plain = name.replace(/^(eval|train)_/, "");
  if (plain === name || ORDER.includes(plain)) return plain;
  return ORDER.find((metric) => plain.endsWith(`_${metric}`)) ?? plain;
}

function rank(name: string): number {
  const place = ORDER.indexOf(metricOf(name));
  return place === -1 ? ORDER.length : place;
}

/** One `name value` of a line. */
export interface MetricCell {
  name: string;
  value: string;
}

/**
 * The cells of a log entry in line order, as many as fit into `columns` with two spaces between them. If the long names
 * of an evaluation leave no room for its accuracies, `eval` is printed once, at the beginning.
 * @param stepWidth characters of the run's last step number.
 */
export function metricCells(entry: Record<string, number>, columns: number, stepWidth: number): MetricCell[] {
  const cells = fittingCells(entry, columns, stepWidth);
  const accuracies = Object.keys(entry).find((name) => metricOf(name) === "rewards/accuracies");
  const prefix = accuracies?.slice(0, -"rewards/accuracies".length);
  if (!prefix || cells.some(({ name }) => name === accuracies)) return cells;
  const short = Object.entries(entry).map(([name, value]): [string, number] => [
    name.startsWith(prefix) ? name.slice(prefix.length) : name,
    value,
  ]);
  const label = prefix.slice(0, -1); // eval, eval_NAME
  const rest = fittingCells(Object.fromEntries(short), columns - label.length - 1, stepWidth);
  return rest.map(({ name, value }, i) => ({ name: i === 0 ? `${label} ${name}` : name, value }));
}

/** Priority of a cell, lowest first. */
function priority(name: string): number {
  const place = MAIN.indexOf(metricOf(name));
  return place === -1 ? MAIN.length + rank(name) : place;
}

function fittingCells(entry: Record<string, number>, columns: number, stepWidth: number): MetricCell[] {
  const chosen: MetricCell[] = [];
  let used = -2; // no space before the first
  let skipped = false;
  for (const name of Object.keys(entry).sort((a, b) => priority(a) - priority(b))) {
    const plain = metricOf(name);
    const width = name === "step" ? stepWidth : (VALUE_WIDTH[plain] ?? (plain.startsWith("rewards/") ? 7 : 0));
    const value = formatMetric(name, entry[name]).padStart(width);
    const length = name.length + 1 + value.length + 2;
    skipped ||= used + length > columns;
    if (used + length > columns || (skipped && !MAIN.includes(plain))) continue;
    used += length;
    chosen.push({ name, value });
  }
  return chosen.sort((a, b) => rank(a.name) - rank(b.name));
}
