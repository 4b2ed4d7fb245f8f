/**
 * @file A gradient as outputs of a graph. An embedding's is nearly all zeros, a tied unembedding's is made in pieces:
 * instead of whole tables (154 MB for GPT-2), one more for every scatter and every join, the graph gives the pieces,
 * which the runtime writes into the rows of one stored table, and the rows that are added to it afterwards (of an
 * embedding's adapter, columns).
 */
import type { Tensor } from "../engine/graph/index.ts";
import type { Fetch } from "../engine/runtime/device.ts";

/** Ops whose gradient is a few rows or columns in zeros, by what their outputs are called. */
const SCATTERED = { rows: "scatterAddRows", columns: "scatterAddColumns" } as const;
type Scattered = keyof typeof SCATTERED;

/**
 * Outputs `grad.NAME`, or `grad.NAME#START:END` for rows of it, or neither where it is all zeros; then `rows.NAME.K`
 * (`columns.NAME.K`) and `ids.NAME.K`: what to add, and where.
 */
export function gradientOutputs(name: string, gradient: Tensor): [string, Tensor][] {
  const added: [string, Tensor][] = [];
  let dense = gradient;
  for (let k = 0; ; k++) {
    const kind = (["rows", "columns"] as const).find((each) => inputsOf(dense, SCATTERED[each]));
    if (!kind) break;
    const [base, ids, values] = inputsOf(dense, SCATTERED[kind]) as readonly Tensor[];
    added.push([`${kind}.${name}.${k}`, values], [`ids.${name}.${k}`, ids]);
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

/** Rows or columns that a run gave for a table. */
export interface Added {
  table: string;
  /** Stored names. */
  ids: string;
  values: string;
  kind: Scattered;
  /** Whether nothing else was written to the table. */
  isEmpty: boolean;
}

/** What came out of a run: where it was written. */
export interface Collected {
  /** Asked for every output by name. */
  fetch(output: string): Fetch | undefined;
  added(): Added[];
}

/** @param place the stored tensor that sums up the gradient of NAME. */
export function collectGradients(place: (name: string) => string): Collected {
  const written = new Set<string>();
  const scattered: { kind: Scattered; name: string; k: string }[] = [];
  return {
    fetch: (output) => {
      const [, name, start, end] = /^grad\.(.*?)(?:#(\d+):(\d+))?$/.exec(output) ?? [];
      if (name !== undefined) {
        written.add(name);
        return { into: place(name), ...(start ? { rows: [Number(start), Number(end)] as [number, number] } : {}) };
      }
      const [, kind, table, k] = /^(rows|columns|ids)\.(.*)\.(\d+)$/.exec(output) ?? [];
      if (kind === undefined) return undefined;
      if (kind === "rows" || kind === "columns") scattered.push({ kind, name: table, k });
      return { store: output };
    },
    added: () =>
      scattered.map(({ kind, name, k }) => {
        const isEmpty = !written.has(name);
        written.add(name);
        return { table: place(name), ids: `ids.${name}.${k}`, values: `${kind}.${name}.${k}`, kind, isEmpty };
      }),
  };
}
