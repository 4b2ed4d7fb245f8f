/** @file linearLogps in blocks of words: its sums against plain ones, and replaced rows, bit for bit. */
import { afterAll, expect, test } from "vitest";
import { host, inputLike, numbers } from "../../../../test/support/runGraph.ts";
import { openDevice } from "../../../device/openDevice.ts";
import { lowerGraph } from "../../onnx/lower.ts";
import * as ops from "../index.ts";
import { input } from "../tensor.ts";

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

test.each([
  [5, null],
  [20_000, null],
  [5, 0.7],
  [20_000, 0.7],
])("linearLogps: sums over %i words with the cap %j", async (words, cap) => {
  const [h, w] = [host(numbers(6, 3), [2, 3]), host(numbers(3 * words, 4), [words, 3])];
  const ids = host([1, 4], [2], "int32");
  const inputs = { h: inputLike("h", h), w: inputLike("w", w), ids: inputLike("ids", ids) };
  const { correct: _, ...asked } = ops.linearLogps(inputs.h, inputs.w, inputs.ids, { cap });
  await device.put([["words", w]]); // blocks of a weight are views of a stored tensor
  const session = await device.open(lowerGraph(asked), "logps");
  const outputs = await session.run({ h, w: "words", ids });
  for (const row of [0, 1]) {
    const logits = Array.from({ length: words }, (_, v) => {
      const product = [0, 1, 2].reduce((sum, c) => sum + Number(h.data[3 * row + c]) * Number(w.data[3 * v + c]), 0);
      return cap === null ? product : cap * Math.tanh(product / cap);
    });
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const total = sum(logits.map(Math.exp));
    const p = logits.map((logit) => Math.exp(logit) / total);
    const expected = {
      logps: logits[Number(ids.data[row])] - Math.log(total),
      entropy: -sum(p.map((share) => share * Math.log(share))),
      logSquares: Math.log(sum(p.map((share) => share ** 2))),
      ...(cap === null ? {} : { meanLogits: sum(logits) / words }),
    };
    for (const [name, value] of Object.entries(expected)) {
      expect(outputs.get(name)?.data[row], name).toBeCloseTo(value, 5);
    }
    expect(Object.keys(asked).sort()).toEqual(Object.keys(expected).sort());
  }
});

test("linearLogps with replaced rows equals linearLogps of the patched matrix, bit for bit", async () => {
  const words = 20_000; // three blocks
  const [h, w] = [host(numbers(12, 3), [4, 3]), host(numbers(3 * words, 4), [words, 3])];
  const [rows, ids, labels] = [
    numbers(15, 5),
    [19_999, 0, 6_667, 12, 6_666],
    host([12, 4, 19_999, 6_666], [4], "int32"),
  ];
  const put = Float32Array.from(w.data as Float32Array);
  for (const [k, id] of ids.entries()) put.set(rows.slice(3 * k, 3 * k + 3), 3 * id);
  await device.put([
    ["plain", w],
    ["put", { ...w, data: put }],
  ]);
  const runs = [];
  for (const patch of [null, { ids, rows: input("rows", [5, 3]) }]) {
    const graph = ops.linearLogps(inputLike("h", h), inputLike("w", w), inputLike("labels", labels), { patch });
    const session = await device.open(lowerGraph({ ...graph }), "patched");
    const feeds = { h, w: patch ? "plain" : "put", labels, ...(patch ? { rows: host(rows, [5, 3]) } : {}) };
    runs.push([...(await session.run(feeds))].map(([name, { data }]) => [name, [...data]]));
  }
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[0]).toHaveLength(4);
});
