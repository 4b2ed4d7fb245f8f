/**
 * @file Every loss on a batch of unequal pairs: its value against the same formula in plain numbers, its derivative
 * against central differences in float64, and its exact value for cases with a closed form.
 */
import { afterAll, describe, expect, test } from "vitest";
import { objective } from "../../../test/support/objective.ts";
import { evaluate, gradientError, host, inputLike } from "../../../test/support/runGraph.ts";
import { LOSS_NAMES, type LossName, lossesWith, lossTraits } from "../../config/options/lossTypes.ts";
import { openDevice } from "../../device/openDevice.ts";
import type { HostTensor } from "../../engine/runtime/device.ts";
import type { DivergenceType } from "./divergence.ts";
import { losses, needsReference, rewardKind } from "./losses.ts";
import { type Objective, objectiveLoss } from "./objective.ts";

const device = await openDevice({ threads: 1 });
afterAll(() => device.dispose());

/** Five pairs; no two margins or log-ratios are equal, some answers gained and some lost. */
const PAIRS = {
  chosenLogps: [-20.5, -31.25, -8.5, -40.75, -12.125],
  rejectedLogps: [-22.25, -28.5, -9.25, -35.5, -18.75],
  referenceChosen: [-21.75, -30.125, -8.875, -43.5, -11.5],
  referenceRejected: [-21.5, -29.625, -7.125, -36.875, -17.25],
  plainChosenLogps: [-24.5, -31.25, -8.5, -50.25, -14.125],
  chosenLength: [11, 17, 3, 25, 6],
  rejectedLength: [12, 9, 5, 20, 8],
  chosenWins: [0.9, 0.75, 0.5, 1, 0.625],
  rejectedWins: [0.25, 0.5, 0, 0.375, 0.125],
};
type Column = keyof typeof PAIRS;
type Columns = Record<Column, number[]>;
const mapped = <A, B>(from: Record<string, A>, change: (value: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value, name)]));
const columnsOf = (change: (values: number[], name: string) => number[]) => mapped(PAIRS, change) as Columns;
const MEAN_CHOSEN_TOKENS = 12.5;
const LOGPS = ["chosenLogps", "rejectedLogps", "plainChosenLogps"] as const;

/** The objective as a graph over the columns: [B]. */
function build(goal: Objective, x: Record<string, ReturnType<typeof inputLike>>, weight: boolean) {
  const free = !needsReference(goal.losses.map(({ type }) => type));
  const pairs = {
    chosenLogps: x.chosenLogps,
    rejectedLogps: x.rejectedLogps,
    plainChosenLogps: x.plainChosenLogps,
    chosenLength: x.chosenLength,
    rejectedLength: x.rejectedLength,
    meanChosenTokens: x.meanChosenTokens,
    winRates: { chosen: x.chosenWins, rejected: x.rejectedWins },
    referenceLogps: free ? null : { chosen: x.referenceChosen, rejected: x.referenceRejected },
  };
  return objectiveLoss(pairs, weight ? x.weight : null, goal);
}

function feeds(columns: Columns, weight?: number[]): Record<string, HostTensor> {
  return {
    ...mapped(columns, (values) => host(values, [values.length], "float64")),
    meanChosenTokens: host([MEAN_CHOSEN_TOKENS], [], "float64"),
    ...(weight ? { weight: host(weight, [weight.length], "float64") } : {}),
  };
}

async function lossesOf(goal: Objective, columns: Columns = PAIRS, weight?: number[]): Promise<number[]> {
  const given = feeds(columns, weight);
  const x = mapped(given, (value, name) => inputLike(name, value));
  const actual = await evaluate(device, { perPair: build(goal, x, !!weight) }, given);
  return Array.from(actual.get("perPair")?.data as Float64Array);
}

// The formulas again in plain numbers, one pair at a time. ---------------------------------------------------------

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** -log sigmoid(x). */
const nls = (x: number) => Math.log1p(Math.exp(-x));
const smooth = (x: number, e: number) => (1 - e) * nls(x) + e * nls(-x);

interface Pair {
  /** Log-ratios. */
  w: number;
  l: number;
  /** Scores under the divergence. */
  ws: number;
  ls: number;
  chosen: number;
  rejected: number;
  nw: number;
  nl: number;
  nll: number;
  pw: number;
  pl: number;
}
const logOdds = (x: number) => x - Math.log1p(-Math.exp(x));

const FORMULAS: Record<Exclude<LossName, "aot" | "aot_unpaired">, (p: Pair, o: Objective) => number> = {
  sigmoid: ({ ws, ls }, { beta }) => nls(beta * (ws - ls)),
  cdpo: ({ ws, ls }, { beta, labelSmoothing: e }) => smooth(beta * (ws - ls), e),
  hinge: ({ ws, ls }, { beta }) => Math.max(0, 1 - beta * (ws - ls)),
  ipo: ({ ws, ls, nw, nl }, { beta }) => (ws / nw - ls / nl - 1 / (2 * beta)) ** 2,
  sigmoid_norm: ({ ws, ls, nw, nl }, { beta }) => nls(beta * (ws / nw - ls / nl)),
  exo_pair: ({ ws, ls }, { beta, labelSmoothing: e }) => {
    const q = sigmoid(beta * (ws - ls));
    return q * Math.log(q / (1 - e)) + (1 - q) * Math.log((1 - q) / e); // KL(q || p)
  },
  robust: ({ ws, ls }, { beta, labelSmoothing: e }) => {
    const x = beta * (ws - ls);
    return ((1 - e) * nls(x) - e * nls(-x)) / (1 - 2 * e);
  },
  discopop: ({ ws, ls }, { beta, discopopTau }) => {
    const x = beta * (ws - ls);
    const blend = sigmoid(x / discopopTau);
    return (1 - blend) * nls(x) + blend * Math.exp(-x);
  },
  dpop: ({ w, l }, { beta, dpopLambda }) => nls(beta * (w - l - dpopLambda * Math.max(0, -w))),
  nca_pair: ({ w, l }, { beta }) => nls(beta * w) + 0.5 * nls(-beta * w) + 0.5 * nls(-beta * l),
  bco_pair: ({ w, l }, { beta }) => nls(beta * w) + nls(-beta * l),
  sppo_hard: ({ w, l }, { beta }) => (w - 0.5 / beta) ** 2 + (l + 0.5 / beta) ** 2,
  sppo: ({ w, l, pw, pl }, { beta }) => ((w - (pw - 0.5) / beta) ** 2 + (l - (pl - 0.5) / beta) ** 2) / 2,
  apo_zero: ({ w, l }, { beta }) => 1 - sigmoid(beta * w) + sigmoid(beta * l),
  apo_down: ({ w, l }, { beta }) => sigmoid(beta * w) + 1 - sigmoid(beta * (w - l)),
  sft: ({ nll }) => nll,
  simpo: ({ chosen, rejected, nw, nl }, { beta, simpoGamma }) => nls(beta * (chosen / nw - rejected / nl) - simpoGamma),
  orpo: ({ chosen, rejected, nw, nl, nll }, { beta }) =>
    nll + beta * nls(logOdds(chosen / nw) - logOdds(rejected / nl)),
  cpo: ({ chosen, rejected, nll }, { beta, cpoAlpha }) => nls(beta * (chosen - rejected)) + cpoAlpha * nll,
};

const score = (t: number, { type, alpha }: Objective["divergence"]): number =>
  ({
    reverse_kl: Math.log(t),
    forward_kl: 1 - 1 / t,
    js_divergence: Math.log((2 * t) / (t + 1)),
    alpha_divergence: alpha === 1 ? Math.log(t) : (t ** (alpha - 1) - 1) / (alpha - 1),
  })[type];

function pairsOf(columns: Columns, { divergence }: Objective): Pair[] {
  return columns.chosenLogps.map((chosen, i) => {
    const rejected = columns.rejectedLogps[i];
    const [w, l] = [chosen - columns.referenceChosen[i], rejected - columns.referenceRejected[i]];
    const [ws, ls] = [w, l].map((ratio) => score(Math.exp(ratio), divergence));
    const [nw, nl] = [columns.chosenLength[i], columns.rejectedLength[i]];
    const [pw, pl] = [columns.chosenWins[i], columns.rejectedWins[i]];
    return { w, l, ws, ls, chosen, rejected, nw, nl, nll: -columns.plainChosenLogps[i] / MEAN_CHOSEN_TOKENS, pw, pl };
  });
}

const ascending = (values: number[]) => values.toSorted((a, b) => a - b);

function expected(type: LossName, goal: Objective): number[] {
  const pairs = pairsOf(PAIRS, goal);
  const { beta, labelSmoothing } = goal;
  if (type !== "aot" && type !== "aot_unpaired") return pairs.map((pair) => FORMULAS[type](pair, goal));
  const margins = ascending(pairs.map(({ chosen, rejected }) => chosen - rejected));
  const referenceMargins = ascending(PAIRS.referenceChosen.map((chosen, i) => chosen - PAIRS.referenceRejected[i]));
  const [w, l] = [ascending(pairs.map((pair) => pair.w)), ascending(pairs.map((pair) => pair.l))];
  const deltas = type === "aot" ? margins.map((m, i) => m - referenceMargins[i]) : w.map((x, i) => x - l[i]);
  return deltas.map((delta) => smooth(beta * delta, labelSmoothing));
}

const cases: [name: string, type: LossName, changes: Partial<Objective>][] = [
  ...LOSS_NAMES.filter((type) => type !== "exo_pair").map((type): (typeof cases)[number] => [type, type, {}]),
  ...lossesWith("smoothing").map((type): (typeof cases)[number] => [
    `${type}, label_smoothing 0.15`,
    type,
    { labelSmoothing: 0.15, beta: 0.3 },
  ]),
  ...lossesWith("divergences").flatMap((type) =>
    (["forward_kl", "js_divergence", "alpha_divergence"] as DivergenceType[]).map(
      (divergence): (typeof cases)[number] => [
        `${type}, ${divergence}`,
        type,
        { divergence: { type: divergence, alpha: 1.7 }, labelSmoothing: 0.1 },
      ],
    ),
  ),
  ["alpha_divergence at its limit", "sigmoid", { divergence: { type: "alpha_divergence", alpha: 1 } }],
  ["alpha_divergence below 1", "ipo", { divergence: { type: "alpha_divergence", alpha: -0.5 } }],
];

test.each(cases)("%s: value and derivative", async (_, type, changes) => {
  const goal = objective(type, changes);
  const values = expected(type, goal);
  expect(values.every(Number.isFinite)).toBe(true);
  const actual = await lossesOf(goal);
  for (const [i, value] of values.entries()) expect(actual[i]).toBeCloseTo(value, 10);
  const error = await gradientError(device, feeds(PAIRS), [...LOGPS], (x) => build(goal, x, false), 1e-5);
  expect(error).toBeLessThan(1e-7);
});

describe("the table's traits of a loss match its formula", () => {
  const goal = (type: LossName, changes: Partial<Objective> = {}) =>
    objective(type, { beta: 0.3, labelSmoothing: 0.1, ...changes });
  /** Whether any pair's loss differs. */
  const differs = (a: number[], b: number[]) => b.some((value, i) => Math.abs(value - a[i]) > 1e-9);
  /** Options that only one loss reads: its trait `reads` names the option. */
  const { losses: _, beta, labelSmoothing, divergence, ldAlpha, useWeighting, ...own } = objective();
  const OWN_OPTIONS = Object.keys(own);
  const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  test("every loss has a formula", () => {
    expect(Object.keys(losses), "the order of lossTypes.ts").toEqual(LOSS_NAMES);
  });

  test.each(LOSS_NAMES)("%s", async (type) => {
    const traits = lossTraits(type);
    const usual = await lossesOf(goal(type));
    const alone = await lossesOf(
      goal(type),
      columnsOf((values) => values.slice(0, 2)),
    );
    expect(differs(usual, alone), "sorts").toBe(traits.sorts === true);
    const moved = columnsOf((values, name) => (name === "referenceChosen" ? values.map((x) => x - 1) : values));
    const isFree = traits.referenceFree !== undefined || type === "sft";
    expect(differs(usual, await lossesOf(goal(type), moved)), "reference").toBe(!isFree);
    const won = columnsOf((values, name) => (name === "chosenWins" ? values.map((rate) => rate / 2) : values));
    expect(differs(usual, await lossesOf(goal(type), won)), "win rates").toBe(traits.winRates === true);
    const smoothed = await lossesOf(goal(type, { labelSmoothing: 0.2 }));
    expect(differs(usual, smoothed), "label_smoothing").toBe(traits.smoothing === true);
    const flat = await lossesOf(goal(type, { beta: 0 }));
    expect(!flat.every(Number.isFinite), "divides by beta").toBe(traits.dividesByBeta === true);
    for (const name of OWN_OPTIONS) {
      const other = await lossesOf(goal(type, { [name]: 0.77 }));
      expect(differs(usual, other), `reads ${name}`).toBe(name === camelCase(traits.reads ?? ""));
    }
  });

  test("rewards are log-ratios if any of several losses needs the reference; else the first decides", () => {
    expect(rewardKind(["simpo", "sigmoid"])).toBe("logratios");
    expect(rewardKind(["sft"])).toBe("logratios");
    expect(rewardKind(["cpo", "simpo"])).toBe("logps");
    expect(rewardKind(["orpo", "cpo"])).toBe("averaged logps");
  });
});

test("several losses: their sum weighted by loss_weights, times the pairs' weights", async () => {
  const types = ["sigmoid", "bco_pair", "aot", "sft"] as const;
  const shares = [0.8, -0.2, 1, 2.5];
  const goal = objective("sigmoid", { losses: types.map((type, i) => ({ type, weight: shares[i] })) });
  const weight = [0.5, 2, 1, 0.25, 3];
  const actual = await lossesOf(goal, PAIRS, weight);
  for (const [i, value] of actual.entries()) {
    const sum = types.reduce((total, type, k) => total + shares[k] * expected(type, goal)[i], 0);
    expect(value).toBeCloseTo(weight[i] * sum, 10);
  }
  const error = await gradientError(device, feeds(PAIRS, weight), [...LOGPS], (x) => build(goal, x, true), 1e-5);
  expect(error).toBeLessThan(1e-7);
});

describe("with equal policy and reference", () => {
  const start: Columns = { ...PAIRS, chosenLogps: PAIRS.referenceChosen, rejectedLogps: PAIRS.referenceRejected };
  const beta = 0.25;
  const closedForms: [LossName, number][] = [
    ["sigmoid", Math.LN2],
    ["cdpo", Math.LN2],
    ["robust", Math.LN2],
    ["hinge", 1],
    ["ipo", 4], // (1 / (2 beta))^2
    ["sigmoid_norm", Math.LN2],
    ["nca_pair", 2 * Math.LN2],
    ["bco_pair", 2 * Math.LN2],
    ["sppo_hard", 8], // 2 (1 / (2 beta))^2
    ["aot", Math.LN2],
    ["aot_unpaired", Math.LN2],
    ["apo_zero", 1],
    ["apo_down", 1],
    ["discopop", (Math.LN2 + 1) / 2],
    ["dpop", Math.LN2],
  ];
  test.each(closedForms)("%s is %d for every pair", async (type, value) => {
    const goal = objective(type, { beta, labelSmoothing: type === "robust" || type === "cdpo" ? 0.2 : 0 });
    for (const actual of await lossesOf(goal, start)) expect(actual).toBeCloseTo(value, 12);
  });

  test.each(LOSS_NAMES)("%s starts at ln 2 if the table says so", async (type) => {
    const values = await lossesOf(objective(type, { beta, labelSmoothing: 0.1 }), start);
    expect(values.every((value) => Math.abs(value - Math.LN2) < 1e-9)).toBe(lossTraits(type).startsAtLn2 === true);
  });

  test("the slope by the chosen answer is -beta / 2 for DPO, half with smoothing 1/4, twice for robust", async () => {
    for (const [type, labelSmoothing, slope] of [
      ["sigmoid", 0.25, -beta / 2], // ignores label_smoothing
      ["cdpo", 0.25, -beta / 4],
      ["robust", 0.25, -beta], // (1 - e) (-beta / 2) - e (beta / 2), over 1 - 2 e
    ] as const) {
      const h = 1e-4;
      const moved = (by: number) => ({ ...start, chosenLogps: start.chosenLogps.map((value) => value + by) });
      const goal = objective(type, { beta, labelSmoothing });
      const [up, down] = [await lossesOf(goal, moved(h)), await lossesOf(goal, moved(-h))];
      expect((up[0] - down[0]) / (2 * h)).toBeCloseTo(slope, 6);
    }
  });
});

test("margins of hundreds never overflow, not even in float32, but for discopop's exp(-x)", async () => {
  const far = columnsOf((values, name) => (/Logps/.test(name) ? values.map((v) => v * 40) : values));
  const given = mapped(feeds(far), ({ data, shape }) => host(Array.from(data, Number), shape));
  for (const type of LOSS_NAMES.filter((name) => name !== "discopop")) {
    const goal = objective(type, { beta: 0.5, labelSmoothing: 0.1 });
    const x = mapped(given, (value, name) => inputLike(name, value));
    const actual = await evaluate(device, { perPair: build(goal, x, false) }, given);
    expect(Array.from(actual.get("perPair")?.data as Float32Array).every(Number.isFinite), type).toBe(true);
  }
});
