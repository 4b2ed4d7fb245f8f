/** @file Dates, times, decimals and bytes as Python prints them: a chat template prints a column's values so. */

/** A value's texts in Python. */
export interface PythonText {
  /** The name of its type there. */
  type: string;
  str: string;
  repr: string;
}

const DAY_MICROS = 86_400_000_000n;
const two = (value: number) => String(value).padStart(2, "0");

/** @throws Error beyond the years 1 to 9999, which Python's dates have. */
function dateOf(days: number): { parts: [number, number, number]; iso: string } {
  const date = new Date(days * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new Error("a date beyond the years 1 to 9999");
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
  return { parts: [year, month, day], iso: `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}` };
}

function clockOf(micros: number): { parts: number[]; iso: string } {
  const seconds = Math.floor(micros / 1e6);
  const fraction = micros % 1e6;
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = fraction === 0 ? "" : `.${String(fraction).padStart(6, "0")}`;
  const parts = fraction > 0 ? [hour, minute, second, fraction] : second > 0 ? [hour, minute, second] : [hour, minute];
  return { parts, iso: `${two(hour)}:${two(minute)}:${two(second)}${tail}` };
}

/** datetime.date. @param days since 1970. */
export function dateText(days: number): PythonText {
  const { parts, iso } = dateOf(days);
  return { type: "date", str: iso, repr: `datetime.date(${parts.join(", ")})` };
}

/** datetime.time. @param micros since midnight. @throws Error beyond a day. */
export function timeText(micros: bigint): PythonText {
  if (micros < 0n || micros >= DAY_MICROS) throw new Error("a time beyond a day");
  const { parts, iso } = clockOf(Number(micros));
  return { type: "time", str: iso, repr: `datetime.time(${parts.join(", ")})` };
}

const floorDiv = (value: bigint, by: bigint) => (value - (((value % by) + by) % by)) / by;

/** datetime.datetime, of UTC or without a zone. @param micros since 1970. */
export function datetimeText(micros: bigint, isUtc: boolean): PythonText {
  const days = floorDiv(micros, DAY_MICROS);
  const date = dateOf(Number(days));
  const clock = clockOf(Number(micros - days * DAY_MICROS));
  const zone = isUtc ? ", tzinfo=zoneinfo.ZoneInfo(key='UTC')" : "";
  const repr = `datetime.datetime(${[...date.parts, ...clock.parts].join(", ")}${zone})`;
  return { type: "datetime", str: `${date.iso} ${clock.iso}${isUtc ? "+00:00" : ""}`, repr };
}

/** pandas' Timestamp, which nanoseconds become. @param nanos since 1970. */
export function timestampText(nanos: bigint, isUtc: boolean): PythonText {
  const micros = floorDiv(nanos, 1000n);
  const rest = Number(nanos - micros * 1000n);
  const { str } = datetimeText(micros, false);
  const fraction = str.includes(".") || rest === 0 ? "" : ".000000";
  const own = `${str}${fraction}${rest === 0 ? "" : String(rest).padStart(3, "0")}`;
  const repr = isUtc ? `Timestamp('${own}+0000', tz='UTC')` : `Timestamp('${own}')`;
  return { type: "Timestamp", str: `${own}${isUtc ? "+00:00" : ""}`, repr };
}

/** decimal.Decimal. @param digits the number without its point. @param scale digits after it. */
export function decimalText(digits: bigint, scale: number): PythonText {
  const sign = digits < 0n ? "-" : "";
  const all = String(digits < 0n ? -digits : digits);
  const left = all.length - scale; // digits before the point
  const str = sign + (left > -6 || scale === 0 ? fixed(all, left) : scientific(all, left - 1));
  return { type: "Decimal", str, repr: `Decimal('${str}')` };
}

function fixed(digits: string, left: number): string {
  if (left >= digits.length) return digits;
  return left > 0 ? `${digits.slice(0, left)}.${digits.slice(left)}` : `0.${"0".repeat(-left)}${digits}`;
}

function scientific(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${mantissa}E${exponent < 0 ? "" : "+"}${exponent}`;
}

const ESCAPES: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" };

/** bytes. */
export function bytesText(bytes: Uint8Array): PythonText {
  const quote = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  let text = "";
  for (const byte of bytes) {
    const isQuote = byte === 39 && quote === "'";
    if (ESCAPES[byte] !== undefined) text += ESCAPES[byte];
    else if (byte < 32 || byte > 126) text += `\\x${byte.toString(16).padStart(2, "0")}`;
    else text += `${isQuote ? "\\" : ""}${String.fromCharCode(byte)}`;
  }
  const repr = `b${quote}${text}${quote}`;
  return { type: "bytes", str: repr, repr };
}
