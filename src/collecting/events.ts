/**
 * @file Events of a record of preferences: what people said of answers, and when. One line of JSON each, never changed
 * afterward. docs/collect.md describes the fields.
 */
import {
  bool,
  checkValue,
  describeValue,
  integerFrom,
  nullable,
  numberFrom0,
  oneOf,
  options,
  text,
  type ValueCheck,
} from "../arguments.ts";
import type { Message } from "../data/preferences/extractPrompt.ts";
import { isMessages } from "../data/shapes/shape.ts";

/** A text; or messages, for models with a chat template. */
export type Content = string | Message[];

/** What one verdict says of two answers. */
export const VERDICTS = ["left", "right", "tie", "both good", "both bad", "skip"] as const;
export type Verdict = (typeof VERDICTS)[number];

const HOW = ["choice", "edit"] as const;

/** An answer, and where it came from: hidden from the people who judge it. */
export interface Side {
  answer: Content;
  /** The name of a model, a run, a file; null: unknown. */
  source: string | null;
  /** Its length in tokens of the model that wrote it; null: unknown. */
  tokens: number | null;
  /** How it was generated, such as temperature and seed. */
  settings: Record<string, unknown> | null;
}

interface Common {
  /** Unique. */
  id: string;
  /** ISO 8601. */
  time: string;
  annotator: string | null;
}

export interface VerdictEvent extends Common {
  type: "verdict";
  prompt: Content;
  left: Side;
  right: Side;
  verdict: Verdict;
  /** The better answer as the annotator corrected it. */
  edit: Content | null;
  /** How much better: 1 to 3. */
  strength: number | null;
  note: string | null;
  /** Shown again to measure agreement: it makes no pair. */
  repeat: boolean;
  /**
   * Null: the answers were shown side by side. "choice": an app says which of two was kept, so left and right mean
   * nothing. "edit": the better answer is the other one, corrected by a user of the app.
   */
  how: (typeof HOW)[number] | null;
  /** From the moment when the pair was shown. */
  seconds: number | null;
}

/** One answer, alone. */
export interface ThumbEvent extends Common {
  type: "thumb";
  prompt: Content;
  side: Side;
  thumb: "up" | "down";
  note: string | null;
}

/** Takes back an event. */
export interface UndoEvent extends Common {
  type: "undo";
  of: string;
}

/** The file of pairs is about to be written with this content: tells it from one that another program wrote. */
export interface WroteEvent extends Common {
  type: "wrote";
  rows: number;
  sha256: string;
}

export type JudgingEvent = VerdictEvent | ThumbEvent;
export type PreferenceEvent = JudgingEvent | UndoEvent | WroteEvent;
/** An event without what the record adds to it; absent fields are null. */
export type NewEvent = Unstamped<VerdictEvent> | Unstamped<ThumbEvent>;
type Unstamped<E extends JudgingEvent> = Pick<E, "type"> & Partial<Omit<E, "type" | "id" | "time">>;

/** Strengths of a verdict. */
export const STRONGEST = 3;

const content: ValueCheck = {
  expected: "a text or a list of messages",
  accepts: (value) => typeof value === "string" || isMessages(value),
};
const strength: ValueCheck = {
  expected: `an integer from 1 to ${STRONGEST}`,
  accepts: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= STRONGEST,
};

const COMMON: Record<string, ValueCheck> = { id: text, time: text, annotator: nullable(text) };
const SIDE: Record<string, ValueCheck> = {
  answer: content,
  source: nullable(text),
  tokens: nullable(integerFrom(0)),
  settings: nullable(options),
};
const side: ValueCheck = { expected: "an object with answer, source, tokens, settings", accepts: options.accepts };

/** The fields of each type of event. */
const FIELDS: Record<PreferenceEvent["type"], Record<string, ValueCheck>> = {
  verdict: {
    ...COMMON,
    prompt: content,
    left: side,
    right: side,
    verdict: oneOf(...VERDICTS),
    edit: nullable(content),
    strength: nullable(strength),
    note: nullable(text),
    repeat: bool,
    how: nullable(oneOf(...HOW)),
    seconds: nullable(numberFrom0),
  },
  thumb: { ...COMMON, prompt: content, side, thumb: oneOf("up", "down"), note: nullable(text) },
  undo: { ...COMMON, of: text },
  wrote: { ...COMMON, rows: integerFrom(0), sha256: text },
};
const SIDES = ["left", "right", "side"];

/** Fields that are absent from lines where they have these values. */
const DEFAULTS: Readonly<Record<string, unknown>> = { repeat: false };

/**
 * An event from the object of a line; unknown fields, which a later version may write, are dropped.
 * @throws PrefineError("config") for wrong fields, and combinations that mean nothing.
 */
export function eventOf(value: Record<string, unknown>): PreferenceEvent {
  checkValue("type", value.type, oneOf(...Object.keys(FIELDS)));
  const type = value.type as PreferenceEvent["type"];
  const fields = readFields(value, FIELDS[type], "");
  for (const name of SIDES) {
    if (name in FIELDS[type]) fields[name] = readFields(fields[name] as Record<string, unknown>, SIDE, `${name}.`);
  }
  const event = { type, ...fields } as unknown as PreferenceEvent;
  checkTogether(event);
  return event;
}

function readFields(value: Record<string, unknown>, checks: Record<string, ValueCheck>, where: string) {
  return Object.fromEntries(
    Object.entries(checks).map(([name, check]) => {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      const field = given ?? DEFAULTS[name] ?? null;
      checkValue(`${where}${name}`, field === null && !check.accepts(null) ? undefined : field, check);
      return [name, field];
    }),
  );
}

/** The texts of an event are all texts, or all messages. */
export function kindOf(event: JudgingEvent): "text" | "messages" {
  return typeof event.prompt === "string" ? "text" : "messages";
}

function checkTogether(event: PreferenceEvent): void {
  if (event.type !== "verdict" && event.type !== "thumb") return;
  const sides = event.type === "verdict" ? { left: event.left.answer, right: event.right.answer } : {};
  const answers = event.type === "verdict" ? { ...sides, edit: event.edit } : { side: event.side.answer };
  const isWanted = (value: Content | null) =>
    value === null || (typeof value === "string") === (kindOf(event) === "text");
  const expected = kindOf(event) === "text" ? "a text" : "a list of messages";
  for (const [name, answer] of Object.entries(answers)) {
    const check = { expected: `${expected}, as the prompt is`, accepts: isWanted as ValueCheck["accepts"] };
    checkValue(name, answer, check);
  }
  if (event.type !== "verdict") return;
  const isDecided = event.verdict === "left" || event.verdict === "right";
  for (const name of ["edit", "strength"] as const) {
    if (event[name] === null || isDecided) continue;
    const found = `${describeValue(event[name])} with the verdict ${event.verdict}`;
    checkValue(name, found, { expected: "none unless one answer is better", accepts: () => false });
  }
}

/** The object of a line, without fields that say nothing. */
export function fieldsOf(event: PreferenceEvent): Record<string, unknown> {
  const isSaid = ([name, value]: [string, unknown]) => value !== null && value !== DEFAULTS[name];
  const said = (object: object) => Object.fromEntries(Object.entries(object).filter(isSaid));
  const fields = said(event);
  for (const name of SIDES) if (name in fields) fields[name] = said(fields[name] as Side);
  return fields;
}
