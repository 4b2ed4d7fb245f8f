/** @file Round axis values and their labels. */
import { largest } from "../lists.ts";

export interface Ticks {
  values: number[];
  /** The values as text, all with the same number of decimals. */
  labels: string[];
}

/** 1, 2 or 5 times a power of ten, so that about `count` steps cover the span. */
function stepFor(span: number, count: number): number {
  const power = 10 ** Math.floor(Math.log10(span / count));
  const ratio = span / count / power;
  const factor = ratio >= Math.sqrt(50) ? 10 : ratio >= Math.sqrt(10) ? 5 : ratio >= Math.SQRT2 ? 2 : 1;
  return factor * power;
}

/** Axis labels: thousands as k, millions as M, tiny values with exponents. */
function labelsFor(values: number[], step: number): string[] {
  const most = largest(values.map(Math.abs));
  if (most > 0 && most < 1e-3) return values.map((value) => (value === 0 ? "0" : exponential(value, step)));
  const [unit, suffix] = most >= 1e6 ? [1e6, "M"] : most >= 1e4 ? [1e3, "k"] : [1, ""];
  const decimals = Math.min(9, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)));
  return values.map((value) => (value === 0 ? "0" : `${(value / unit).toFixed(decimals)}${suffix}`));
}

function exponential(value: number, step: number): string {
  const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9));
  return value.toExponential(digits).replace(/\.?0*e/, "e");
}

function ticksBetween(low: number, high: number, step: number): Ticks {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { values, labels: labelsFor(values, step).map((label) => label.replaceAll("-", "−")) };
}

/** About `count` round numbers within [low, high]; `low` must be below `high`. */
export function niceTicks(low: number, high: number, count: number): Ticks {
  return ticksBetween(low, high, stepFor(high - low, count));
}

/** Ends of an axis beyond this would be an infinity apart. */
const LARGEST = Number.MAX_VALUE / 8;

/** The smallest range of whole ticks that includes all values, with room if all are equal. */
export function niceAxis(values: number[], count: number): { domain: [number, number]; ticks: Ticks } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // a loop, since spreading the values of a long run overflows the stack
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  [low, high] = [Math.max(low, -LARGEST), Math.min(high, LARGEST)];
  if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.1;
    [low, high] = [low - room, high + room];
  }
  const step = stepFor(high - low, count);
  const [first, last] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  return { domain: [Math.min(low, first), Math.max(high, last)], ticks: ticksBetween(first, last, step) };
}
