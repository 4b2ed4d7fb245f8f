/** @file What a rank learns of the others before each call: the same call, another one, or an error. */
import { expect, test } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { PrefineError } from "../../errors.ts";
import type { Collectives } from "./collectives.ts";
import { errorOf, Meeting } from "./meeting.ts";
import { partsOf } from "./protocol.ts";

const bytes = (...numbers: number[]) => new Uint8Array(Float64Array.from(numbers).buffer);
const [FAIL, GATHER, SHARE, LEAVE] = [0, 2, 4, 5];

/** Rank 0 of two; `theirs` is what rank 1 gives, call by call. */
function meetingWith(...theirs: Uint8Array[]) {
  const gather = (own: Uint8Array) => {
    const other = new Uint8Array(own.length);
    other.set(theirs.shift() as Uint8Array);
    const all = new Uint8Array(2 * own.length);
    all.set(own);
    all.set(other, own.length);
    return all;
  };
  const world = { rank: 0, size: 2 } as Collectives["world"];
  return { meeting: new Meeting({ world, gather } as Collectives), isDone: () => theirs.length === 0 };
}

const text = (error: unknown) => new TextEncoder().encode(JSON.stringify(error));
const theirError = { name: "PrefineError", code: "data", message: "row 7: no text", hint: "Fix it." };
const failing = (error: object) => [bytes(FAIL, 0), bytes(text(error).length), text(error)];

test("the same call with the same amount is made", () => {
  const { meeting, isDone } = meetingWith(bytes(GATHER, 3), bytes(SHARE, 0));
  meeting.before("gather", 3);
  meeting.before("share");
  expect(isDone()).toBe(true);
});

test.each([
  ["another call", bytes(SHARE, 0), /found gather \(3\) on rank 0 and share \(0\) on rank 1/],
  ["another amount", bytes(GATHER, 4), /found gather \(3\) on rank 0 and gather \(4\) on rank 1/],
])("%s is an error", async (_, head, message) => {
  const { meeting } = meetingWith(head);
  const found = await failure(Promise.resolve().then(() => meeting.before("gather", 3)));
  expect(found).toMatchObject({ code: "config", message: expect.stringMatching(message) });
});

test("an error of another rank is thrown by every call, until this one has ended its work, too", () => {
  const { meeting, isDone } = meetingWith(...failing(theirError), bytes(GATHER, 1));
  const attempt = () => meeting.before("gather", 1);
  expect(attempt).toThrow("rank 1: row 7: no text");
  expect(attempt).toThrow("rank 1: row 7: no text");
  expect(errorOf(meeting.fail({ name: "Error", message: "rank 1: row 7: no text" }))).toMatchObject({
    ...{ code: "data", message: "rank 1: row 7: no text", hint: "Fix it." },
  });
  attempt();
  expect(isDone()).toBe(true);
});

test("an error of its own reaches the others at their next call; of several, the first rank's is that of all", () => {
  const own = partsOf(new PrefineError("io", "the disk is full"));
  for (const theirs of [[bytes(GATHER, 1), bytes(4), text(null)], failing(theirError)]) {
    const { meeting, isDone } = meetingWith(...theirs);
    expect(meeting.fail(own)).toEqual({ rank: 0, error: JSON.parse(JSON.stringify(own)) });
    expect(isDone()).toBe(true);
  }
});

test.each([
  ["of the operating system", { name: "Error", code: "ENOSPC", message: "no space" }, "io"],
  ["of no known kind", { name: "TypeError", message: "internal: undefined" }, "training"],
])("an error %s", (_, error, code) => {
  expect(errorOf({ rank: 3, error })).toMatchObject({ code, message: `rank 3: ${error.message}` });
});

test("a rank leaves once the others do, whatever they meet before", () => {
  const { meeting, isDone } = meetingWith(bytes(GATHER, 1), ...failing(theirError), bytes(LEAVE, 0));
  meeting.end();
  expect(isDone()).toBe(true);
});
