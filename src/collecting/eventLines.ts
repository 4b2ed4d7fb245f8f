/**
 * @file Lines of a record of preferences: events -> text, bytes -> events. Each line ends with a checksum of itself, by
 * which a change by hand or by another program is noticed. A line that a crash cut short is followed by one that says
 * so.
 */
import { PrefineError } from "../errors.ts";
import { parseExactJson } from "../formats/exactJson.ts";
import { exactJsonText } from "../formats/exactJsonText.ts";
import { isObject } from "../formats/parseJson.ts";
import { sha256 } from "../formats/sha256.ts";
import { textOf, withoutMark } from "../formats/textEncoding.ts";
import { eventOf, fieldsOf, type PreferenceEvent } from "./events.ts";

/** Says that the line before it has no end. Harmless after a whole line: another process may have been writing it. */
export const TORN = `${JSON.stringify({ type: "torn" })}\n`;

const SUM = /,"sum":"([0-9a-f]{8})"\}$/;
const sumOf = (text: string) => sha256(text).slice(0, 8);

/** The line of an event, with its end. */
export function lineOf(event: PreferenceEvent): string {
  const text = exactJsonText(fieldsOf(event));
  return `${text.slice(0, -1)},"sum":"${sumOf(text)}"}\n`;
}

/** Reads a record piece by piece, as it grows. */
export class EventReader {
  private readonly where: string;
  /** Number of the last line. */
  private line = 0;
  /** A line that can't be read, unless the next one says that it is torn. */
  private suspect: PrefineError | undefined;
  /** Lines whose checksum is another, and lines that were torn. */
  readonly changed: number[] = [];
  readonly torn: number[] = [];

  /** @param where the path of the file, for messages. */
  constructor(where: string) {
    this.where = where;
  }

  /**
   * The events of all whole lines.
   * @returns how many bytes they have; the next call gets those after them.
   * @throws PrefineError("data") for a line that is no event.
   */
  read(bytes: Uint8Array, onEvent: (event: PreferenceEvent) => void): number {
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      this.line++;
      this.readLine(textOf(bytes.subarray(start, end), this.where, { ignoreBOM: true }), onEvent);
      start = end + 1;
    }
    return start;
  }

  /** @throws PrefineError("data") if the last whole line is no event. */
  end(): void {
    if (this.suspect) throw this.suspect;
  }

  private readLine(line: string, onEvent: (event: PreferenceEvent) => void): void {
    const text = (this.line === 1 ? withoutMark(line) : line).trim();
    if (text === "") return;
    if (`${text}\n` === TORN) {
      if (this.suspect) this.torn.push(this.line - 1);
      this.suspect = undefined;
      return;
    }
    this.end();
    const fields = this.fieldsIn(text);
    if (!fields) return;
    onEvent(this.eventIn(fields));
    const sum = SUM.exec(text);
    if (!sum || sum[1] !== sumOf(`${text.slice(0, sum.index)}}`)) this.changed.push(this.line);
  }

  /** Undefined: the line is no JSON, which the next line may explain. */
  private fieldsIn(text: string): Record<string, unknown> | undefined {
    let found: unknown;
    try {
      found = parseExactJson(text);
    } catch (cause) {
      this.suspect = this.misfit(`JSON, found: ${(cause as Error).message}`, { cause });
      return undefined;
    }
    if (isObject(found)) return found;
    throw this.misfit("an object");
  }

  private eventIn(fields: Record<string, unknown>): PreferenceEvent {
    try {
      return eventOf(fields);
    } catch (cause) {
      if (!(cause instanceof PrefineError)) throw cause;
      throw this.misfit(`an event of a record of preferences; ${cause.message}`, { cause });
    }
  }

  private misfit(expected: string, options?: ErrorOptions): PrefineError {
    const hint = "Correct this line, or delete it: all other lines stay as they are. Or choose another file.";
    return new PrefineError("data", `${this.where}: line ${this.line}: expected ${expected}`, hint, options);
  }
}
