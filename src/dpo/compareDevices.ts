/** @file Compares the loss and gradients of one pair on a device with those on the CPU: refuses what differs. */
import type { PackedPair } from "../data/preferences/types.ts";
import { PrefineError } from "../errors.ts";
import { largest } from "../lists.ts";
import type { EngineLearner } from "./engineLearner.ts";

/** Of the loss, relative: the same as between the CPU and PyTorch. */
const LOSS_TOLERANCE = 5e-5;
/** Of a tensor's gradient, relative to its largest number. */
const GRADIENT_TOLERANCE = 1e-4;
/**
 * Relative to the largest number of all gradients: what is smaller than this is the rounding of sums that cancel. The
 * gradient of a key's bias is 0 but for that.
 */
const ROUNDING = 1e-6;

/** A pass over one pair: the loss, and the gradient of each trained tensor. */
interface Pass {
  loss: number;
  gradients: Map<string, Float32Array>;
}

/**
 * Cost: a pass on each device, and the gradients in memory twice. Leaves the weights as they are.
 * @param devices.tested under the name `where`. @param devices.cpu of the same options and weights.
 * @throws PrefineError("training") that names what differs most.
 */
export async function compareDevices(
  { tested, cpu, where }: { tested: EngineLearner; cpu: EngineLearner; where: string },
  pair: PackedPair,
): Promise<void> {
  const reference = cpu.rewards === "logratios" ? [await cpu.referenceLogps(pair)] : null;
  const [expected, actual] = [await passOf(cpu, pair, reference), await passOf(tested, pair, reference)];
  const off = Math.abs(actual.loss - expected.loss);
  if (!(off <= LOSS_TOLERANCE * Math.abs(expected.loss))) {
    throw refused(where, `expected the CPU's loss of a pair, ${expected.loss}, found ${actual.loss}`);
  }
  const worst = worstOf(expected.gradients, actual.gradients);
  if (worst.excess <= 1) return;
  const { name, difference, largest } = worst;
  const found = `numbers that differ by up to ${difference.toExponential(1)}`;
  const size = `the largest is ${largest.toExponential(1)}`;
  throw refused(where, `expected the CPU's gradient of ${name} for a pair, found ${found} (${size})`);
}

async function passOf(
  learner: EngineLearner,
  pair: PackedPair,
  reference: Parameters<EngineLearner["accumulate"]>[1],
): Promise<Pass> {
  const { loss } = await learner.accumulate([pair], reference, { scale: 1, dropoutStep: 0 });
  const gradients = new Map<string, Float32Array>();
  for (const { name } of learner.trainable) gradients.set(name, await learner.readGradient(name));
  learner.clearGradients();
  return { loss, gradients };
}

/** The tensor furthest beyond its tolerance; `excess` is in tolerances, infinite for a number that is not finite. */
function worstOf(expected: Pass["gradients"], actual: Pass["gradients"]) {
  const largestOf = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const largestOfAll = largest([...expected.values()].map(largestOf), 0);
  let worst = { name: "", excess: 0, difference: 0, largest: 0 };
  for (const [name, values] of expected) {
    const found = actual.get(name) as Float32Array;
    const largest = largestOf(values);
    const difference = largestOf(values.map((value, i) => (Number.isFinite(found[i]) ? found[i] - value : Infinity)));
    const tolerance = Math.max(GRADIENT_TOLERANCE * largest, ROUNDING * largestOfAll);
    const excess = difference === 0 ? 0 : difference / tolerance;
    if (excess > worst.excess) worst = { name, excess, difference, largest };
  }
  return worst;
}

function refused(where: string, difference: string): PrefineError {
  const hint =
    "Training there would follow wrong gradients: unset PREFINE_EXECUTION_PROVIDERS to train on the CPU. " +
    "On NVIDIA's GPUs, NVIDIA_TF32_OVERRIDE=0 makes products exact.";
  return new PrefineError("training", `${where}: ${difference}`, hint);
}
