/** @file Ranks that were given other settings, data or weights are refused, on all of them. */
import { expect, test } from "vitest";
import { fakeRanks } from "../../test/support/fakeRanks.ts";
import { refuseOtherRuns } from "./sameRun.ts";

const compare = (given: (Record<string, unknown> | null)[]) => {
  const ranks = fakeRanks(given.length);
  return Promise.allSettled(given.map((own, rank) => refuseOtherRuns(ranks[rank], own)));
};

test("equal values pass, also where a rank leaves them to another one", async () => {
  const run = { prefine: "0.1.0", lora: { r: 8 }, max_steps: -1, none: undefined };
  for (const { status } of await compare([run, { ...run }, null])) expect(status).toBe("fulfilled");
});

test.each([
  [{ lora: { r: 4 } }, "lora.r: 8 -> 4"],
  [{ lora: { r: 8 }, prefine: "0.2.0" }, 'prefine: none -> "0.2.0"'],
  [{ lora: { r: 8 }, text: "x".repeat(9999) }, 'text: none -> "xxxx'],
])("%j", async (other, found) => {
  for (const end of await compare([{ lora: { r: 8 } }, { lora: { r: 8 } }, other])) {
    expect(end.status).toBe("rejected");
    const { message } = (end as PromiseRejectedResult).reason as Error;
    expect(message).toContain(`expected the same run on all ranks, found (rank 0 -> rank 2) ${found}`);
  }
});
