/** @file Events of a record of preferences, for tests: what was said of answers A and B to a prompt. */
import { eventOf, type Side, type VerdictEvent } from "../../src/collecting/events.ts";

let made = 0;

export const sideOf = (answer: Side["answer"], source: string | null = null, tokens: number | null = null): Side => ({
  answer,
  source,
  tokens,
  settings: null,
});

/** A verdict on A and B, with A on the left. */
export function verdictEvent(fields: Partial<VerdictEvent> = {}): VerdictEvent {
  const stamp = { id: `event ${made++}`, time: "2026-12-01T12:00:00.000Z" };
  const texts = { prompt: "Q", left: sideOf("A"), right: sideOf("B"), verdict: "left" };
  return eventOf({ type: "verdict", ...stamp, ...texts, ...fields }) as VerdictEvent;
}

/** The same answers with sides swapped: a verdict for A is one for the right. */
export function swappedEvent(fields: Partial<VerdictEvent> = {}): VerdictEvent {
  return verdictEvent({ left: sideOf("B"), right: sideOf("A"), verdict: "right", ...fields });
}
