/** @file The plot of one metric: axes, grid, a line per run and split, markers if there are few points. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { largest } from "../lists.ts";
import { axisValues, type Mark } from "./scale.ts";
import { type Point, type Series, SMOOTH_ABOVE, smooth, thinOut } from "./series.ts";
import { fitText, pixelWidth, runColor, type Theme } from "./theme.ts";
import { niceAxis, niceTicks } from "./ticks.ts";

/** Lines with more points than this have no markers. */
const MARKERS_UP_TO = 40;
const FONT_SIZE = 12;
const TITLE_SIZE = 13;
const MARGIN_TOP = 34;
const MARGIN_BOTTOM = 56;

export interface PanelOptions {
  metric: string;
  xLabel: string;
  xDomain: [number, number];
  width: number;
  height: number;
  theme: Theme;
  /** The value before any learning. */
  mark: Mark | undefined;
  /** Color by split with one run, by run with several. */
  colorOf: (series: Series) => string;
}

/** One run: train and eval in the first two colors, more evaluation sets in the next. Several: one color per run. */
export function seriesColors(theme: Theme, runs: number): (series: Series) => string {
  const ofSplit = ({ split, set }: Series) => (split === "eval" ? 1 + (set?.index ?? 0) : 0);
  return (series) => runColor(theme, runs === 1 ? ofSplit(series) : series.run);
}

/** Points with gaps on both sides, which a line without markers does not show. */
function lonelyPoints(points: Point[]): Point[] {
  return points.filter(({ y }, i) => {
    const alone = !Number.isFinite(points[i - 1]?.y) && !Number.isFinite(points[i + 1]?.y);
    return Number.isFinite(y) && alone;
  });
}

/** Solid for training, dashed with hollow markers for evaluation: distinguishable without color. */
function marksOf(series: Series, { width, theme, colorOf }: PanelOptions): Plot.Markish[] {
  const { points, split } = series;
  const stroke = colorOf(series);
  const isEval = split === "eval";
  const style = { x: "x", y: "y", stroke, strokeDasharray: isEval ? "6,4" : undefined };
  const dot = { x: "x", y: "y", stroke, strokeWidth: 1.75, r: 3.2, fill: isEval ? theme.background : stroke };
  if (points.length > SMOOTH_ABOVE) {
    return [
      Plot.line(thinOut(points, width), { x: "x", y: "y", stroke, strokeWidth: 1, strokeOpacity: 0.28 }),
      Plot.line(thinOut(smooth(points), width), { ...style, strokeWidth: 2.25 }),
    ];
  }
  const marked = points.length <= MARKERS_UP_TO ? points : lonelyPoints(points);
  return [Plot.line(points, { ...style, strokeWidth: 2 }), Plot.dot(marked, dot)];
}

/** Draws one panel as SVG elements for a `<g>` of the given size; text in Inter. */
export function drawPanel(series: Series[], options: PanelOptions): string {
  const { metric, xLabel, xDomain, width, height, theme, mark } = options;
  const yCount = Math.max(2, Math.round((height - MARGIN_TOP - MARGIN_BOTTOM) / 40));
  const { domain, ticks: y } = niceAxis(axisValues(metric, series, mark), yCount);
  const x = niceTicks(...xDomain, Math.max(2, Math.round(width / 120)));
  const labelOf = (ticks: typeof x) => (_: number, i: number) => ticks.labels[i];
  const marginLeft = Math.ceil(largest(y.labels.map((label) => pixelWidth(label, FONT_SIZE)))) + 18;
  const axis = { stroke: theme.grid, color: theme.muted, tickSize: 0, fontSize: FONT_SIZE, label: null };
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({
    document,
    width,
    height,
    marginLeft,
    marginRight: 16,
    marginTop: MARGIN_TOP,
    marginBottom: MARGIN_BOTTOM,
    x: { domain: xDomain },
    y: { domain },
    marks: [
      Plot.gridY(y.values, { stroke: theme.grid, strokeOpacity: 1 }),
      ...(domain[0] < 0 && domain[1] > 0 ? [Plot.ruleY([0], { stroke: theme.muted, strokeWidth: 1 })] : []),
      Plot.ruleY([domain[0]], { stroke: theme.muted }),
      Plot.axisY(y.values, { ...axis, tickFormat: labelOf(y), tickPadding: 8 }),
      Plot.axisX(x.values, { ...axis, tickFormat: labelOf(x), tickSize: 5, stroke: theme.muted }),
      Plot.text([xLabel], { frameAnchor: "bottom", dy: 38, fill: theme.muted, fontSize: 13 }),
      Plot.text([fitText(metric, TITLE_SIZE, width - 16)], axisTitle(marginLeft, theme)),
      ...(mark ? [Plot.ruleY([mark.value], { stroke: theme.muted, strokeDasharray: "2,4" })] : []),
      ...series.flatMap((one) => marksOf(one, options)),
      ...(mark ? [markLabel(mark, theme)] : []),
    ],
  });
  for (const style of svg.querySelectorAll("style")) style.remove();
  return svg.innerHTML;
}

/** The metric's name, above its axis. */
function axisTitle(marginLeft: number, theme: Theme): Plot.TextOptions {
  return {
    frameAnchor: "top-left",
    textAnchor: "start",
    dx: -marginLeft,
    dy: -26,
    fill: theme.text,
    fontSize: TITLE_SIZE,
    fontWeight: 700,
  };
}

/** Label above the right end of the marked line, on top of curves, outlined in the background color. */
function markLabel({ value, label }: Mark, theme: Theme): Plot.Markish {
  return Plot.text([value], {
    y: (y: number) => y,
    text: () => label,
    frameAnchor: "right",
    textAnchor: "end",
    dx: -6,
    dy: -9,
    fill: theme.muted,
    stroke: theme.background,
    strokeWidth: 4,
    fontSize: FONT_SIZE,
  });
}
