/**
 * @file Attention of new tokens over cached keys and values, for generation; no gradient.
 * Letters: B sequences, S new tokens per sequence, P cached tokens, H heads, K key heads, D channels per head.
 */
import { addDims, type Dim, defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";

type CachedAttrs = {
  heads: number;
  kvHeads: number;
  scale: number;
  /** Bounds scores s to cap tanh(s / cap) before the mask; absent: unbounded. */
  cap?: number;
};

/** [B S, heads * D] -> [B, heads, S, D]; B is read from the cache. */
function emitHeads(x: string, heads: number, size: number, cache: string, emit: Emitter): string {
  const batch = emit.node("Shape", [cache], { start: 0, end: 1 });
  const shape = emit.node("Concat", [batch, emit.ints([-1, heads, size])], { axis: 0 });
  return emit.node("Transpose", [emit.node("Reshape", [x, shape])], { perm: [0, 2, 1, 3] });
}

/** Grouped-query attention: the G query heads that share a key head get a separate axis. */
function emitGroups({ heads, kvHeads }: CachedAttrs, size: number, emit: Emitter) {
  if (heads === kvHeads) {
    const same = (x: string) => x;
    return { queries: same, keys: same, mask: same, merged: same };
  }
  const regroup = (x: string, shape: readonly number[]) => emit.node("Reshape", [x, emit.ints(shape)]);
  const axis = (x: string, at: number) => emit.node("Unsqueeze", [x, emit.ints([at])]);
  return {
    queries: (x: string) => {
      // [B, K G, S, D] -> [B, K, G, S, D]; S is read from x
      const sizes = emit.node(
        "Concat",
        [
          emit.node("Shape", [x], { start: 0, end: 1 }),
          emit.ints([kvHeads, heads / kvHeads]),
          emit.node("Shape", [x], { start: 2, end: 3 }),
          emit.ints([size]),
        ],
        { axis: 0 },
      );
      return emit.node("Reshape", [x, sizes]);
    },
    keys: (x: string) => axis(x, 2), // [B, K, 1, L, D]: the product broadcasts, nothing is repeated in memory
    mask: (x: string) => axis(x, 2),
    merged: (x: string) => regroup(x, [0, heads, -1, size]),
  };
}

function emitCap(scores: string, cap: number, emit: Emitter): string {
  const { dtype } = emit.inputs[0];
  const bounded = emit.node("Tanh", [emit.node("Div", [scores, emit.scalar(cap, dtype)])]);
  return emit.node("Mul", [bounded, emit.scalar(cap, dtype)]);
}

const cachedAttentionOp = defineOp<CachedAttrs>("cachedAttention", {
  shape: ([q, k, v, pastKeys, pastValues, mask], { heads, kvHeads }) => {
    const size = pastKeys.shape[3] as number;
    const fits = q.shape[1] === heads * size && k.shape[1] === kvHeads * size && v.shape[1] === kvHeads * size;
    if (!fits || pastKeys.shape[1] !== kvHeads) {
      throw shapeError("cachedAttention", "q [B S, H D], k, v [B S, K D], past [B, K, P, D]", [
        q,
        k,
        v,
        pastKeys,
        pastValues,
        mask,
      ]);
    }
    const [batch, , past] = pastKeys.shape as [Dim, number, Dim];
    const present = [batch, kvHeads, addDims([past, "S"]), size];
    return [{ shape: q.shape }, { shape: present }, { shape: present }];
  },
  onnx: ([q, k, v, pastKeys, pastValues, mask], emit, attrs) => {
    const { heads, kvHeads, scale } = attrs;
    const size = emit.inputs[3].shape[3] as number;
    const append = (past: string, x: string) =>
      emit.node("Concat", [past, emitHeads(x, kvHeads, size, past, emit)], { axis: 2 });
    const keys = append(pastKeys, k);
    const values = append(pastValues, v);
    const groups = emitGroups(attrs, size, emit);
    const query = groups.queries(emitHeads(q, heads, size, pastKeys, emit));
    const product = { transB: 1, alpha: { float: scale } };
    const scores = emit.node("FusedMatMul", [query, groups.keys(keys)], product, "com.microsoft");
    const bounded = attrs.cap === undefined ? scores : emitCap(scores, attrs.cap, emit);
    const p = emit.node("Softmax", [emit.node("Add", [bounded, groups.mask(mask)])], { axis: -1 });
    const out = groups.merged(emit.node("MatMul", [p, groups.keys(values)]));
    const merged = emit.node("Reshape", [
      emit.node("Transpose", [out], { perm: [0, 2, 1, 3] }),
      emit.ints([-1, heads * size]),
    ]);
    return [merged, keys, values];
  },
  vjp: "none",
});

/**
 * @param past keys and values [B, K, P, D]; P may be 0
 * @param mask [B, 1, S, P+S], added to the scores
 * @returns out [B S, H D] and the cache with the new tokens, [B, K, P+S, D]
 */
export function cachedAttention(
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  past: { keys: Tensor; values: Tensor },
  mask: Tensor,
  attrs: CachedAttrs,
): { out: Tensor; keys: Tensor; values: Tensor } {
  const [out, keys, values] = cachedAttentionOp([q, k, v, past.keys, past.values, mask], attrs);
  return { out, keys, values };
}
