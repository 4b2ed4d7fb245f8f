/**
 * @file A gradient as outputs of a graph. An embedding's is nearly all zeros, a tied unembedding's is made in pieces:
 * instead of whole tables (154 MB for GPT-2), one more for every scatter and every join, the graph gives the pieces,
 * which the runtime writes into the rows of one stored table, and the rows that are added to it afterwards.
 */
import type { Tensor } from "../engine/graph/index.ts";
import type { Fetch } from "../engine/runtime/device.ts";

/**
 * Outputs `grad.NAME`, or `grad.NAME#START:END` for rows of it, or neither where it is all zeros; then `rows.NAME.K`
 * and `ids.NAME.K`: rows to add, and where.
 */
export function gradientOutputs(name: string, gradient: Tensor): [string, Tensor][] {
  const added: [string, Tensor][] = [];
  let dense = gradient;
  for (let k = 0; ; k++) {
    const scatter = inputsOf(dense, "scatterAddRows");
    if (!scatter) break;
    const [base, ids, rows] = scatter;
    added.push([`rows.${name}.${k}`, rows], [`ids.${name}.${k}`, ids]);
    dense = base;
  }
  if (added.length > 0 && inputsOf(dense, "zerosLike")) return added;
  const pieces = inputsOf(dense, "concat");
  const isOfRows = pieces?.reduce((sum, { shape }) => sum + Number(shape[0]), 0) === dense.shape[0];
  if (!pieces || !isOfRows) return [[`grad.${name}`, dense], ...added];
  let start = 0;
  const parts = pieces.map((piece): [string, Tensor] => {
    const end = start + (piece.shape[0] as number);
    const output = `grad.${name}#${start}:${end}`;
    start = end;
    return [output, piece];
  });
  return [...parts, ...added];
}

function inputsOf({ source }: Tensor, op: string): readonly Tensor[] | undefined {
  return source.kind === "node" && source.node.op.name === op ? source.node.inputs : undefined;
}

/** What came out of a run: where it was written. */
export interface Collected {
  /** Asked for every output by name. */
  fetch(output: string): Fetch | undefined;
  /** Tables that got rows: stored names of ids and rows, and whether nothing else was written to them. */
  added(): { table: string; ids: string; rows: string; isEmpty: boolean }[];
}

/** @param place the stored tensor that sums up the gradient of NAME. */
export function collectGradients(place: (name: string) => string): Collected {
  const written = new Set<string>();
  const rowOutputs: { name: string; k: string }[] = [];
  return {
    fetch: (output) => {
      const [, name, start, end] = /^grad\.(.*?)(?:#(\d+):(\d+))?$/.exec(output) ?? [];
      if (name !== undefined) {
        written.add(name);
        return { into: place(name), ...(start ? { rows: [Number(start), Number(end)] as [number, number] } : {}) };
      }
      const [, kind, table, k] = /^(rows|ids)\.(.*)\.(\d+)$/.exec(output) ?? [];
      if (kind === undefined) return undefined;
      if (kind === "rows") rowOutputs.push({ name: table, k });
      return { store: output };
    },
    added: () =>
      rowOutputs.map(({ name, k }) => {
        const isEmpty = !written.has(name);
        written.add(name);
        return { table: place(name), ids: `ids.${name}.${k}`, rows: `rows.${name}.${k}`, isEmpty };
      }),
  };
}
