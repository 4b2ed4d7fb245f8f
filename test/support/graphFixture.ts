/**
 * @file test/fixtures/graphs.json: hashes of the graphs, with enough detail to describe a change. A graph shared by
 * several cases is stored once.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LoweredGraph } from "../../src/engine/onnx/lower.ts";
import { decodeOnnxModel } from "./decodeOnnxModel.ts";
import { type PrintedGraph, printGraph } from "./printGraph.ts";

const path = fileURLToPath(new URL("../fixtures/graphs.json", import.meta.url));

export interface GraphRecord {
  nodes: number;
  inputs: number;
  outputs: number;
  /** Hash of the whole graph, with numbered values. */
  sha256: string;
  /** Hash of the names of inputs and outputs, of how inputs are fed, and of how the session is opened. */
  interface: string;
  /** Number of nodes by type. */
  ops: string;
  /** Two characters of a hash for every {@link STRETCH} lines of the printed graph. */
  marks: string;
}

/** Ids of graphs by model, case and kind of graph. */
export type GraphsByCase = Record<string, Record<string, Record<string, string>>>;

export interface GraphFixture {
  graphs: Record<string, GraphRecord>;
  models: GraphsByCase;
}

export interface ReadGraph {
  id: string;
  record: GraphRecord;
  printed: PrintedGraph;
}

/** Number of lines of a printed graph per mark. */
const STRETCH = 32;

const sha256 = (text: string | Uint8Array) => createHash("sha256").update(text).digest();
const stretches = (lines: readonly string[]) =>
  Array.from({ length: Math.ceil(lines.length / STRETCH) }, (_, i) => lines.slice(i * STRETCH, (i + 1) * STRETCH));
const markOf = (lines: readonly string[]) => sha256(lines.join("\n")).toString("base64url").slice(0, 2);

function countOps(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat()
    .join(" ");
}

/** How inputs are fed and the session is opened, which the .onnx file does not have. */
function showLowering({ inputs, outputs, tightMemory }: LoweredGraph): string[] {
  const fed = inputs.map(({ name, of, dtype, rows }) => {
    const from = of === name ? "" : ` from ${JSON.stringify(of)}`;
    return `feed ${JSON.stringify(name)} ${dtype}${from}${rows ? ` rows ${rows.join(":")}` : ""}`;
  });
  const read = outputs.map(({ name, dtype, shape }) => `read ${JSON.stringify(name)} ${dtype} [${shape.join(", ")}]`);
  return [...fed, ...read, `tight memory: ${tightMemory}`];
}

/** Equal for two graphs with the same bytes and the same use. */
export const keyOf = (lowered: LoweredGraph): string =>
  sha256(lowered.bytes).toString("hex") + showLowering(lowered).join("\n");

export function readGraph(lowered: LoweredGraph): ReadGraph {
  const model = decodeOnnxModel(lowered.bytes);
  const { interface: names, body } = printGraph(model);
  const printed = { interface: [...names, ...showLowering(lowered)], body };
  const record: GraphRecord = {
    nodes: model.nodes.length,
    inputs: model.inputs.length,
    outputs: model.outputs.length,
    sha256: sha256(body.join("\n")).toString("hex"),
    interface: sha256(printed.interface.join("\n")).toString("hex").slice(0, 16),
    ops: countOps(model.nodes.map(({ type }) => type)),
    marks: stretches(body).map(markOf).join(""),
  };
  return {
    id: sha256(record.sha256 + record.interface)
      .toString("hex")
      .slice(0, 12),
    record,
    printed,
  };
}

export const readFixture = (): GraphFixture => JSON.parse(readFileSync(path, "utf8"));

/** One graph per line, so that its change is one line of a diff. */
export function writeFixture({ graphs, models }: GraphFixture): void {
  const list = (entries: [string, unknown][], show: (value: unknown) => string) =>
    `{\n${entries.map(([key, value]) => `${JSON.stringify(key)}: ${show(value)}`).join(",\n")}\n}`;
  const byModel = list(Object.entries(models), (cases) => list(Object.entries(cases as object), JSON.stringify));
  const sorted = Object.entries(graphs).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, `{"graphs": ${list(sorted, JSON.stringify)},\n"models": ${byModel}}\n`);
}

/** The kind of a graph, from its outputs; whether it draws random numbers (dropout, noise), from an input. */
export function kindOf({ inputs, outputs }: LoweredGraph): string {
  const has = (name: string) => outputs.some((output) => output.name === name);
  const draws = inputs.some(({ name }) => name === "dropoutSeed");
  const picks = inputs.some(({ name }) => name === "rows");
  if (has("loss") && has("scores")) return "step";
  if (has("scores")) return draws ? "score that draws" : "score";
  if (has("logits")) return picks ? "decoder that picks" : "decoder";
  const own = ["loss", "logps", "headMean", "norm", "rows", "merged"].find(has);
  return own ?? "pullback";
}

function changesOf(before: string, now: string): string {
  const counts = (ops: string) => new Map([...ops.matchAll(/(\S+) (\d+)/g)].map(([, type, count]) => [type, count]));
  const [old, found] = [counts(before), counts(now)];
  const types = [...new Set([...old.keys(), ...found.keys()])];
  const changed = types.filter((type) => old.get(type) !== found.get(type));
  return changed.map((type) => `${type} ${old.get(type) ?? 0} -> ${found.get(type) ?? 0}`).join(", ");
}

/** Describes how a graph has changed. */
export function describeChange(before: GraphRecord, { record, printed }: ReadGraph): string {
  const counts = (["nodes", "inputs", "outputs"] as const).map((key) => `${key} ${before[key]} -> ${record[key]}`);
  const lines = [counts.join(", ")];
  if (before.interface !== record.interface) {
    lines.push("other names of inputs or outputs, or they are fed or read differently");
  }
  if (before.sha256 === record.sha256) return [...lines, "only names have changed"].join("\n");
  lines.push(`operators: ${changesOf(before.ops, record.ops) || "the same numbers"}`);
  const parts = stretches(printed.body);
  const first = parts.findIndex((part, i) => markOf(part) !== before.marks.slice(2 * i, 2 * i + 2));
  if (first < 0) return [...lines, "the end is missing"].join("\n");
  const start = first * STRETCH + 1;
  return [...lines, `the first difference is in lines ${start} to ${start + STRETCH - 1}, which are now:`]
    .concat(parts[first].map((line, i) => `  ${String(start + i).padStart(5)}  ${line}`))
    .join("\n");
}
