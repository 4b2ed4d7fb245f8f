/**
 * @file Attention over a packed pair `shared | chosen | rejected` (prefix sharing, arXiv 2410.20305) in blocks: hidden
 * scores (chosen x rejected) are never computed. Shared + chosen rows see shared + chosen keys, rejected rows see
 * shared + rejected keys: (S + C)^2 + R (S + R) scores instead of (S + C + R)^2. If several query heads share a key
 * head, keys are cheap to copy, and each half of a part becomes its own block, which does not see later halves.
 * Letters: S shared, C chosen, R rejected tokens.
 */
import {
  and,
  attention,
  concat,
  constant,
  dropoutKeep,
  less,
  lessOrEqual,
  reshape,
  split,
  sub,
  type Tensor,
  where,
} from "../engine/graph/index.ts";
import type { Network } from "./network.ts";

/** Halves of shared, chosen and rejected. */
const PIECES = ["S1", "S2", "C1", "C2", "R1", "R2"] as const;
/** The packed dimension. */
export const PACKED = PIECES.join("+");
/** Added to hidden scores; exp of it is exactly 0. */
export const HIDDEN = -1e30;

/**
 * 0 if a key's position is at most the query's, and within its window, else HIDDEN. [M], [L] -> [M, L]. A window
 * counts positions, not indices in the packed row, where `rejected` follows `chosen`.
 */
function causalMask(queryPositions: Tensor, keyPositions: Tensor, window: number | null): Tensor {
  const rows = reshape(queryPositions, [queryPositions.shape[0], 1]);
  const columns = reshape(keyPositions, [1, keyPositions.shape[0]]);
  const isPast = lessOrEqual(columns, rows);
  const isSeen = window === null ? isPast : and(isPast, less(sub(rows, constant(window, "int32")), columns));
  return where(isSeen, constant(0), constant(HIDDEN));
}

/** Query pieces and the key pieces they see, in the order of the packed row. */
interface Block {
  queries: readonly number[];
  keys: readonly number[];
}
/** For GPT-2, whose keys are as wide as its queries, the halves below cost as much as they save. */
const WHOLE: readonly Block[] = [
  { queries: [0, 1, 2, 3], keys: [0, 1, 2, 3] },
  { queries: [4, 5], keys: [0, 1, 4, 5] },
];
/** Three quarters of the scores: saves an eighth of SmolLM2's step at 1,300 tokens. Thirds, quarters were slower. */
const HALVES: readonly Block[] = [
  { queries: [0], keys: [0] },
  { queries: [1], keys: [0, 1] },
  { queries: [2], keys: [0, 1, 2] },
  { queries: [3], keys: [0, 1, 2, 3] },
  { queries: [4], keys: [0, 1, 4] },
  { queries: [5], keys: [0, 1, 4, 5] },
];

/**
 * @param positions [S+C+R] int32 position ids, @param sizes int64 [6]: those of the halves of S, C and R
 * @param dropoutSeed uint32 []; absent: no dropout of probabilities
 */
export function packedAttention(positions: Tensor, sizes: Tensor, dropoutSeed?: Tensor): Network["attend"] {
  const pieces = (x: Tensor) => split(x, sizes, PIECES);
  const of = (all: readonly Tensor[], picked: readonly number[]) =>
    concat(
      picked.map((piece) => all[piece]),
      0,
    );
  const places = pieces(positions);
  const masks = new Map<string, Tensor>(); // one for all layers with the same window
  const maskOf = ({ queries, keys }: Block, window: number | null) => {
    const key = `${queries} ${window}`;
    const mask = masks.get(key) ?? causalMask(of(places, queries), of(places, keys), window);
    masks.set(key, mask);
    return mask;
  };
  return (q, k, v, { layer, heads, kvHeads, scale, cap, dropout, window }) => {
    const [queries, keys, values] = [q, k, v].map(pieces);
    const blocks = kvHeads < heads ? HALVES : WHOLE;
    const drop = dropoutSeed && dropout > 0;
    const answers = blocks.map((block, index) => {
      const site = 1_000_000 + blocks.length * layer + index;
      const keep = drop ? (p: Tensor) => dropoutKeep(p, dropoutSeed, site, dropout) : undefined;
      const seen = [of(keys, block.keys), of(values, block.keys)] as const;
      const attrs = { heads, kvHeads, scale, cap, keep };
      return attention(of(queries, block.queries), ...seen, maskOf(block, window), attrs);
    });
    return concat(answers, 0);
  };
}
