/**
 * @file Attention of new tokens over cached keys and values, for generation; no gradient.
 * Letters: B sequences, S new tokens a sequence, P cached tokens, H heads, K key heads, D channels of a head.
 */
import { addDims, type Dim, defineOp, type Emitter, shapeError, type Tensor } from "../tensor.ts";

type CachedAttrs = { heads: number; kvHeads: number; scale: number };

/** [B S, heads * D] -> [B, heads, S, D]; B is read from the cache. */
function emitHeads(x: string, heads: number, size: number, cache: string, emit: Emitter): string {
  const batch = emit.node("Shape", [cache], { start: 0, end: 1 });
  const shape = emit.node("Concat", [batch, emit.ints([-1, heads, size])], { axis: 0 });
  return emit.node("Transpose", [emit.node("Reshape", [x, shape])], { perm: [0, 2, 1, 3] });
}

/** Keys [B, K, L, D] for H query heads: each repeated H / K times. */
function emitRepeat(keys: string, group: number, { kvHeads, heads }: CachedAttrs, size: number, emit: Emitter): string {
  if (group === 1) return keys;
  const wide = emit.node("Unsqueeze", [keys, emit.ints([2])]);
  const repeated = emit.node("Concat", Array(group).fill(wide), { axis: 2 });
  const batch = emit.node("Shape", [keys], { start: 0, end: 1 });
  if (heads % kvHeads !== 0) throw new Error("internal: heads are no multiple of key heads");
  return emit.node("Reshape", [repeated, emit.node("Concat", [batch, emit.ints([heads, -1, size])], { axis: 0 })]);
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
    const query = emitHeads(q, heads, size, pastKeys, emit);
    const group = heads / kvHeads;
    const product = { transB: 1, alpha: { float: scale } };
    const scores = emit.node(
      "FusedMatMul",
      [query, emitRepeat(keys, group, attrs, size, emit)],
      product,
      "com.microsoft",
    );
    const p = emit.node("Softmax", [emit.node("Add", [scores, mask])], { axis: -1 });
    const out = emit.node("MatMul", [p, emitRepeat(values, group, attrs, size, emit)]);
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
