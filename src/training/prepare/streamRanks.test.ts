/** @file How ranks share a stream, against accelerate (scripts/make_stream_ranks_fixture.py); resuming it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import { fakeRanks } from "../../../test/support/fakeRanks.ts";
import { IterableDataset } from "../../data/datasets/iterableDataset.ts";
import type { DeviceRanks } from "../../engine/runtime/device.ts";
import { planTraining, rowsOf } from "../plan.ts";
import type { PairSource } from "../run.ts";
import { openStreamPairs } from "./streamPairs.ts";

interface Case {
  files: number[][];
  ranks: number;
  batch_size: number;
  drop_last: boolean;
  steps: ["skip" | "take", number][];
  /** By rank: batches of each of six passes. */
  passes: number[][][][];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/stream-ranks.json", import.meta.url), "utf8"),
) as { cases: Case[] };

function streamOf({ files, steps }: Pick<Case, "files" | "steps">): IterableDataset {
  const rowOf = (i: number) => ({ prompt: `row ${i}:`, chosen: " yes", rejected: " no" });
  const whole = IterableDataset.of(
    "train",
    files.map((file) => ({ rows: () => file.map(rowOf) })),
    null,
  );
  return steps.reduce((rows, [name, n]) => rows[name](n), whole);
}

const tokenizer = byteTokenizer();
const nothing = () => {};
const observer = { info: nothing, warn: nothing, status: nothing };

function openPart(part: Pick<Case, "files" | "steps" | "batch_size" | "drop_last">, ranks: DeviceRanks | undefined) {
  return openStreamPairs(streamOf(part), {
    split: "train",
    tokenizer,
    ranks,
    batchSize: part.batch_size,
    dropLast: part.drop_last,
    max_length: 64,
    truncation_mode: "keep_start",
    modelVocabSize: 257,
    observer: observer as never,
  } as Parameters<typeof openStreamPairs>[1]);
}

interface Walk {
  epochs: number;
  /** To begin after so many steps of an epoch, and what was given before. */
  from?: { epoch: number; step: number; given: string };
}

/** The rows of a rank's batches, epoch by epoch. */
async function walk(
  pairs: PairSource,
  { rank, ranks, batchSize }: { rank: number; ranks: number; batchSize: number },
  { epochs, from }: Walk,
) {
  const options = {
    num_train_epochs: 1,
    max_steps: 1000,
    per_device_train_batch_size: batchSize,
    gradient_accumulation_steps: 1,
  };
  const plan = planTraining(Number.POSITIVE_INFINITY, { ...options, ranks });
  const given: string[][] = [];
  const batches: number[][][] = [];
  if (from) pairs.resumeAfter?.(from.given);
  for (let epoch = from?.epoch ?? 0; epoch < epochs; epoch++) {
    const own: number[][] = [];
    const hashes: string[] = [];
    for (let step = epoch === from?.epoch ? from.step : 0, more = true; more; step++) {
      const batch = await pairs.pairs(rowsOf(plan, step, null, rank), epoch);
      own.push(batch.map(({ tokens }) => Number(/row (\d+):/.exec(tokenizer.decode([...tokens]))?.[1])));
      more = (await pairs.hasMore?.()) ?? false;
      hashes.push(pairs.givenHash ?? "");
    }
    batches.push(own);
    given.push(hashes);
  }
  return { batches, given };
}
type Walked = Awaited<ReturnType<typeof walk>>;

async function walkAll(part: Case, walks: (rank: number) => Walk): Promise<Walked[]> {
  const job = fakeRanks(part.ranks);
  return Promise.all(
    job.map(async (ranks, rank) => {
      const pairs = await openPart(part, ranks);
      return walk(pairs, { rank, ranks: part.ranks, batchSize: part.batch_size }, walks(rank));
    }),
  );
}

/**
 * accelerate's batches, epochs being those of rank 0: a rank with files of its own that end before continues with its
 * next pass. Where the batches of a step differ in size, each short one is filled with the first rows of its pass.
 */
function expected({ passes, batch_size }: Case, epochs: number): number[][][][] {
  const own = passes.map((rank) => rank.flatMap((pass) => pass.map((batch) => ({ batch, first: pass.flat() }))));
  let at = 0;
  const all: number[][][][] = passes.map(() => []);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const rank of all) rank.push([]);
    for (const _ of passes[0][epoch]) {
      const step = own.map((batches) => batches[at]);
      const isSame = step.every(({ batch }) => batch.length === step[0].batch.length);
      for (const [rank, { batch, first }] of step.entries()) {
        const fill = isSame ? 0 : batch_size - batch.length;
        all[rank][epoch].push([...batch, ...Array.from({ length: fill }, (_, i) => first[i % first.length])]);
      }
      at++;
    }
  }
  return all;
}

const nameOf = ({ files, ranks, batch_size, drop_last, steps }: Case) =>
  `files of ${files.map(({ length }) => length).join(", ")} rows on ${ranks} ranks, batches of ${batch_size}` +
  `${drop_last ? ", drop_last" : ""}${steps.map(([name, n]) => `, ${name} ${n}`).join("")}`;

describe.each(cases.map((one) => [nameOf(one), one] as const))("%s", (_name, part) => {
  const epochs = 2;

  test("the rows of all ranks are accelerate's", async () => {
    const walked = await walkAll(part, () => ({ epochs }));
    expect(walked.map(({ batches }) => batches)).toEqual(expected(part, epochs));
  });

  test("a run that is resumed after any step has the same rows", async () => {
    const whole = await walkAll(part, () => ({ epochs }));
    for (const [epoch, batches] of whole[0].batches.entries()) {
      for (let step = 1; step <= batches.length; step++) {
        const isEnd = step === batches.length;
        const next = isEnd ? { epoch: epoch + 1, step: 0 } : { epoch, step };
        const from = { ...next, given: whole[0].given[epoch][step - 1] };
        const rest = await walkAll(part, () => ({ epochs, from }));
        const left = whole.map(({ batches }) =>
          batches.slice(next.epoch).map((one, i) => (i === 0 ? one.slice(next.step) : one)),
        );
        expect(rest.map(({ batches }) => batches)).toEqual(left);
      }
    }
  });
});
