/**
 * @file A record of preferences on disk. NAME.events.jsonl has what people said, event by event, and is only appended
 * to, also by several processes at once. NAME.jsonl has the pairs that the events amount to, and is written whole after
 * each of them; a copy that another program has changed is left alone.
 */
import { randomBytes } from "node:crypto";
import { hashFile, newHash } from "../disk/hashFile.ts";
import { nearbyHint } from "../disk/nearbyNames.ts";
import { appendLines, bytesFrom, fileState } from "../disk/sharedLog.ts";
import { writeFileAtomically } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";
import { EventReader, lineOf, TORN } from "./eventLines.ts";
import { eventOf, type JudgingEvent, type NewEvent, type PreferenceEvent } from "./events.ts";
import { Preferences } from "./preferences.ts";

const EVENTS = ".events.jsonl";

/** `pairs.jsonl` -> `pairs.events.jsonl`. @throws PrefineError("config") for another name. */
export function eventsFileOf(file: string): string {
  const isPairs = /[^/\\]\.jsonl$/.test(file) && !file.endsWith(EVENTS);
  if (isPairs) return file.replace(/\.jsonl$/, EVENTS);
  const found = file.endsWith(EVENTS) ? "that of events" : "another name";
  const hint = `Such as pairs.jsonl: the events go to pairs${EVENTS} next to it.`;
  throw new PrefineError("config", `${file}: expected the name of a .jsonl file for pairs, found ${found}`, hint);
}

/** Characters of a piece of the file of pairs. */
const PIECE = 2 ** 20;

export class PreferenceRecord {
  /** The file of pairs, and that of events. */
  readonly file: string;
  readonly eventsFile: string;
  readonly preferences = new Preferences();
  private readonly reader: EventReader;
  /** What has been read of the events. */
  private read: { bytes: number; file: string | undefined } = { bytes: 0, file: undefined };
  /** The events can't be read any further. */
  private failure: unknown;
  /** The file of pairs, as it was when its hash was taken. */
  private pairs: { content: string; sha256: string } | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  /** The write of the pairs that waits for its turn: it will have all events that are appended before. */
  private nextWrite: Promise<void> | undefined;

  private constructor(file: string) {
    this.eventsFile = eventsFileOf(file);
    this.file = file;
    this.reader = new EventReader(this.eventsFile);
  }

  /**
   * Opens a record, or begins one. Changes nothing on disk, unless the pairs are not up to the events: after a crash.
   * @throws PrefineError("data") for a file of events that has other lines; ("io") for a file of pairs that is not what
   *   the events amount to.
   */
  static async open(file: string): Promise<PreferenceRecord> {
    const record = new PreferenceRecord(file);
    await record.refresh();
    record.reader.end();
    if (record.read.bytes > 0) await record.written();
    else await record.hashOfPairs();
    return record;
  }

  /** Reads a record and changes nothing. @throws PrefineError("data") if there is none, or a file of another kind. */
  static async read(file: string): Promise<PreferenceRecord> {
    const record = new PreferenceRecord(file);
    await record.refresh();
    record.reader.end();
    if (record.read.file !== undefined) return record;
    const message = `${record.eventsFile}: expected the events of a record of preferences, found no such file`;
    throw new PrefineError(
      "data",
      message,
      await nearbyHint(record.eventsFile, "prefine collect and recordPreference begin one."),
    );
  }

  /** Lines about what is odd in the events: changes by other programs, and what crashes left. */
  get notes(): string[] {
    const { changed, torn } = this.reader;
    const at = (lines: readonly number[]) => `${lines.slice(0, 5).join(", ")}${lines.length > 5 ? ", ..." : ""}`;
    const noteOf = (lines: readonly number[], what: string) =>
      lines.length === 0 ? [] : [`${this.eventsFile}: ${counted(lines.length, "line")} ${what} (${at(lines)})`];
    return [
      ...noteOf(changed, "changed by hand or by another program, which count as they are now"),
      ...noteOf(torn, "that a crash cut short, skipped"),
    ];
  }

  /**
   * Appends what someone said: it is on disk when the promise is fulfilled. The pairs follow: see `written`.
   * @throws PrefineError("config") for wrong fields, ("data") for texts where others have messages, ("io").
   */
  append(event: NewEvent): Promise<JudgingEvent> {
    return this.inTurn(async () => {
      const stamped = stamp(event) as JudgingEvent;
      await this.refresh();
      this.preferences.checkKind(stamped);
      await this.save(stamped);
      return stamped;
    });
  }

  /** Takes back an event. @throws PrefineError("config") for one that is not there, or was taken back before. */
  undo(id: string, annotator: string | null): Promise<JudgingEvent> {
    return this.inTurn(async () => {
      await this.refresh();
      const event = this.preferences.event(id);
      if (event) return this.takeBack(event, annotator);
      const message = `undo: expected the id of an event that was not taken back, found ${JSON.stringify(id)}`;
      throw new PrefineError("config", message, `${this.eventsFile} has the events with their ids.`);
    });
  }

  /** Takes back the latest event of an annotator that stands; undefined: there is none. */
  undoLatest(annotator: string | null): Promise<JudgingEvent | undefined> {
    return this.inTurn(async () => {
      await this.refresh();
      const event = this.preferences.latestOf(annotator);
      return event && this.takeBack(event, annotator);
    });
  }

  /**
   * Fulfilled when the file of pairs has all that was appended before. Calls that come while one waits share its write.
   * @throws PrefineError("io"), also where another program has changed the file: then it is left as it is.
   */
  written(): Promise<void> {
    this.nextWrite ??= this.inTurn(() => {
      this.nextWrite = undefined;
      return this.writePairs();
    });
    return this.nextWrite;
  }

  /** One after the other; a failed one does not stop the next. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private async takeBack(event: JudgingEvent, annotator: string | null): Promise<JudgingEvent> {
    await this.save(stamp({ type: "undo", annotator, of: event.id }));
    return event;
  }

  private async save(event: PreferenceEvent): Promise<void> {
    await appendLines(this.eventsFile, lineOf(event), TORN);
    await this.refresh(); // with what other processes appended
  }

  /** Reads what was appended since the last time. @throws PrefineError("io") if that is no longer the same file. */
  private async refresh(): Promise<void> {
    if (this.failure) throw this.failure;
    const state = await fileState(this.eventsFile);
    const { bytes, file } = this.read;
    if (file !== undefined && (state === undefined || state.file !== file || state.size < bytes)) {
      const found = state === undefined ? "none" : "another one, or less of it";
      const message = `${this.eventsFile}: expected the file that was opened, found ${found}`;
      throw new PrefineError("io", message, "Put it back, or start again with what is there now.");
    }
    if (state === undefined || state.size === bytes) return;
    const more = await bytesFrom(this.eventsFile, bytes, state.size);
    try {
      const used = this.reader.read(more, (event) => this.preferences.add(event));
      this.read = { bytes: bytes + used, file: state.file };
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** Writes the pairs; again where others appended meanwhile: the last one to write has seen all events. */
  private async writePairs(): Promise<void> {
    for (let isCurrent = false; !isCurrent; ) {
      await this.refresh();
      const { version } = this.preferences;
      const before = await this.hashOfPairs();
      const { sha256, rows } = this.digest();
      if (before !== sha256) {
        if (!this.preferences.written.has(sha256))
          await this.save(stamp({ type: "wrote", annotator: null, rows, sha256 }));
        if (this.preferences.version !== version) continue;
        await writeFileAtomically(this.file, { pieces: () => this.bytes() });
        await this.refresh();
      }
      isCurrent = this.preferences.version === version;
    }
  }

  /** Undefined: there is no such file. @throws PrefineError("io") for a content that prefine did not write. */
  private async hashOfPairs(): Promise<string | undefined> {
    const state = await fileState(this.file);
    if (state === undefined) return undefined;
    if (state.content === this.pairs?.content) return this.pairs.sha256;
    const sha256 = await hashFile(this.file);
    if (sha256 === undefined) return undefined;
    if (state.size > 0 && !this.preferences.written.has(sha256)) throw this.foreignPairs();
    this.pairs = { content: state.content, sha256 };
    return sha256;
  }

  private foreignPairs(): PrefineError {
    const hasEvents = this.read.bytes > 0;
    const expected = hasEvents ? `what ${this.eventsFile} amounts to` : "no file, or one of a record of preferences";
    const found = hasEvents ? "a file that was changed by hand or by another program" : "another file";
    const saved = hasEvents ? "All verdicts are safe in the events. " : "";
    const hint = `${saved}Move or rename this file, or choose another name: prefine does not overwrite it.`;
    return new PrefineError("io", `${this.file}: expected ${expected}, found ${found}`, hint);
  }

  private digest(): { sha256: string; rows: number } {
    const hash = newHash();
    let rows = 0;
    for (const piece of this.pieces()) {
      hash.update(piece.bytes);
      rows += piece.lines;
    }
    return { sha256: hash.hex(), rows };
  }

  private async *bytes(): AsyncGenerator<Uint8Array> {
    for (const { bytes } of this.pieces()) yield bytes;
  }

  private *pieces(): Generator<{ bytes: Uint8Array; lines: number }> {
    let lines: string[] = [];
    let size = 0;
    const piece = () => ({ bytes: new TextEncoder().encode(lines.join("")), lines: lines.length });
    for (const line of this.preferences.lines()) {
      lines.push(line);
      size += line.length;
      if (size < PIECE) continue;
      yield piece();
      [lines, size] = [[], 0];
    }
    if (size > 0) yield piece();
  }
}

/** An event with an id and its time. @throws PrefineError("config") for wrong fields. */
function stamp(event: object): PreferenceEvent {
  return eventOf({ ...event, id: randomBytes(8).toString("hex"), time: new Date().toISOString() });
}
