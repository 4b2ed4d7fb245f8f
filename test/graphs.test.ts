/**
 * @file The graphs of all families are unchanged (test/fixtures/graphs.json) byte for byte, except for the names of
 * intermediate values; names of inputs and outputs have a separate hash. Nothing is computed.
 *
 * If a graph is meant to change, `PREFINE_GRAPHS=update npx vitest run test/graphs.test.ts` writes the fixture again.
 * To see the complete change, print the graphs before and after it, and compare the folders:
 * `PREFINE_GRAPHS=print:FOLDER npx vitest run test/graphs.test.ts`, then `diff -r FOLDER OTHER`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { add, input, layerNorm, matmul, mul, sumAll } from "../src/engine/graph/index.ts";
import { lowerGraph } from "../src/engine/onnx/lower.ts";
import { encodeOnnxModel } from "../src/formats/onnxModel.ts";
import { type DecodedModel, decodeOnnxModel } from "./support/decodeOnnxModel.ts";
import { type GraphCase, graphCases } from "./support/graphCases.ts";
import {
  describeChange,
  type GraphsByCase,
  keyOf,
  kindOf,
  type ReadGraph,
  readFixture,
  readGraph,
  writeFixture,
} from "./support/graphFixture.ts";
import { printGraph } from "./support/printGraph.ts";
import { graphsOpenedBy } from "./support/recordingDevice.ts";

const mode = process.env.PREFINE_GRAPHS ?? "";
const cases = graphCases();
const models = [...new Set(cases.map(({ model }) => model))];
/** Number of changed graphs per model that are described; the others are only named. */
const DESCRIBED = 3;

describe("the graphs are unchanged", () => {
  const graphs = new Map<string, ReadGraph>();
  const found: GraphsByCase = {};

  /** Reads a graph, only once if several cases share it. */
  const seen = new Map<string, ReadGraph>();
  function read(lowered: Parameters<typeof readGraph>[0]): ReadGraph {
    const key = keyOf(lowered);
    const graph = seen.get(key) ?? readGraph(lowered);
    seen.set(key, graph);
    graphs.set(graph.id, graph);
    return graph;
  }

  async function open({ model, name, run }: GraphCase): Promise<void> {
    const ids: Record<string, string> = {};
    for (const lowered of await graphsOpenedBy(run)) {
      const kind = kindOf(lowered);
      let key = kind;
      for (let i = 2; Object.hasOwn(ids, key); i++) key = `${kind} ${i}`;
      ids[key] = read(lowered).id;
    }
    found[model] ??= {};
    expect(found[model], `two cases of ${model}`).not.toHaveProperty([name]);
    found[model][name] = ids;
  }

  beforeAll(async () => {
    for (const each of cases) await open(each);
    if (mode === "update") {
      const records = Object.fromEntries([...graphs].map(([id, { record }]) => [id, record]));
      writeFixture({ graphs: records, models: found });
    }
    if (mode.startsWith("print:")) print(mode.slice("print:".length));
  }, 180_000); // 6 s on an idle machine

  /** A file for each graph. */
  function print(folder: string): void {
    for (const [model, byName] of Object.entries(found)) {
      for (const [name, ids] of Object.entries(byName)) {
        const place = join(folder, ...[model, name].map((part) => part.replace(/\W+/g, "-")));
        mkdirSync(place, { recursive: true });
        for (const [kind, id] of Object.entries(ids)) {
          const { printed } = graphs.get(id) as ReadGraph;
          writeFileSync(join(place, `${kind}.txt`), [...printed.interface, ...printed.body, ""].join("\n"));
        }
      }
    }
  }

  test("with the same cases", () => {
    const names = (all: GraphsByCase) =>
      Object.entries(all).flatMap(([model, byName]) => [model, ...Object.keys(byName)]);
    const expected = readFixture();
    const advice =
      "if cases are meant to be added or removed: PREFINE_GRAPHS=update npx vitest run test/graphs.test.ts";
    expect(names(found), advice).toEqual(names(expected.models));
    expect(cases.length).toBeGreaterThan(200);
    expect(Object.keys(expected.graphs).length).toBeGreaterThan(500);
  });

  test.each(models)("%s", (model) => {
    const { graphs: records, models: expected } = readFixture();
    const changes: string[] = [];
    for (const [name, before] of Object.entries(expected[model] ?? {})) {
      const now = found[model][name] ?? {};
      for (const kind of new Set([...Object.keys(before), ...Object.keys(now)])) {
        if (before[kind] === now[kind]) continue;
        const graph = graphs.get(now[kind]);
        const old = records[before[kind]];
        const change = graph && old ? describeChange(old, graph) : graph ? "a new graph" : "no such graph";
        changes.push(`${model}: ${name}: ${kind}: ${changes.length < DESCRIBED ? change : "also changed"}`);
      }
    }
    expect(
      changes.join("\n\n"),
      "graphs that are not those of test/fixtures/graphs.json; if meant: PREFINE_GRAPHS=update",
    ).toBe("");
  });
});

describe("a printed graph", () => {
  const x = input("x", ["M", 4]);
  const normed = layerNorm(x, input("gain", [4]), input("bias", [4]), 1e-5);
  const product = mul(matmul(normed, input("w", [4, 4])), add(normed, 2));
  const { bytes } = lowerGraph({ y: product, total: sumAll(product) });
  const printed = printGraph(decodeOnnxModel(bytes));

  test("has everything in the bytes", () => {
    const { nodes, opsets, ...model } = decodeOnnxModel(bytes);
    const same = nodes.map((node) => ({ ...node, attributes: Object.fromEntries(node.attributes) }));
    expect(encodeOnnxModel({ ...model, opsets: Object.fromEntries(opsets), nodes: same })).toEqual(bytes);
    expect(printed.interface).toEqual([
      'input 0 is "x"',
      'input 1 is "gain"',
      'input 2 is "bias"',
      'input 3 is "w"',
      'output 0 is "y"',
      'output 1 is "total"',
    ]);
    expect(printed.body).toContainEqual(expect.stringMatching(/^%\d+: float32 \[M, 4\] = MatMul\(%\d+, %3\)$/));
  });

  /** The graph with one change. */
  function changed(change: (model: DecodedModel) => void) {
    const model = decodeOnnxModel(bytes);
    change(model);
    return printGraph(model);
  }

  test("ignores the names of intermediate values, and has those of inputs", () => {
    const rename = (name: string) => (/^(x|gain|bias|w|y|total|)$/.test(name) ? name : `other ${name}`);
    const renamed = changed((model) => {
      const named = <T extends { name: string }>(list: readonly T[]) =>
        list.map((each) => ({ ...each, name: rename(each.name) }));
      model.initializers = named(model.initializers);
      model.values = named(model.values);
      model.nodes = named(model.nodes).map((node) => {
        return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
      });
    });
    expect(renamed).toEqual(printed);
    const other = changed((model) => {
      model.inputs = model.inputs.map((each) => (each.name === "w" ? { ...each, name: "v" } : each));
      model.nodes = model.nodes.map((node) => {
        return { ...node, inputs: node.inputs.map((name) => (name === "w" ? "v" : name)) };
      });
    });
    expect(other.body).toEqual(printed.body);
    expect(other.interface).not.toEqual(printed.interface);
  });

  const CHANGES: Record<string, (model: DecodedModel) => void> = {
    "two nodes in the other order": ({ nodes }) => {
      const at = nodes.findIndex(({ type }) => type === "MatMul");
      nodes.splice(at, 2, nodes[at + 1], nodes[at]);
    },
    "another attribute": ({ nodes }) => {
      const { attributes } = nodes.find(({ type }) => type === "LayerNormalization")!;
      attributes.find(([name]) => name === "epsilon")![1] = { float: Math.fround(1.0001e-5) };
    },
    "another domain": ({ nodes }) => {
      nodes[0].domain = "com.microsoft";
    },
    "operands in the other order": ({ nodes }) => {
      const node = nodes.find(({ type }) => type === "Mul")!;
      node.inputs = [...node.inputs].reverse();
    },
    "a node's own name": ({ nodes }) => {
      nodes[0].name = "named";
    },
    "the last bit of a constant": (model) => {
      model.initializers = model.initializers.map((each) => ({ ...each, raw: each.raw.map((byte, i) => byte ^ +!i) }));
    },
    "a constant's shape": (model) => {
      model.initializers = model.initializers.map((each) => ({ ...each, dims: [...each.dims, 1] }));
    },
    "a type in between": (model) => {
      model.values = model.values.map((each, i) => (i === 0 ? { ...each, shape: ["M", 5] } : each));
    },
    "the order of types": (model) => {
      model.values = [...model.values].reverse();
    },
    "outputs in the other order": (model) => {
      model.outputs = [...model.outputs].reverse();
    },
    "another opset": ({ opsets }) => {
      opsets[0][1] += 1;
    },
  };

  test.each(Object.keys(CHANGES))("changes with %s", (name) => {
    expect(changed(CHANGES[name]).body).not.toEqual(printed.body);
  });
});
