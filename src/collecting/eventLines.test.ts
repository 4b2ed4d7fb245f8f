/** @file Lines of a record: every field comes back, changes are noticed, torn lines differ from damaged ones. */
import { describe, expect, test } from "vitest";
import { sideOf, verdictEvent } from "../../test/support/preferenceEvents.ts";
import { EventReader, lineOf, TORN } from "./eventLines.ts";
import { eventOf, type PreferenceEvent } from "./events.ts";

const STAMP = { id: "1", time: "2026-12-01T12:00:00.000Z", annotator: "ann" };
const EVENTS: PreferenceEvent[] = [
  verdictEvent(),
  verdictEvent({
    ...STAMP,
    prompt: [{ role: "user", content: "\u2028 \u0000 😀 \ud800", n: 5 }],
    left: { ...sideOf([{ role: "assistant", content: "" }], "base", 0), settings: { temperature: 0.7, seed: 1 } },
    right: sideOf([{ role: "assistant", content: "B" }], "dpo", 3),
    edit: [{ role: "assistant", content: "C" }],
    strength: 2,
    note: "a note\nof two lines",
    repeat: true,
    seconds: 1.25,
  }),
  eventOf({ type: "thumb", ...STAMP, prompt: "Q", side: sideOf("A"), thumb: "down" }),
  eventOf({ type: "undo", ...STAMP, of: "0" }),
  eventOf({ type: "wrote", ...STAMP, rows: 3, sha256: "ab" }),
];
const bytesOf = (text: string) => new TextEncoder().encode(text);

function readAll(...texts: string[]) {
  const reader = new EventReader("pairs.events.jsonl");
  const events: PreferenceEvent[] = [];
  const used = texts.map((text) => reader.read(bytesOf(text), (event) => events.push(event)));
  reader.end();
  return { events, used, changed: reader.changed, torn: reader.torn };
}

test("every field comes back; what is absent is short", () => {
  const text = EVENTS.map(lineOf).join("");
  expect(readAll(text)).toEqual({ events: EVENTS, used: [bytesOf(text).length], changed: [], torn: [] });
  expect(lineOf(EVENTS[0])).not.toContain("null");
  expect(readAll(`\ufeff${text.replaceAll("\n", "\r\n\n")}`)).toMatchObject({ events: EVENTS, changed: [] });
});

test("a line without its end waits for it, at any byte", () => {
  const [whole, second] = [EVENTS[3], EVENTS[0]].map((event) => bytesOf(lineOf(event)));
  for (let cut = 0; cut < second.length; cut++) {
    const reader = new EventReader("pairs.events.jsonl");
    const events: PreferenceEvent[] = [];
    const both = Uint8Array.from([...whole, ...second]);
    const used = reader.read(both.subarray(0, whole.length + cut), (event) => events.push(event));
    expect([used, events.length]).toEqual([whole.length, 1]);
    reader.read(both.subarray(used), (event) => events.push(event));
    expect(events).toEqual([EVENTS[3], EVENTS[0]]);
  }
});

test("a torn line is skipped where the next line says so, cut at any byte", () => {
  const [one, other] = EVENTS.map(lineOf);
  for (let cut = 1; cut < one.length - 1; cut++) {
    const { events, torn } = readAll(`${one.slice(0, cut)}\n${TORN}${other}`);
    expect([events.length, torn]).toEqual([1, [1]]);
  }
  // whole but for its end, or being written by another process: nothing is lost
  for (const text of [one.trimEnd(), one]) {
    expect(readAll(`${text}\n${TORN}${other}`)).toMatchObject({ events: EVENTS.slice(0, 2), torn: [] });
  }
});

describe("lines that another program wrote or changed", () => {
  test.each([
    ["another verdict", (line: string) => line.replace('"verdict":"left"', '"verdict":"tie"')],
    ["other spaces", (line: string) => line.replaceAll('":', '": ')],
    ["no checksum", (line: string) => line.replace(/,"sum":"\w+"/, "")],
    ["a field after it", (line: string) => line.replace("}\n", ',"more":1}\n')],
  ])("%s: counts, and is noticed", (_, change) => {
    const lines = [lineOf(EVENTS[0]), change(lineOf(EVENTS[0])), lineOf(EVENTS[3])];
    expect(lines[1]).not.toBe(lines[0]);
    const { events, changed } = readAll(lines.join(""));
    expect([events.length, changed]).toEqual([3, [2]]);
  });

  test.each([
    ["text", "hello\n", "line 2: expected JSON, found"],
    ["a torn line that nothing explains", `${lineOf(EVENTS[0]).slice(0, 40)}\n`, "line 2: expected JSON, found"],
    ["a list", "[1]\n", "line 2: expected an object"],
    ["a pair", '{"prompt":"Q","chosen":"A","rejected":"B"}\n', "type: expected one of verdict, thumb, undo, wrote"],
    ["a later version's", '{"type":"star"}\n', 'type: expected one of verdict, thumb, undo, wrote, found "star"'],
    ["no id", '{"type":"undo","of":"1","time":""}\n', "id: expected a text, found nothing"],
    ["__proto__", '{"__proto__":{"type":"undo"}}\n', "type: expected one of"],
  ])("%s: is refused, with its line", (_, line, message) => {
    for (const after of ["", lineOf(EVENTS[3])]) {
      const read = () => readAll(lineOf(EVENTS[0]) + line + after);
      expect(read).toThrow("pairs.events.jsonl: line 2: expected");
      expect(read).toThrow(message);
    }
  });
});

describe("events that mean nothing", () => {
  test.each<[object, string]>([
    [{ verdict: "better" }, 'verdict: expected one of left, right, tie, both good, both bad, skip, found "better"'],
    [{ left: sideOf([{ role: "assistant", content: "" }]) }, "left: expected a text, as the prompt is, found a list"],
    [{ edit: [{ role: "assistant", content: "" }] }, "edit: expected a text, as the prompt is, found a list"],
    [{ prompt: [] }, "prompt: expected a text or a list of messages, found an empty list"],
    [{ strength: 4 }, "strength: expected an integer from 1 to 3, or null, found 4"],
    [{ strength: 1, verdict: "tie" }, "strength: expected none unless one answer is better"],
    [{ edit: "A", verdict: "skip" }, "edit: expected none unless one answer is better"],
    [{ left: { answer: "A", source: 5 } }, "left.source: expected a text, or null, found 5"],
    [{ left: "A" }, "left: expected an object with answer, source, tokens, settings"],
    [{ repeat: "yes" }, "repeat: expected true or false"],
    [{ seconds: -1 }, "seconds: expected a number of at least 0"],
    [{ how: "guess" }, "how: expected one of choice, edit, or null"],
  ])("%j", (fields, message) => {
    expect(() => verdictEvent(fields)).toThrow(message);
  });
});
