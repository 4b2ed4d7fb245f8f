/** @file Whether a bag of words tells chosen answers from rejected ones: logistic regression, cross-validated. */

import { smallest } from "../../lists.ts";
import { Mt19937 } from "../../random.ts";
import type { ExaminedRow } from "./check.ts";
import { NearIndex, type Signature, signatureOf } from "./minhash.ts";

/** Pairs in the sample, drawn from all: a million more change the third digit of the area. */
const SAMPLE = 4000;
const FEWEST = 50;
const FOLDS = 5;
const PASSES = 3;
/** Words share this many weights. */
const WEIGHTS = 1 << 16;
const RATE = 0.1;

/** Pairs that are near duplicates are one of these; a cross-validation needs several per fold. */
const FEWEST_GROUPS = 20;
/** Words of both answers from which they are grouped by likeness; fewer are alike by chance. */
const LONG_ANSWERS = 20;

interface Bag {
  /** Numbers of the weights of its words, each once. */
  words: Uint16Array;
  isChosen: boolean;
  fold: number;
}

interface Sampled {
  chosen: Uint16Array;
  rejected: Uint16Array;
  /** Hash of the prompt. */
  prompt: number;
  /** Of prompt and answers, and of the answers alone where they are long. */
  signatures: Signature[];
}

/** A sample of the pairs that are added, and the area under the curve of a classifier of its answers. */
export function separability() {
  const random = new Mt19937(17);
  const pairs: Sampled[] = [];
  let seen = 0;
  const bag = bagMaker();
  return {
    add({ words: { chosen, rejected }, keys, signature }: ExaminedRow): void {
      const at = seen < SAMPLE ? seen : random.uint32() % (seen + 1);
      seen++;
      if (at >= SAMPLE) return;
      const isLong = chosen.length + rejected.length >= LONG_ANSWERS;
      const signatures = [signature(), ...(isLong ? [signatureOf([chosen, rejected])] : [])];
      pairs[at] = { chosen: bag(chosen), rejected: bag(rejected), prompt: keys.prompt, signatures };
    },
    /** In [0, 1]; 0.5: words tell nothing. Undefined for fewer than 50 pairs, or pairs too alike for folds. */
    auc(): number | undefined {
      if (pairs.length < FEWEST) return undefined;
      const groups = groupsOf(pairs);
      if (new Set(groups).size < FEWEST_GROUPS) return undefined;
      const order = new Mt19937(17).randperm(pairs.length);
      const foldOf = foldsOf(groups);
      const bags = Array.from(order, (i): [Bag, Bag] => {
        const fold = foldOf.get(groups[i]) ?? 0;
        const { chosen, rejected } = pairs[i];
        return [
          { words: chosen, isChosen: true, fold },
          { words: rejected, isChosen: false, fold },
        ];
      }).flat();
      const folds = Array.from({ length: FOLDS }, (_, fold) => bags.filter((bag) => bag.fold === fold));
      const areas = folds.map((held, fold) => {
        const weights = weightsOf(bags.filter((bag) => bag.fold !== fold));
        return areaUnderCurve(held.map((bag) => ({ score: scoreOf(bag, weights), isChosen: bag.isChosen })));
      });
      return areas.reduce((sum, area, fold) => sum + area * folds[fold].length, 0) / bags.length;
    },
  };
}

/** Makes the numbers of the weights of words, each once. */
function bagMaker(): (words: Uint32Array) => Uint16Array {
  const madeFor = new Uint32Array(WEIGHTS);
  let calls = 0;
  return (words) => {
    calls++;
    const bag = new Uint16Array(words.length);
    let count = 0;
    for (let i = 0; i < words.length; i++) {
      const number = words[i] % WEIGHTS;
      if (madeFor[number] === calls) continue;
      madeFor[number] = calls;
      bag[count++] = number;
    }
    return bag.slice(0, count);
  };
}

/** Pair -> group: pairs with one prompt, and near duplicates, are learned by heart from one another. */
function groupsOf(pairs: readonly Sampled[]): number[] {
  const parents = pairs.map((_, i) => i);
  const root = (i: number): number => {
    while (parents[i] !== i) {
      parents[i] = parents[parents[i]];
      i = parents[i];
    }
    return i;
  };
  const byPrompt = new Map<number, number>();
  const near = [new NearIndex(), new NearIndex()];
  for (const [i, { prompt, signatures }] of pairs.entries()) {
    const matches = [byPrompt.get(prompt), ...signatures.map((one, k) => near[k].find(one))];
    for (const match of matches) if (match !== undefined) parents[root(i)] = root(match);
    byPrompt.set(prompt, i);
    for (const [k, one] of signatures.entries()) near[k].add(one, i);
  }
  return pairs.map((_, i) => root(i));
}

/** Group -> fold, the largest groups first into the smallest folds. */
function foldsOf(groups: readonly number[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const filled = new Array<number>(FOLDS).fill(0);
  const folds = new Map<number, number>();
  for (const [group, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
    const fold = filled.indexOf(smallest(filled));
    filled[fold] += size;
    folds.set(group, fold);
  }
  return folds;
}

function scoreOf({ words }: Bag, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += weights[words[i]];
  return sum;
}

/** Logistic regression by AdaGrad. [65536] */
function weightsOf(bags: readonly Bag[]): Float64Array {
  const weights = new Float64Array(WEIGHTS);
  const squares = new Float64Array(WEIGHTS).fill(1e-8);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const bag of bags) {
      const slope = (bag.isChosen ? 1 : 0) - 1 / (1 + Math.exp(-scoreOf(bag, weights)));
      for (let i = 0; i < bag.words.length; i++) {
        const word = bag.words[i];
        squares[word] += slope * slope;
        weights[word] += (RATE * slope) / Math.sqrt(squares[word]);
      }
    }
  }
  return weights;
}

/** The odds that a chosen answer scores above a rejected one; ties count half (Mann and Whitney's U). */
function areaUnderCurve(scored: { score: number; isChosen: boolean }[]): number {
  const sorted = scored.toSorted((a, b) => a.score - b.score);
  const chosen = sorted.filter(({ isChosen }) => isChosen).length;
  let ranks = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end].score === sorted[start].score) end++;
    const rank = (start + 1 + end) / 2; // the mean of the ranks from 1 of those with this score
    for (let i = start; i < end; i++) if (sorted[i].isChosen) ranks += rank;
    start = end;
  }
  return (ranks - (chosen * (chosen + 1)) / 2) / (chosen * (sorted.length - chosen));
}
