/** @file The whole picture as one SVG text: title, legend, and a panel for each metric. */

import { checkOptions, numberAbove0, oneOf, optionsOf, text, texts } from "../arguments.ts";
import { largest } from "../lists.ts";
import { counted } from "../phrases.ts";
import { drawPanel, seriesColors } from "./panel.ts";
import { differInBeta, legendNames } from "./runNames.ts";
import { markOf } from "./scale.ts";
import { checkRuns, collectSeries, type PlotData, type PlottedRun, type Series, SMOOTH_ABOVE } from "./series.ts";
import { escapeXml, FONT_FAMILY, fitText, pixelWidth, runColor, THEMES, type Theme, type ThemeName } from "./theme.ts";

export interface PlotOptions {
  /**
   * Colors: light or dark.
   *
   * Default: `"light"`.
   */
  theme?: ThemeName | undefined;
  /**
   * Metrics to plot, by TRL's names.
   *
   * Default: loss, rewards/margins and rewards/accuracies, if logged.
   */
  metrics?: string[] | undefined;
  /**
   * Title.
   *
   * Default: `DPO training: NAME`.
   */
  title?: string | undefined;
  /**
   * Width in CSS pixels; the PNG is twice as wide.
   *
   * Default: `960`.
   */
  width?: number | undefined;
  /**
   * Height in CSS pixels.
   *
   * Default: fits the panels.
   */
  height?: number | undefined;
}

/** Checks of PlotOptions. */
export const PLOT_CHECKS = optionsOf<PlotOptions>("plotRuns", {
  theme: oneOf("light", "dark"),
  metrics: texts,
  title: text,
  width: numberAbove0,
  height: numberAbove0,
});

const PADDING = 24;
const LEGEND_LINE = 24;
const SWATCH = 30;

interface LegendItem {
  text: string;
  color: string;
  dashed: boolean;
}

/** One run: its splits. Several: the runs by color, then the meaning of solid and dashed lines. */
function legendItems(data: PlotData, runs: PlottedRun[], theme: Theme): LegendItem[] {
  const hasEval = data.series.some(({ split }) => split === "eval");
  const hasTrain = data.series.some(({ split }) => split === "train");
  const colorOf = (run: number) => runColor(theme, run);
  if (runs.length === 1) {
    return [
      ...(hasTrain ? [{ text: "train", color: colorOf(0), dashed: false }] : []),
      ...evalItems(data).map(({ text, index }) => ({ text, color: colorOf(1 + index), dashed: true })),
    ];
  }
  const names = legendNames(runs).map((text, run) => ({ text, color: colorOf(run), dashed: false }));
  if (!hasEval) return names;
  const splits = [...(hasTrain ? [{ text: "train", dashed: false }] : []), { text: "eval", dashed: true }];
  return [...names, ...splits.map((split) => ({ ...split, color: theme.muted }))];
}

/** The evaluation sets of one run; a single one is called eval. */
function evalItems({ series }: PlotData): { text: string; index: number }[] {
  const evaluated = series.filter(({ split }) => split === "eval");
  const items = new Map(
    evaluated.map(({ set }) => [set?.name ?? "", { text: set ? `eval ${set.name}` : "eval", index: set?.index ?? 0 }]),
  );
  return [...items.values()];
}

/** Draws the legend, wrapped at `width`. @returns its elements and height. */
function drawLegend(items: LegendItem[], width: number, theme: Theme): { svg: string; height: number } {
  let x = 0;
  let y = 0;
  const parts = items.map(({ text, color, dashed }) => {
    const caption = fitText(text, 13, width - SWATCH - 8);
    const itemWidth = SWATCH + 8 + pixelWidth(caption, 13);
    if (x > 0 && x + itemWidth > width) [x, y] = [0, y + LEGEND_LINE];
    const dashes = dashed ? ' stroke-dasharray="9,12"' : ""; // total length of the swatch, with the marker in the gap
    const line = `<line x2="${SWATCH}" stroke="${color}" stroke-width="2.5"${dashes}/>`;
    const fill = dashed ? theme.background : color;
    const marker = `<circle cx="${SWATCH / 2}" cy="0" r="3.6" stroke="${color}" stroke-width="1.75" fill="${fill}"/>`;
    const label = `<text x="${SWATCH + 8}" y="4.5" font-size="13" fill="${theme.text}">${escapeXml(caption)}</text>`;
    const item = `<g transform="translate(${x.toFixed(1)},${y})">${line}${marker}${label}</g>`;
    x += itemWidth + 22;
    return item;
  });
  return { svg: parts.join(""), height: y + LEGEND_LINE };
}

/** Four decimals; of a smaller loss two digits, where they would all be zeros. */
const lossText = (loss: number) => (loss > 0 && loss < 1e-3 ? loss.toExponential(1) : loss.toFixed(4));

/** Facts under the title: number of steps, last losses, the meaning of pale lines. */
function subtitle(data: PlotData, runs: PlottedRun[]): string {
  const last = (split: Series["split"]) =>
    data.series.find((s) => s.metric === "loss" && s.split === split)?.points.findLast(({ y }) => Number.isFinite(y));
  const words: string[] = [];
  if (runs.length === 1) {
    const steps = runs[0].log_history.findLast(({ step }) => typeof step === "number")?.step;
    if (typeof steps === "number") words.push(counted(steps, "step"));
    const [train, evaluated] = [last("train"), last("eval")];
    if (train) words.push(`last loss ${lossText(train.y)}`);
    if (evaluated) words.push(`last eval loss ${lossText(evaluated.y)}`);
  }
  if (data.series.some(({ points }) => points.length > SMOOTH_ABOVE))
    words.push("pale: as logged, line: moving average");
  if (differInBeta(runs)) words.push("beta differs: compare accuracies, not losses");
  return words.join("  ·  ");
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Full width for the first panel, two columns for the others; a last odd one takes the full row. */
function panelBoxes(count: number, width: number, top: number, height: number | undefined): Box[] {
  const rows = 1 + Math.ceil((count - 1) / 2);
  const available = height === undefined ? undefined : Math.max(120 * rows, height - top - PADDING);
  const first = available === undefined ? 380 : count === 1 ? available : available * (1.35 / (rows + 0.35));
  const other = available === undefined ? 270 : rows > 1 ? (available - first) / (rows - 1) : 0;
  return Array.from({ length: count }, (_, i) => {
    const row = Math.ceil(i / 2);
    const alone = i === 0 || (i === count - 1 && i % 2 === 1);
    const column = i > 0 && i % 2 === 0 ? 1 : 0;
    const panelWidth = alone ? width : (width - PADDING) / 2;
    const y = top + (row === 0 ? 0 : first + (row - 1) * other);
    return { x: PADDING + column * (panelWidth + PADDING), y, width: panelWidth, height: row === 0 ? first : other };
  });
}

/** From 0 (the start of training) to the last logged point of any run. */
function xDomain(data: PlotData): [number, number] {
  const last = largest(data.series.map(({ points }) => points[points.length - 1].x));
  return [0, last > 0 ? last : 1];
}

function drawHeader(title: string, note: string, width: number, theme: Theme): { svg: string; height: number } {
  const text = (y: number, size: number, attributes: string, words: string) =>
    `<text x="${PADDING}" y="${y}" font-size="${size}" ${attributes}>${escapeXml(fitText(words, size, width))}</text>`;
  const heading = text(38, 20, `font-weight="700" fill="${theme.text}"`, title);
  if (note === "") return { svg: heading, height: 58 };
  return { svg: heading + text(61, 13, `fill="${theme.muted}"`, note), height: 82 };
}

/**
 * Plots the logs of one or more runs over epochs (over steps if no log has epochs).
 * @returns SVG text: the loss at full width, other metrics below. Pure: needs no files and no fonts.
 * @throws PrefineError `data` if there is nothing to draw.
 */
export function plotRuns(runs: PlottedRun[], options: PlotOptions = {}): string {
  checkRuns("plotRuns", runs);
  checkOptions("plotRuns", options, PLOT_CHECKS);
  const data = collectSeries(runs, options.metrics);
  const theme = THEMES[options.theme ?? "light"];
  const width = Math.max(320, options.width ?? 960);
  const inner = width - 2 * PADDING;
  const title =
    options.title ?? (runs.length === 1 ? `DPO training: ${runs[0].name}` : `DPO training: ${runs.length} runs`);
  const header = drawHeader(title, subtitle(data, runs), inner, theme);
  const legend = drawLegend(legendItems(data, runs, theme), inner, theme);
  const boxes = panelBoxes(data.metrics.length, inner, header.height + legend.height, options.height);
  const bottom = boxes[boxes.length - 1];
  const height = Math.ceil(bottom.y + bottom.height + 8);
  const panels = data.metrics.map((metric, i) => {
    const panelSeries = data.series.filter((series) => series.metric === metric);
    const colorOf = seriesColors(theme, runs.length);
    const { x, y, ...size } = boxes[i];
    const panel = drawPanel(panelSeries, {
      metric,
      xLabel: data.xLabel,
      xDomain: xDomain(data),
      ...size,
      theme,
      mark: markOf(metric, runs),
      colorOf,
    });
    return `<g transform="translate(${x},${y})" font-size="12" text-anchor="middle">${panel}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    `  role="img" font-family="${FONT_FAMILY}" color="${theme.text}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="${theme.background}"/>`,
    header.svg,
    `<g transform="translate(${PADDING},${header.height})">${legend.svg}</g>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}
