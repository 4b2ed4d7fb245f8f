/** @file NEFTune's noise: alpha / root(L d) with transformers' L, the same in both passes of whole-batch losses. */
import { expect, test } from "vitest";
import { toyPairs } from "../../test/support/toyPairs.ts";
import type { HostTensor, Session } from "../engine/runtime/device.ts";
import type { GradientPass, TrainedTensors } from "../learner/trainedTensors.ts";
import { accumulateBatch, type StepParts } from "./accumulateBatch.ts";
import { LOGPS } from "./batchGraph.ts";
import { SCORES } from "./pairGraphs.ts";

const CHANNELS = 48;
const pairs = toyPairs(3);
const referenceLogps = pairs.map(() => ({ chosen: -1, rejected: -1 }));

/** A session that records its feeds and answers with zeros. */
function recording(outputs: Record<string, number>) {
  const fed: Record<string, string | HostTensor>[] = [];
  const run = async (feeds: Record<string, string | HostTensor>) => {
    fed.push(feeds);
    const zeros = (length: number) => ({ dtype: "float32", shape: [length], data: new Float32Array(length) });
    return new Map(Object.entries(outputs).map(([name, length]) => [name, zeros(length)]));
  };
  const session = { run } as unknown as Session;
  return { fed, session, pass: { session, gradients: [] } };
}

/** Only runs the given session. */
const trained = {
  addGradients: ({ session }: GradientPass, feeds: Record<string, string | HostTensor>) => session.run(feeds),
} as unknown as TrainedTensors;
const loss = recording({ loss: 1, ...Object.fromEntries(LOGPS.map((name) => [`by.${name}`, pairs.length])) }).session;
const parts = { trained, weightFeeds: {}, seed: 1, ldAlpha: null, noise: { alpha: 5, channels: CHANNELS } };

async function accumulate(graphs: StepParts["graphs"], changes: Partial<StepParts> = {}) {
  await accumulateBatch({ ...parts, graphs, ...changes }, { pairs, referenceLogps, scale: 1, dropoutStep: 3 });
}

const numberOf = (feeds: Record<string, string | HostTensor>, name: string) =>
  Number((feeds[name] as HostTensor | undefined)?.data[0]);

test("the noise size is alpha / root(padded length x channels), the same for the whole batch", async () => {
  const step = recording({ loss: 1, scores: SCORES.length });
  await accumulate({ training: { step: step.pass }, loss });
  // rows [prompt | chosen] and [prompt | rejected], all padded to the longest: transformers' output.size(1)
  const lengths = pairs.flatMap((pair) => [pair.chosenLength, pair.rejectedLength].map((n) => pair.sharedLength + n));
  expect(new Set(lengths).size).toBeGreaterThan(1);
  const expected = Math.fround(5 / Math.sqrt(Math.max(...lengths) * CHANNELS));
  expect(step.fed.map((feeds) => numberOf(feeds, "noiseSize"))).toEqual(pairs.map(() => expected));
  expect(new Set(step.fed.map((feeds) => numberOf(feeds, "dropoutSeed"))).size).toBe(pairs.length);
});

test("both passes of a whole-batch loss have the same noise", async () => {
  const [score, pullback] = [recording({ scores: SCORES.length }), recording({})];
  await accumulate({ training: { score: score.session, pullback: pullback.pass }, loss });
  const drawn = ({ fed }: ReturnType<typeof recording>) =>
    fed.map((feeds) => [numberOf(feeds, "noiseSize"), numberOf(feeds, "dropoutSeed")]);
  expect(drawn(score)).toHaveLength(pairs.length);
  expect(drawn(pullback)).toEqual(drawn(score));
});

test("feeds no noise without neftune_noise_alpha", async () => {
  const step = recording({ loss: 1, scores: SCORES.length });
  await accumulate({ training: { step: step.pass }, loss }, { noise: null });
  expect(step.fed.filter((feeds) => "noiseSize" in feeds)).toEqual([]);
});
