/**
 * @file Logits and every parameter's gradient against transformers, for every forward/NAME.safetensors of the reference
 * values, with models/NAME. PREFINE_REFERENCE names another folder of the same layout.
 */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/device/openDevice.ts";
import { pairFeeds } from "../../src/dpo/pairFeeds.ts";
import { packedGraphInputs, stepGraph } from "../../src/dpo/pairGraphs.ts";
import { div, gemm, input, mul, tanh } from "../../src/engine/graph/index.ts";
import { lowerGraph } from "../../src/engine/onnx/lower.ts";
import { buildNetwork } from "../../src/models/buildNetwork.ts";
import { packedAttention } from "../../src/models/packedAttention.ts";
import { loadModel } from "../../src/pretrained/loadModel.ts";
import { wholeGradient } from "../support/gradients.ts";
import { objective } from "../support/objective.ts";
import { packedPair } from "../support/packedPair.ts";
import { host } from "../support/runGraph.ts";
import {
  hasReference,
  isElsewhere,
  largestDifference,
  needsReference,
  readTensors,
  referenceFolder,
  referenceNames,
} from "../support/shared.ts";

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

const names = referenceNames("forward", ".safetensors");

describe.skipIf(!hasReference)(`forward and backward of one pair${needsReference}`, () => {
  test.skipIf(isElsewhere)("there are five models", () => expect(names).toHaveLength(5));
  test.each(names)("%s: logits and every gradient", async (name) => {
    const expected = readTensors(join(referenceFolder, "forward", `${name}.safetensors`));
    const ids = (key: string) => Array.from(expected.get(key)?.data as BigInt64Array, Number);
    const model = await loadModel(join(referenceFolder, "models", name));
    await device.load([...model.weights]);
    const pair = packedPair(ids("prompt_ids"), ids("chosen_ids"), ids("rejected_ids"));
    const names = [...model.architecture.parameters.keys()];
    const weights = Object.fromEntries(names.map((key) => [key, key]));
    const plain = { adapter: null, frozenHead: false, ldAlpha: null, useWeighting: false };
    const options = { architecture: model.architecture, ...plain };

    const inputs = packedGraphInputs();
    const net = buildNetwork(model.architecture, {
      adapter: null,
      attend: packedAttention(inputs.positions, inputs.sizes),
    });
    const { tokens, positions } = inputs;
    const hidden = model.architecture.forward(net, { tokens, positions, rows: input("rows", tokens.shape, "int32") });
    const products = gemm(hidden, net.weight(model.architecture.head), null, { transB: true });
    const cap = model.architecture.logitsCap;
    const bounded = cap === undefined ? products : mul(tanh(div(products, cap)), cap);
    const logitsSession = await device.open(lowerGraph({ logits: bounded }), "logits");
    const all = host([...pair.tokens.keys()], [pair.tokens.length], "int32");
    const logitsRun = await logitsSession.run({ ...weights, ...pairFeeds(pair), rows: all });
    const logits = logitsRun.get("logits")?.data as Float32Array;
    const rows = (from: number, to: number) =>
      logits.subarray(from * model.architecture.vocabSize, to * model.architecture.vocabSize);
    const { sharedLength: s, chosenLength: c } = pair;
    const chosen = expected.get("logits.chosen")?.data as Float32Array;
    const rejected = expected.get("logits.rejected")?.data as Float32Array;
    const promptSize = s * model.architecture.vocabSize;
    expect(largestDifference(rows(0, s + c), chosen).difference).toBeLessThan(1e-4);
    expect(largestDifference(rows(s + c, pair.tokens.length), rejected.subarray(promptSize)).difference).toBeLessThan(
      1e-4,
    );

    const graph = stepGraph({ ...options, dropout: false, trainable: names }, objective());
    const step = await device.open(graph, "step");
    const feeds = {
      ...weights,
      ...pairFeeds(pair),
      referenceChosen: host([3], [1]),
      referenceRejected: host([0], [1]),
    };
    const outputs = await step.run(feeds);
    const loss = Number(expected.get("loss")?.data[0]);
    expect(Math.abs(Number(outputs.get("loss")?.data[0]) - loss)).toBeLessThan(5e-6 * Math.max(1, loss));
    for (const key of names) {
      const reference = expected.get(`grad.${key}`)?.data as Float32Array;
      const { difference, scale } = largestDifference(
        wholeGradient(graph, outputs, { tensor: key, size: reference.length }),
        reference,
      );
      expect(difference, key).toBeLessThan(1e-4 * scale);
    }
    expect([...expected.keys()].filter((key) => key.startsWith("grad.")).length).toBe(names.length);
  });
});
