/** @file The picture: correct points, all text visible without installed fonts, nothing clipped. */
import { existsSync, readFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { type PlotOptions, plotRuns } from "./plotRuns.ts";
import { renderPng } from "./renderPng.ts";
import type { PlottedRun, RawLogEntry } from "./series.ts";

function fakeLog(points: number, evaluations = 0): RawLogEntry[] {
  const train = Array.from({ length: points }, (_, i) => {
    const epoch = (3 * (i + 1)) / points;
    const wave = Math.sin(i * 1.7) / 20;
    return {
      loss: 0.7 - epoch / 10 + wave,
      "rewards/margins": epoch / 5 - wave,
      "rewards/accuracies": 0.5,
      epoch,
      step: i + 1,
    };
  });
  const evals = Array.from({ length: evaluations }, (_, i) => {
    const epoch = (3 * (i + 1)) / evaluations;
    return {
      eval_loss: 0.7 - epoch / 12,
      "eval_rewards/margins": epoch / 6,
      epoch,
      step: Math.ceil((points * epoch) / 3),
    };
  });
  return [...train, ...evals];
}

const parse = (svg: string) => parseHTML(`<html><body>${svg}</body></html>`).document;
const textsOf = (svg: string) => [...parse(svg).querySelectorAll("text")].map((text) => text.textContent);

/** Fits y = a + b x through the first and last pair and returns the largest deviation of the others. */
function deviationFromLine(pairs: [number, number][]): number {
  const [first, last] = [pairs[0], pairs[pairs.length - 1]];
  const slope = (last[1] - first[1]) / (last[0] - first[0]);
  return Math.max(...pairs.map(([x, y]) => Math.abs(y - first[1] - slope * (x - first[0]))));
}

describe("plotRuns", () => {
  it("puts every logged point at its epoch and loss", () => {
    const log = fakeLog(12);
    const circles = [
      ...parse(plotRuns([{ name: "dpo", log_history: log }], { metrics: ["loss"] })).querySelectorAll(
        "g[aria-label=dot] circle",
      ),
    ];
    expect(circles).toHaveLength(12);
    const at = (i: number, key: "cx" | "cy") => Number(circles[i].getAttribute(key));
    expect(deviationFromLine(log.map((entry, i) => [entry.epoch as number, at(i, "cx")]))).toBeLessThan(1e-6);
    const byLoss = log
      .map((entry, i): [number, number] => [entry.loss as number, at(i, "cy")])
      .sort((a, b) => a[0] - b[0]);
    expect(deviationFromLine(byLoss)).toBeLessThan(1e-6);
    expect(byLoss[0][1]).toBeGreaterThan(byLoss[11][1]); // downwards on the screen
    expect(at(11, "cx")).toBeGreaterThan(at(0, "cx"));
  });

  it("names axes, metrics, splits and runs", () => {
    expect(textsOf(plotRuns([{ name: "dpo", log_history: fakeLog(12, 3) }]))).toEqual(
      expect.arrayContaining([
        "DPO training: dpo",
        "train",
        "eval",
        "epoch",
        "loss",
        "rewards/margins",
        "rewards/accuracies",
      ]),
    );
    const runs = [0.1, 0.3, 0.5].map((beta) => ({ name: `beta-${beta}`, log_history: fakeLog(12, 3) }));
    const svg = plotRuns(runs, { title: "How strong should beta be?" });
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(["How strong should beta be?", "beta-0.1", "beta-0.3", "beta-0.5", "eval"]),
    );
    const strokes = [...parse(svg).querySelectorAll("g[aria-label=line]")].map((line) => line.getAttribute("stroke"));
    expect(new Set(strokes).size).toBe(3);
  });

  it("draws eval dashed, few points with markers, many points pale under their moving average", () => {
    const few = parse(plotRuns([{ name: "dpo", log_history: fakeLog(12, 3) }], { metrics: ["loss"] }));
    const dashes = [...few.querySelectorAll("g[aria-label=line]")].map((line) => line.getAttribute("stroke-dasharray"));
    expect(dashes).toEqual([null, "6,4"]);
    const many = parse(plotRuns([{ name: "dpo", log_history: fakeLog(200) }], { metrics: ["loss"] }));
    expect(many.querySelectorAll("g[aria-label=dot] circle")).toHaveLength(0);
    const lines = [...many.querySelectorAll("g[aria-label=line]")];
    expect(lines.map((line) => line.getAttribute("stroke-opacity"))).toEqual(["0.28", null]);
    expect(lines[0].getAttribute("stroke")).toBe(lines[1].getAttribute("stroke"));
    expect(textsOf(plotRuns([{ name: "dpo", log_history: fakeLog(200) }])).join()).toContain("pale: as logged");
  });

  const heightsOf = (svg: string) =>
    [...parse(svg).querySelectorAll("g[aria-label=dot] circle")].map((circle) => Number(circle.getAttribute("cy")));
  const rangeOf = (values: number[]) => Math.max(...values) - Math.min(...values);
  const constant = (values: Record<string, number>, wiggle: number): RawLogEntry[] =>
    Array.from({ length: 20 }, (_, i) => ({
      ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value + wiggle * Math.sin(3 * i)])),
      epoch: i / 10,
      step: i + 1,
    }));

  it.each([
    ["loss", Math.LN2, 0.002],
    ["loss", 0.001, 0.001],
    ["loss", 25, 0.1], // ipo at beta 0.1
    ["rewards/margins", 0, 0.002],
    ["rewards/accuracies", 0.5, 0.01],
  ])("keeps noise of %s around %d small", (metric, value, wiggle) => {
    const log_history = constant({ [metric]: value }, wiggle);
    expect(rangeOf(heightsOf(plotRuns([{ name: "dpo", log_history }], { metrics: [metric] })))).toBeLessThan(25);
  });

  it("marks ln 2 for losses that start there, by the settings or the first loss, and half of the accuracies", () => {
    const marks = (settings?: PlottedRun["settings"], log_history = fakeLog(12)) => {
      const texts = textsOf(plotRuns([{ name: "dpo", log_history, settings }]));
      return { ln2: texts.includes("ln 2"), half: texts.includes("0.5") };
    };
    expect(marks({ loss_type: ["sigmoid"] })).toEqual({ ln2: true, half: true });
    expect(marks({ loss_type: ["dpop"] }).ln2).toBe(true);
    for (const loss_type of [["ipo"], ["hinge"], ["simpo"], ["sigmoid", "sft"], "hinge"])
      expect(marks({ loss_type }).ln2, String(loss_type)).toBe(false);
    expect(marks(undefined).ln2).toBe(true); // its first loss is near ln 2
    expect(marks(undefined, constant({ loss: 1 }, 0.001)).ln2).toBe(false);
  });

  it("shows a run with a single logged point", () => {
    const svg = plotRuns([{ name: "dpo", log_history: [{ loss: 0.69, "rewards/margins": 0, epoch: 1, step: 10 }] }]);
    expect(heightsOf(svg)).toHaveLength(2);
  });

  it("names beta and other differing settings of overlaid runs", () => {
    const run = (name: string, settings?: PlottedRun["settings"]) => ({ name, log_history: fakeLog(12), settings });
    const same = { loss_type: ["sigmoid"], seed: 42 };
    const svg = plotRuns([
      run("a", { ...same, beta: 0.1, learning_rate: 1e-5 }),
      run("b", { ...same, beta: 0.5, learning_rate: 1e-5 }),
      run("c", { ...same, beta: 0.5, learning_rate: 1e-4, loss_type: ["sigmoid", "sft"] }),
      run("trl"),
    ]);
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining([
        "a (beta 0.1, sigmoid, learning_rate 1e-05)",
        "b (beta 0.5, sigmoid, learning_rate 1e-05)",
        "c (beta 0.5, sigmoid + sft, learning_rate 0.0001)",
        "trl",
        "beta differs: compare accuracies, not losses",
      ]),
    );
    const alike = textsOf(plotRuns([run("a", { ...same, beta: 0.1 }), run("b", { ...same, beta: 0.1 })]));
    expect(alike).toContain("a (beta 0.1)");
    expect(alike.join()).not.toContain("beta differs");
    expect(textsOf(plotRuns([run("a", { ...same, beta: 0.1 })])).join()).not.toContain("beta");
  });

  it("leaves a gap for a loss that is not finite", () => {
    const log = fakeLog(9);
    log[4].loss = null;
    const svg = parse(plotRuns([{ name: "dpo", log_history: log }], { metrics: ["loss"] }));
    expect(svg.querySelectorAll("g[aria-label=dot] circle")).toHaveLength(8);
    expect(svg.querySelector("g[aria-label=line] path")?.getAttribute("d")?.match(/M/g)).toHaveLength(2);
  });

  it("is deterministic, in the colors of the theme", () => {
    const draw = (theme: PlotOptions["theme"]) => plotRuns([{ name: "dpo", log_history: fakeLog(30, 3) }], { theme });
    expect(draw("dark")).toBe(draw("dark"));
    expect(draw("dark")).toContain('fill="#0d1117"');
    expect(draw("light")).not.toContain("#0d1117");
  });

  it("uses width and height", () => {
    const svg = plotRuns([{ name: "dpo", log_history: fakeLog(12, 3) }], { width: 500, height: 600 });
    const root = parse(svg).querySelector("svg");
    expect(root?.getAttribute("width")).toBe("500");
    expect(Math.abs(Number(root?.getAttribute("height")) - 600)).toBeLessThan(30);
  });
});

const FONT = {
  loadSystemFonts: false,
  fontFiles: ["400Regular/Inter_400Regular", "700Bold/Inter_700Bold"].map(
    (file) => `node_modules/@expo-google-fonts/inter/${file}.ttf`,
  ),
  defaultFontFamily: "Inter",
};
const pixels = (svg: string) => new Resvg(svg, { font: FONT }).render().pixels;

const cases: Record<string, { log_history: RawLogEntry[]; name: string }[]> = {
  "one run": [{ name: "dpo", log_history: fakeLog(12, 3) }],
  "a single point and an odd name": [
    { name: 'a <b> & "c" \u0007', log_history: [{ loss: 0.69, epoch: 0.02, step: 1 }] },
  ],
  "three long names": ["x", "y", "z"].map((end) => ({
    name: "a-very-long-name-".repeat(20) + end,
    log_history: fakeLog(80, 4),
  })),
  "no training log": [{ name: "eval only", log_history: [{ eval_loss: 0.7, epoch: 1, step: 10 }] }],
};

describe.each(Object.keys(cases))("the picture of %s, without installed fonts", (name) => {
  const svg = plotRuns(cases[name]);

  it("shows all text", () => {
    const texts = svg.match(/<text[\s\S]*?<\/text>/g) ?? [];
    expect(texts.length).toBeGreaterThan(8);
    const whole = pixels(svg);
    for (const text of texts) {
      const without = svg.replace(text, "");
      expect(whole.equals(pixels(without)), `no pixel of ${text}`).toBe(false);
    }
  });

  it("clips nothing at its edges", () => {
    const withoutBackground = svg.replace(/<rect width="100%"[^>]*>/, "");
    const picture = new Resvg(withoutBackground, { font: FONT });
    const box = picture.getBBox();
    expect(box).toBeDefined();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect(box?.y).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(picture.width);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(picture.height);
  });
});

describe("renderPng", () => {
  it("draws the letters of the package's own fonts, at twice the size", () => {
    const svg = plotRuns(cases["one run"], { width: 480 });
    const png = renderPng(svg);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(new DataView(png.buffer).getUint32(16)).toBe(960);
    const zoomed = new Resvg(svg, { font: FONT, fitTo: { mode: "zoom", value: 2 } }).render().asPng();
    expect(Buffer.compare(zoomed, png)).toBe(0);
  });
});

const trajectory = new URL("../../../shared/reference/trajectories/note-shuffled/log_history.jsonl", import.meta.url);

describe.skipIf(!existsSync(trajectory))("TRL's log of note-shuffled (skipped without ../shared)", () => {
  it("has all 40 training points and both evaluations", () => {
    const lines = readFileSync(trajectory, "utf8").trim().split("\n");
    const svg = plotRuns([{ name: "note-shuffled", log_history: lines.map((line) => JSON.parse(line)) }], {
      metrics: ["loss"],
    });
    expect(parse(svg).querySelectorAll("g[aria-label=dot] circle")).toHaveLength(42);
    expect(textsOf(svg)).toContain("40 steps  ·  last loss 0.6698  ·  last eval loss 0.6873");
  });
});
