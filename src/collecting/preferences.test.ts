/** @file Events -> pairs: which verdicts count, and what they amount to. */
import { describe, expect, test } from "vitest";
import { sideOf, swappedEvent, verdictEvent } from "../../test/support/preferenceEvents.ts";
import { eventOf, type PreferenceEvent, VERDICTS } from "./events.ts";
import { Preferences } from "./preferences.ts";
import { statisticsOf } from "./statistics.ts";

function recordOf(...events: PreferenceEvent[]): Preferences {
  const preferences = new Preferences();
  for (const event of events) preferences.add(event);
  return preferences;
}
const rowsOf = (preferences: Preferences) => [...preferences.lines()].map((line) => JSON.parse(line));
const pair = (chosen: unknown, rejected: unknown, prompt: unknown = "Q") => ({ prompt, chosen, rejected });
const undoOf = ({ id }: { id: string }) => eventOf({ type: "undo", id: `undo ${id}`, time: "", of: id });
const thumbOf = (answer: string, thumb: "up" | "down", annotator: string | null = null) =>
  eventOf({
    type: "thumb",
    id: `${answer} ${thumb} ${annotator}`,
    time: "",
    prompt: "Q",
    side: sideOf(answer),
    thumb,
    annotator,
  });

describe("one annotator", () => {
  test("left and right make a pair; tie, both good, both bad and skip are counted and make none", () => {
    const events = VERDICTS.map((verdict, i) => verdictEvent({ verdict, prompt: `Q${i}` }));
    const preferences = recordOf(...events);
    expect(rowsOf(preferences)).toEqual([pair("A", "B", "Q0"), pair("B", "A", "Q1")]);
    expect(statisticsOf(preferences).verdicts).toEqual(Object.fromEntries(VERDICTS.map((verdict) => [verdict, 1])));
  });

  test("the latest verdict on two answers counts, on whichever sides they were shown", () => {
    const preferences = recordOf(verdictEvent(), swappedEvent({ verdict: "left" }));
    expect(rowsOf(preferences)).toEqual([pair("B", "A")]);
    preferences.add(verdictEvent({ verdict: "tie" }));
    expect(rowsOf(preferences)).toEqual([]);
  });

  test("an edited answer is better than the answer as it was", () => {
    const preferences = recordOf(verdictEvent({ verdict: "right", edit: "B, corrected", strength: 3, note: "why" }));
    expect(rowsOf(preferences)).toEqual([pair("B, corrected", "B")]);
    expect(statisticsOf(preferences)).toMatchObject({ edits: 1, pairs: 1 });
  });

  test("an edit that changes nothing, and equal answers, make no pair", () => {
    const same = verdictEvent({ left: sideOf("A"), right: sideOf("A") });
    expect(rowsOf(recordOf(verdictEvent({ edit: "A" }), same))).toEqual([]);
  });

  test("any number of steps can be taken back; verdicts before them count again", () => {
    const events = [verdictEvent(), verdictEvent({ verdict: "right" }), verdictEvent({ prompt: "Q2" })];
    const preferences = recordOf(...events);
    const states = [rowsOf(preferences)];
    for (let latest = preferences.latestOf(null); latest; latest = preferences.latestOf(null)) {
      preferences.add(undoOf(latest));
      states.push(rowsOf(preferences));
    }
    expect(states).toEqual([[pair("B", "A"), pair("A", "B", "Q2")], [pair("B", "A")], [pair("A", "B")], []]);
    preferences.add(undoOf(events[0])); // once more
    expect(rowsOf(preferences)).toEqual([]);
  });

  test("repeats make no pair; they measure agreement with oneself and a liking for a side", () => {
    const repeat = true;
    const preferences = recordOf(
      verdictEvent(),
      swappedEvent({ repeat }), // A again
      verdictEvent({ prompt: "Q2" }),
      swappedEvent({ prompt: "Q2", repeat, verdict: "left" }), // left again: B now
      verdictEvent({ prompt: "Q3", verdict: "tie" }),
      swappedEvent({ prompt: "Q3", repeat, verdict: "both good" }),
      verdictEvent({ prompt: "Q4", verdict: "skip" }),
      swappedEvent({ prompt: "Q4", repeat }),
      swappedEvent({ prompt: "Q5", repeat }), // of nothing
    );
    expect(rowsOf(preferences)).toEqual([pair("A", "B"), pair("A", "B", "Q2")]);
    const { self_agreement } = statisticsOf(preferences);
    expect(self_agreement).toEqual({ n: 3, equal: 2, left_twice: 1, right_twice: 0 });
  });

  test("messages stay messages, with all their fields", () => {
    const prompt = [
      { role: "system", content: "S" },
      { role: "user", content: "Q", name: "n" },
    ];
    const [left, right] = ["A", "B"].map((content) => sideOf([{ role: "assistant", content }]));
    const preferences = recordOf(verdictEvent({ prompt, left, right }));
    expect(rowsOf(preferences)).toEqual([pair(left.answer, right.answer, prompt)]);
    expect(() => preferences.add(verdictEvent())).toThrow("prompt: expected messages, as in the events before it");
  });
});

describe("several annotators", () => {
  test("the majority decides; a draw makes no pair", () => {
    const preferences = recordOf(
      verdictEvent({ annotator: "ann" }),
      swappedEvent({ annotator: "ben", verdict: "left" }),
    );
    expect(rowsOf(preferences)).toEqual([]);
    expect(statisticsOf(preferences)).toMatchObject({ contested: 1, pairs: 0 });
    preferences.add(swappedEvent({ annotator: "cy" }));
    expect(rowsOf(preferences)).toEqual([pair("A", "B")]);
    preferences.add(swappedEvent({ annotator: "dee", verdict: "tie" }));
    expect(rowsOf(preferences)).toEqual([pair("A", "B")]);
  });

  test("an edit of one and a plain verdict of another both make a pair; equal edits make one", () => {
    const edit = "A, corrected";
    const preferences = recordOf(verdictEvent({ annotator: "ann", edit }), swappedEvent({ annotator: "ben" }));
    expect(rowsOf(preferences)).toEqual([pair("A", "B"), pair(edit, "A")]);
    preferences.add(swappedEvent({ annotator: "ben", edit }));
    expect(rowsOf(preferences)).toEqual([pair(edit, "A")]);
  });

  test("each takes back events of their own", () => {
    const [one, other] = [verdictEvent({ annotator: "ann" }), verdictEvent({ annotator: "ben", prompt: "Q2" })];
    const preferences = recordOf(one, other);
    expect(preferences.latestOf("ann")).toEqual(one);
    expect(preferences.latestOf(null)).toBeUndefined();
  });

  test("their agreement is over pairs that both judged and did not skip", () => {
    const both = (prompt: string, verdicts: readonly ("left" | "right" | "tie" | "skip" | "both bad")[]) =>
      verdicts.map((verdict, i) => verdictEvent({ prompt, verdict, annotator: ["ann", "ben"][i] }));
    const preferences = recordOf(
      ...both("1", ["left", "left"]),
      ...both("2", ["right", "left"]),
      ...both("3", ["tie", "both bad"]),
      ...both("4", ["left", "skip"]),
      ...both("5", ["left"]),
    );
    const [agreement, ...others] = statisticsOf(preferences).agreement;
    expect(others).toEqual([]);
    // observed 2/3; expected (1/3 * 2/3) + (1/3 * 0) + (1/3 * 1/3) = 1/3
    expect(agreement).toMatchObject({ annotators: ["ann", "ben"], n: 3, agreement: 2 / 3 });
    expect(agreement.kappa).toBeCloseTo(0.5, 14);
  });
});

describe("thumbs", () => {
  test("answers that were liked are paired with those that were not, each once", () => {
    const preferences = recordOf(thumbOf("A", "up"), thumbOf("B", "up"), thumbOf("C", "down"));
    expect(rowsOf(preferences)).toEqual([pair("A", "C")]);
    preferences.add(thumbOf("D", "down"));
    expect(rowsOf(preferences)).toEqual([pair("A", "C"), pair("B", "D")]);
    preferences.add(undoOf({ id: "A up null" }));
    expect(rowsOf(preferences)).toEqual([pair("B", "C")]);
    expect(statisticsOf(preferences).thumbs).toEqual({ up: 1, down: 2 });
  });

  test("of one annotator the latest counts, of several the majority", () => {
    const preferences = recordOf(thumbOf("A", "down"), thumbOf("A", "up"), thumbOf("B", "down"));
    expect(rowsOf(preferences)).toEqual([pair("A", "B")]);
    preferences.add(thumbOf("A", "down", "ann"));
    expect(rowsOf(preferences)).toEqual([]);
  });
});

describe("statistics of sides and lengths", () => {
  test("left: of verdicts for one of two that were shown; longer: where lengths differ", () => {
    const { left, longer } = statisticsOf(
      recordOf(
        verdictEvent({ left: sideOf("longer answer"), prompt: "1" }),
        verdictEvent({ left: sideOf("many 😀😀"), right: sideOf("many xyz"), prompt: "2" }), // 7 characters, and 8
        verdictEvent({ prompt: "3" }), // equally long
        verdictEvent({ left: sideOf("short", null, 9), right: sideOf("much longer", null, 5), prompt: "4" }), // in tokens
        verdictEvent({ left: sideOf("an app's"), how: "choice", prompt: "5" }),
        verdictEvent({ left: sideOf("an edit"), how: "edit", prompt: "6" }),
        verdictEvent({ verdict: "tie", prompt: "7" }),
        verdictEvent({ verdict: "right", prompt: "8" }),
      ),
    );
    expect(left).toMatchObject({ n: 5, share: 4 / 5 });
    expect(longer).toMatchObject({ n: 4, share: 3 / 4 });
  });
});
