/** @file Whether a bag of words tells chosen answers from rejected ones: logistic regression, cross-validated. */
import { Mt19937 } from "../../random.ts";

/** Pairs in the sample, drawn from all: a million more change the third digit of the area. */
const SAMPLE = 4000;
const FEWEST = 50;
const FOLDS = 5;
const PASSES = 3;
/** Words share this many weights. */
const WEIGHTS = 1 << 16;
const RATE = 0.1;

interface Bag {
  /** Numbers of the weights of its words, each once. */
  words: Uint16Array;
  isChosen: boolean;
  fold: number;
}

/** A sample of the pairs that are added, and the area under the curve of a classifier of its answers. */
export function separability() {
  const random = new Mt19937(17);
  const pairs: [Bag, Bag][] = [];
  let seen = 0;
  return {
    /** @param prompt its hash: answers to one prompt are in one fold. */
    add(chosen: readonly number[], rejected: readonly number[], prompt: number): void {
      const at = seen < SAMPLE ? seen : random.uint32() % (seen + 1);
      seen++;
      if (at >= SAMPLE) return;
      const bag = (words: readonly number[], isChosen: boolean): Bag => {
        return {
          words: Uint16Array.from(new Set(words.map((word) => word % WEIGHTS))),
          isChosen,
          fold: prompt % FOLDS,
        };
      };
      pairs[at] = [bag(chosen, true), bag(rejected, false)];
    },
    /** In [0, 1]; 0.5: words tell nothing. Undefined for fewer than 50 pairs, or prompts too alike for folds. */
    auc(): number | undefined {
      if (pairs.length < FEWEST) return undefined;
      const order = new Mt19937(17).randperm(pairs.length);
      const bags = Array.from(order, (i) => pairs[i]).flat();
      const folds = Array.from({ length: FOLDS }, (_, fold) => bags.filter((bag) => bag.fold === fold));
      if (folds.some((fold) => fold.length === 0)) return undefined;
      const areas = folds.map((held, fold) => {
        const weights = weightsOf(bags.filter((bag) => bag.fold !== fold));
        return areaUnderCurve(held.map((bag) => ({ score: scoreOf(bag, weights), isChosen: bag.isChosen })));
      });
      return areas.reduce((sum, area, fold) => sum + area * folds[fold].length, 0) / bags.length;
    },
  };
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
