/**
 * @file The vocabulary in blocks, for linearLogps: what each block of words gives, and how blocks are joined.
 * Letters: N rows, C channels, V vocabulary.
 */
import type { Emitter, Tensor } from "../tensor.ts";

/** 8,192 words x 300 rows x 4 bytes = 10 MB of logits. */
const BLOCK = 8192;
/**
 * Of vocabularies such as Gemma's: what a block needs is then above 32 MB, which malloc returns to the system at once.
 * Smaller pieces were kept between the results of 32 blocks: 0.9 GB in a step of Gemma 3 270M instead of 0.2.
 */
const LARGE_BLOCK = 16_384;
const LARGE_VOCABULARY = 160_000;

/** Words per block. */
export const wordsPerBlock = (vocabulary: number) => (vocabulary > LARGE_VOCABULARY ? LARGE_BLOCK : BLOCK);

/** Blocks of words: [start, end). */
export function wordBlocks(vocabulary: number): [number, number][] {
  const count = Math.ceil(vocabulary / wordsPerBlock(vocabulary));
  const size = Math.ceil(vocabulary / count);
  return Array.from({ length: count }, (_, i) => [i * size, Math.min(vocabulary, (i + 1) * size)]);
}

interface Wanted {
  wantMean: boolean;
  wantSquares: boolean;
  /** Logits z are bounded to cap tanh(z / cap) (Gemma 2); null: they are not. */
  cap: number | null;
  /** The plain sum of logits; only asked for with a cap, where it is not h times the sum of W's rows. */
  wantSum: boolean;
}

/** Bounded logits, with the derivative 1 - tanh^2 of the bound. */
export function emitCap(logits: string, cap: number, emit: Emitter) {
  const { dtype } = emit.inputs[0];
  const bounded = emit.node("Tanh", [emit.node("Div", [logits, emit.scalar(cap, dtype)])]);
  return {
    logits: emit.node("Mul", [bounded, emit.scalar(cap, dtype)]),
    slope: () => emit.node("Sub", [emit.scalar(1, dtype), emit.node("Mul", [bounded, bounded])]),
  };
}

/** Replacements for some rows of W, [K, C], in the order of `ids`. */
export interface RowPatch {
  ids: readonly number[];
  rows: Tensor;
}

/** A block's weights with the replaced rows filled in; copies the block only if it has any. */
export function patchBlock(
  weights: string,
  rows: string,
  [start, end]: [number, number],
  ids: readonly number[],
  emit: Emitter,
) {
  const inside = ids.flatMap((id, k) => (id >= start && id < end ? [k] : []));
  if (inside.length === 0) return weights;
  const values = emit.node("Gather", [rows, emit.ints(inside)], { axis: 0 });
  const places = emit.node("Unsqueeze", [emit.ints(inside.map((k) => ids[k] - start)), emit.ints([1])]);
  const indices = emit.node("Expand", [places, emit.node("Shape", [values])]);
  return emit.node("ScatterElements", [weights, indices, values], { axis: 0 });
}

/** W[labels] with the replaced rows filled in: [N, C]. Row * 1 + zeros is that row, bit for bit. */
export function patchLabels(
  plainRows: string,
  labels: string,
  rows: string,
  ids: readonly number[],
  emit: Emitter,
): string {
  const column = emit.node("Unsqueeze", [emit.cast(labels, "int64"), emit.ints([1])]);
  const { dtype } = emit.inputs[0];
  const hits = emit.cast(emit.node("Equal", [column, emit.ints(ids)]), dtype); // [N, K]
  const others = emit.node("Sub", [
    emit.scalar(1, dtype),
    emit.node("ReduceSum", [hits, emit.ints([1])], { keepdims: 1 }),
  ]);
  return emit.node("Add", [emit.node("Mul", [plainRows, others]), emit.node("MatMul", [hits, rows])]);
}

/**
 * One block: log-sum-exp, most likely word, softmax-weighted mean of W's rows, sum of squared softmax. With a cap, the
 * rows' weights have its derivative, and the expected logit is summed here: it is not h times that mean.
 */
export function emitBlock(h: string, weights: string, start: number, emit: Emitter, wanted: Wanted) {
  const { wantMean, wantSquares, wantSum, cap } = wanted;
  const product = emit.node("Gemm", [h, weights], { transB: 1 });
  const capped = cap === null ? null : emitCap(product, cap, emit);
  const logits = capped?.logits ?? product;
  const sumOf = (x: string) => emit.node("ReduceSum", [x, emit.ints([1])], { keepdims: 1 });
  const [best, index] = emit.nodes("TopK", [logits, emit.ints([1])], { axis: -1 }, [true, true]);
  const p = emit.node("Softmax", [logits], { axis: -1 });
  // the largest probability is 1 / sum exp(logit - best): gives the normalizer without another pass of exponentials
  const largest = emit.node("GatherElements", [p, index], { axis: 1 });
  return {
    best,
    logSumExp: emit.node("Sub", [best, emit.node("Log", [largest])]),
    word: emit.node("Add", [index, emit.scalar(start, "int64")]),
    mean: wantMean ? emit.node("MatMul", [capped ? emit.node("Mul", [p, capped.slope()]) : p, weights]) : "",
    expected: wantMean && capped ? sumOf(emit.node("Mul", [p, logits])) : "",
    sum: wantSum ? sumOf(logits) : "",
    squares: wantSquares ? emit.node("ReduceSumSquare", [p, emit.ints([1])], { keepdims: 1 }) : "",
  };
}

export type Block = ReturnType<typeof emitBlock>;

/**
 * h, available only after a block is done, so that only one block's logits exist at a time: its shape is made to depend
 * on the block's results. Otherwise the runtime is free to compute the logits of all blocks first, and does.
 */
export function afterBlock(h: string, before: Block | undefined, emit: Emitter): string {
  if (!before) return h;
  const { logSumExp, word, mean, squares, expected, sum } = before;
  const results = [logSumExp, word, mean, squares, expected, sum].filter((value) => value !== "");
  return emit.after(h, ...results);
}

/** Combines the blocks: log-sum-exp over all words; mean of W's rows and log of the sum of squared probabilities. */
export function emitJoin(parts: readonly Block[], emit: Emitter, { wantMean, wantSquares, cap }: Wanted) {
  const sums = emit.node(
    "Concat",
    parts.map((part) => part.logSumExp),
    { axis: 1 },
  );
  const share = emit.node("Softmax", [sums], { axis: -1 }); // [N, blocks] probability of each block
  const axis = emit.ints([1]);
  const most = emit.node("ReduceMax", [share, axis], { keepdims: 1 });
  const total = emit.node("Sub", [emit.node("ReduceMax", [sums, axis], { keepdims: 1 }), emit.node("Log", [most])]);
  if (!wantMean && !wantSquares) return { total, mean: "", expected: "", logSquares: "" };
  const columns = emit.nodes(
    "Split",
    [share],
    { axis: 1, num_outputs: parts.length },
    parts.map(() => true),
  );
  const sumOver = (values: string[]) => emit.node("Sum", values);
  const average = (of: (part: Block) => string) =>
    sumOver(parts.map((part, i) => emit.node("Mul", [of(part), columns[i]])));
  const mean = wantMean ? average((part) => part.mean) : "";
  const expected = wantMean && cap !== null ? average((part) => part.expected) : "";
  if (!wantSquares) return { total, mean, expected, logSquares: "" };
  const squares = parts.map((part, i) => emit.node("Mul", [part.squares, emit.node("Mul", [columns[i], columns[i]])]));
  return { total, mean, expected, logSquares: emit.node("Squeeze", [emit.node("Log", [sumOver(squares)]), axis]) };
}

/** Logits of the labels [N, 1]; their rows of W, and the derivative of the cap [N, 1], which the rows are times. */
export function emitLabel(h: string, rows: string, cap: number | null, emit: Emitter) {
  const product = emit.node("ReduceSum", [emit.node("Mul", [h, rows]), emit.ints([1])], { keepdims: 1 });
  if (cap === null) return { logit: product, rows, slope: "" };
  const capped = emitCap(product, cap, emit);
  const slope = capped.slope();
  return { logit: capped.logits, rows: emit.node("Mul", [rows, slope]), slope };
}

/** [N]: log-sum-exp minus the expected logit, which is h times the mean row unless there is a cap. */
export function emitEntropy(of: { h: string; total: string; mean: string; expected: string }, emit: Emitter): string {
  const { h, total, mean, expected } = of;
  const axis = emit.ints([1]);
  const logit = expected || emit.node("ReduceSum", [emit.node("Mul", [h, mean]), axis], { keepdims: 1 });
  return emit.node("Squeeze", [emit.node("Sub", [total, logit]), axis]);
}

/** [N]. */
export function emitMeanLogits(parts: readonly Block[], weight: Tensor, emit: Emitter): string {
  const sums = emit.node(
    "Sum",
    parts.map((part) => part.sum),
  );
  const mean = emit.node("Mul", [sums, emit.scalar(1 / (weight.shape[0] as number), emit.inputs[0].dtype)]);
  return emit.node("Squeeze", [mean, emit.ints([1])]);
}

/** [N]: 1 where the label is the most likely word. */
export function emitCorrect(parts: readonly Block[], labels: string, emit: Emitter): string {
  const joined = (of: (part: Block) => string) => emit.node("Concat", parts.map(of), { axis: 1 });
  const best = joined((part) => part.best);
  const words = joined((part) => part.word);
  const block = emit.node("ArgMax", [best], { axis: 1, keepdims: 1 });
  const top = emit.node("Squeeze", [emit.node("GatherElements", [words, block], { axis: 1 }), emit.ints([1])]);
  const hit = emit.node("Equal", [emit.cast(top, "int32"), labels]);
  return emit.cast(hit, emit.inputs[0].dtype);
}
