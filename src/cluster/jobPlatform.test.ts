/** @file What the ranks of a machine share: its memory, one turn at downloading, the storage of rank 0. */
import { expect, test } from "vitest";
import { fakeRanks } from "../../test/support/fakeRanks.ts";
import { availableMemory } from "../device/memory.ts";
import { nodeStorage } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";
import { openJobPlatform } from "./jobPlatform.ts";

const open = () => Promise.all(fakeRanks(3).map((ranks) => openJobPlatform(ranks, nodeStorage)));

test("a rank may take its share of the memory that is free, as the poorest machine has it", async () => {
  const platforms = await open();
  const [{ memory }] = platforms;
  expect(memory.available()).toBeGreaterThan(0);
  expect(memory.available()).toBeLessThan(availableMemory() / 2); // a third, but for what other processes took since
  for (const platform of platforms) {
    expect(platform.memory.available()).toBe(memory.available());
    const need = { what: "the training", parts: { weights: 1e15 }, total: 1e15, advice: "Take fewer ranks." };
    expect(() => platform.memory.refuseBeyond(need)).toThrow(
      /^the training on each of 3 ranks of a machine needs about .* of memory, .* are free: weights /,
    );
  }
});

test("one rank of a machine loads before the others, also where it fails", async () => {
  const platforms = await open();
  const order: number[] = [];
  const load = (rank: number) => async () => {
    await new Promise((resolve) => setTimeout(resolve, rank === 0 ? 20 : 0));
    order.push(rank);
    if (rank === 0) throw new PrefineError("io", "no network");
    return rank;
  };
  const ends = await Promise.allSettled(platforms.map(({ inTurn }, rank) => inTurn(load(rank))));
  expect(order[0]).toBe(0);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
});
