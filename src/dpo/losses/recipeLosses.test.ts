/** @file The losses that recipes name by several keys, from the keys to values and gradients: against torch. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { host } from "../../../test/support/runGraph.ts";
import { DPOConfig, type DPOConfigInput } from "../../config/DPOConfig.ts";
import { openDevice } from "../../device/openDevice.ts";
import { objectiveOf } from "../../training/prepare/models.ts";
import { batchLossGraph } from "../batchGraph.ts";
import { needsReference, needsWinRates } from "./losses.ts";

interface Fixture {
  versions: { torch: string };
  inputs: Record<string, number[]>;
  cases: { name: string; keys: DPOConfigInput; loss: number; gradients: Record<string, number[]> }[];
}
const path = new URL("../../../test/fixtures/recipe-losses.json", import.meta.url);
const { versions, inputs, cases }: Fixture = JSON.parse(readFileSync(path, "utf8"));

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

describe(`losses of torch ${versions.torch}`, () => {
  it("has cases of all three", () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(["rpo", "sppo", "simpo"]));
  });

  it.each(cases)("$name with $keys", async ({ keys, loss, gradients }) => {
    const objective = objectiveOf(DPOConfig({ bf16: false, ...keys }));
    const types = objective.losses.map(({ type }) => type);
    const session = await device.open(batchLossGraph(objective), "loss");
    const column = (name: string) => host(inputs[name], [inputs[name].length], "float32");
    const names = ["chosenLogps", "rejectedLogps", "chosenLength", "rejectedLength"];
    if (needsReference(types)) names.push("referenceChosen", "referenceRejected");
    if (needsWinRates(types)) names.push("chosenWins", "rejectedWins");
    const meanTokens = inputs.chosenLength.reduce((sum, length) => sum + length, 0) / inputs.chosenLength.length;
    const outputs = await session.run({
      ...Object.fromEntries(names.map((name) => [name, column(name)])),
      plainChosenLogps: column("chosenLogps"),
      meanChosenTokens: host([meanTokens], [], "float32"),
    });
    const by = (name: string) => outputs.get(`by.${name}`)?.data as Float32Array;
    expect(Number(outputs.get("loss")?.data[0]) / loss).toBeCloseTo(1, 6);
    for (const [i, expected] of gradients.chosenLogps.entries())
      expect((by("chosenLogps")[i] + by("plainChosenLogps")[i]) / expected).toBeCloseTo(1, 5);
    for (const [i, expected] of gradients.rejectedLogps.entries())
      expect(by("rejectedLogps")[i] / expected).toBeCloseTo(1, 5);
  });
});
