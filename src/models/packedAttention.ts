/**
 * @file Attention over a packed pair `shared | chosen | rejected` (prefix sharing, arXiv 2410.20305) as two blocks:
 * shared + chosen rows see shared + chosen keys, rejected rows see shared + rejected keys. What is hidden (chosen x
 * rejected) is never computed: (S + C)^2 + R (S + R) scores instead of (S + C + R)^2.
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

/** The packed dimension. */
export const PACKED = "S+C+R";
const PARTS = ["S", "C", "R"] as const;
/** Added to the scores of what a row may not see; exp of it is exactly 0. */
const HIDDEN = -1e30;

/**
 * 0 where a key's position is at most the query's, and within its window, else HIDDEN. [M], [L] -> [M, L]. A window
 * counts positions, not places in the packed row, where `rejected` stands behind `chosen`.
 */
function causalMask(queryPositions: Tensor, keyPositions: Tensor, window: number | null): Tensor {
  const rows = reshape(queryPositions, [queryPositions.shape[0], 1]);
  const columns = reshape(keyPositions, [1, keyPositions.shape[0]]);
  const isPast = lessOrEqual(columns, rows);
  const isSeen = window === null ? isPast : and(isPast, less(sub(rows, constant(window, "int32")), columns));
  return where(isSeen, constant(0), constant(HIDDEN));
}

/**
 * @param positions [S+C+R] int32 position ids, @param sizes int64 [3] = S, C, R
 * @param dropoutSeed uint32 []: absent, probabilities are not dropped
 */
export function packedAttention(positions: Tensor, sizes: Tensor, dropoutSeed?: Tensor): Network["attend"] {
  const parts = (x: Tensor) => split(x, sizes, PARTS);
  const [shared, chosen, rejected] = parts(positions);
  const first = concat([shared, chosen], 0);
  const masks = new Map<number | null, [Tensor, Tensor]>(); // one pair for all layers with the same window
  const masksOf = (window: number | null) => {
    const second = concat([shared, rejected], 0);
    const found = masks.get(window) ?? [causalMask(first, first, window), causalMask(rejected, second, window)];
    masks.set(window, found);
    return found;
  };
  return (q, k, v, { layer, heads, kvHeads, scale, dropout, window }) => {
    const [topMask, bottomMask] = masksOf(window);
    const [queryS, queryC, queryR] = parts(q);
    const [keyS, keyC, keyR] = parts(k);
    const [valueS, valueC, valueR] = parts(v);
    const drop = dropoutSeed && dropout > 0;
    const attrs = (block: number) => ({
      heads,
      kvHeads,
      scale,
      ...(drop ? { keep: (p: Tensor) => dropoutKeep(p, dropoutSeed, 1_000_000 + 2 * layer + block, dropout) } : {}),
    });
    const top = attention(
      concat([queryS, queryC], 0),
      concat([keyS, keyC], 0),
      concat([valueS, valueC], 0),
      topMask,
      attrs(0),
    );
    const bottom = attention(queryR, concat([keyS, keyR], 0), concat([valueS, valueR], 0), bottomMask, attrs(1));
    return concat([top, bottom], 0);
  };
}
