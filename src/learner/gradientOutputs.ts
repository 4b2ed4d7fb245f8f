/**
 * @file A gradient as outputs of a graph. An embedding's is nearly all zeros, and a tied unembedding's is built in
 * pieces. Whole tables (154 MB for GPT-2) would need another one for every scatter and every join, so the graph outputs
 * the pieces, which the runtime writes into rows of one stored table, and the rows (for an embedding's adapter,
 * columns) to add to it afterward.
 */
import { grad, type Tensor } from "../engine/graph/index.ts";
import type { LoweredGraph } from "../engine/onnx/lower.ts";
import type { Fetch } from "../engine/runtime/device.ts";

/** One graph output's part of a trained tensor's gradient. */
export type GradientPart =
  /** All of it, except for what is scattered. */
  | { kind: "whole"; tensor: string; output: string }
  /** Rows [start, end) of it. */
  | { kind: "slice"; tensor: string; output: string; rows: [start: number, end: number] }
  /** Rows or columns to add to it at `ids`, another output. Without other parts, the rest is zeros. */
  | { kind: "scattered"; tensor: string; output: string; ids: string; along: "rows" | "columns" };

/** A graph with parts of gradients among its outputs. */
export interface GradientGraph extends LoweredGraph {
  gradients: readonly GradientPart[];
}

/** Gradients as outputs of a graph. */
export interface GradientOutputs {
  /** By the names of the parts. */
  outputs: Record<string, Tensor>;
  parts: GradientPart[];
}

/**
 * The gradients of a scalar.
 * @param trained the network's tensors to differentiate by, under their names.
 * @param options.inPieces false: each is one output, which costs the tables above and rounds sums in another order.
 */
export function gradientOutputs(
  scalar: Tensor,
  trained: readonly (readonly [string, Tensor])[],
  { inPieces = true }: { inPieces?: boolean } = {},
): GradientOutputs {
  const gradients = grad(
    scalar,
    trained.map(([, tensor]) => tensor),
  );
  const pieces = gradients.flatMap((gradient, i) => {
    const [tensor] = trained[i];
    return inPieces ? piecesOf(tensor, gradient) : [wholeOf(tensor, gradient)];
  });
  return {
    outputs: Object.fromEntries(pieces.flatMap(({ outputs }) => outputs)),
    parts: pieces.map(({ part }) => part),
  };
}

/** A part with its outputs. */
interface Piece {
  part: GradientPart;
  outputs: [string, Tensor][];
}

/** Ops whose gradient is zeros with a few rows or columns filled in. */
const SCATTERS = { rows: "scatterAddRows", columns: "scatterAddColumns" } as const;

/** Dense parts first, then scattered ones. */
function piecesOf(tensor: string, gradient: Tensor): Piece[] {
  const scattered: Piece[] = [];
  let dense = gradient;
  for (let k = 0; ; k++) {
    const along = (["rows", "columns"] as const).find((each) => inputsOf(dense, SCATTERS[each]));
    if (!along) break;
    const [base, at, values] = inputsOf(dense, SCATTERS[along]) as readonly Tensor[];
    const [output, ids] = [`${along}.${tensor}.${k}`, `ids.${tensor}.${k}`];
    const part: GradientPart = { kind: "scattered", tensor, output, ids, along };
    const outputs: Piece["outputs"] = [
      [output, values],
      [ids, at],
    ];
    scattered.push({ part, outputs });
    dense = base;
  }
  if (scattered.length > 0 && inputsOf(dense, "zerosLike")) return scattered;
  const joined = inputsOf(dense, "concat");
  const isOfRows = joined?.reduce((sum, { shape }) => sum + Number(shape[0]), 0) === dense.shape[0];
  return [...(joined && isOfRows ? slicesOf(tensor, joined) : [wholeOf(tensor, dense)]), ...scattered];
}

function wholeOf(tensor: string, values: Tensor): Piece {
  const output = `grad.${tensor}`;
  return { part: { kind: "whole", tensor, output }, outputs: [[output, values]] };
}

function slicesOf(tensor: string, joined: readonly Tensor[]): Piece[] {
  let start = 0;
  return joined.map((values): Piece => {
    const end = start + Number(values.shape[0]);
    const output = `grad.${tensor}#${start}:${end}`;
    const part: GradientPart = { kind: "slice", tensor, output, rows: [start, end] };
    start = end;
    return { part, outputs: [[output, values]] };
  });
}

function inputsOf({ source }: Tensor, op: string): readonly Tensor[] | undefined {
  return source.kind === "node" && source.node.op.name === op ? source.node.inputs : undefined;
}

/**
 * Where a run writes the parts.
 * @param place the stored tensor that accumulates the gradient of a trained one.
 */
export function gradientFetches(parts: readonly GradientPart[], place: (tensor: string) => string) {
  const fetches: Record<string, Fetch> = {};
  for (const part of parts) {
    if (part.kind === "whole") fetches[part.output] = { into: place(part.tensor) };
    else if (part.kind === "slice") fetches[part.output] = { into: place(part.tensor), rows: part.rows };
    else for (const output of [part.output, part.ids]) fetches[output] = { store: output };
  }
  return fetches;
}

/** Rows or columns stored by a run, to be added to a table. */
export interface Scattered {
  table: string;
  ids: string;
  values: string;
  along: "rows" | "columns";
  /** Whether the table has no other parts: its old values don't count. */
  isFirst: boolean;
}

/** The work left after a run with {@link gradientFetches}, in this order. */
export function scatteredParts(parts: readonly GradientPart[], place: (tensor: string) => string): Scattered[] {
  const filled = new Set(parts.flatMap(({ kind, tensor }) => (kind === "scattered" ? [] : [tensor])));
  return parts.flatMap((part): Scattered[] => {
    if (part.kind !== "scattered") return [];
    const isFirst = !filled.has(part.tensor);
    filled.add(part.tensor);
    return [{ table: place(part.tensor), ids: part.ids, values: part.output, along: part.along, isFirst }];
  });
}
