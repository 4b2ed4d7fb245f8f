/** @file Compares quantized base models with float32: the same rows, each in its own process, and a table. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeRandomModel } from "./materials.ts";
import { mean } from "./measurements.ts";
import { BASES, type BaseName, type BaseReport, SHAPE } from "./smolSettings.ts";

/** Pairs at the start and at the end whose mean loss is shown. */
const SHOWN = 8;
/** Steps that load code and open graphs. */
const WARM_UP = 2;
/** The second epoch sees the same pairs again, with their reference log-probabilities cached. */
const EPOCHS = 2;

export type BaseReports = Record<BaseName, BaseReport>;

/**
 * @param model a GGUF file of SmolLM2; undefined: random weights of its shape, whose losses are meaningless.
 * @param measure runs a measuring process and returns its last line.
 */
export async function measureBases(
  model: string | undefined,
  options: { rows: number; folder: string; measure: (...args: string[]) => string },
): Promise<BaseReports> {
  const { rows, folder, measure } = options;
  const random = join(folder, "random");
  if (model === undefined) {
    mkdirSync(random);
    await writeRandomModel(random, SHAPE);
  }
  const names = Object.keys(BASES) as BaseName[];
  const reports = names.map((name, i): [string, BaseReport] => {
    process.stderr.write(`${name} ...\n`);
    return [name, JSON.parse(measure(model ?? random, name, String(rows), String(EPOCHS), join(folder, `${i}`)))];
  });
  return Object.fromEntries(reports) as BaseReports;
}

/** Markdown; ratios are to float32. */
export function basesTable(reports: BaseReports, hasWeights: boolean): string {
  const { float32 } = reports;
  const pairs = float32.losses.length / EPOCHS;
  const epoch = ({ steps }: BaseReport, number: 0 | 1) =>
    mean(steps.slice(number * pairs, (number + 1) * pairs).slice(number === 0 ? WARM_UP : 0));
  const ratio = (of: (report: BaseReport) => number, report: BaseReport) => (of(report) / of(float32)).toFixed(2);
  const bytes = (of: (report: BaseReport) => number) => (report: BaseReport) =>
    `${(of(report) / 1e6).toFixed(0)} MB (${ratio(of, report)})`;
  const seconds = (number: 0 | 1) => (report: BaseReport) =>
    `${epoch(report, number).toFixed(2)} s (${ratio((one) => epoch(one, number), report)})`;
  const loss = (start: number, end?: number) => (report: BaseReport) =>
    mean(report.losses.slice(start, end)).toFixed(4);
  const columns: [string, (report: BaseReport) => string][] = [
    ["weights", bytes(({ weightBytes }) => weightBytes)],
    ["peak memory", bytes(({ peakRssBytes }) => peakRssBytes)],
    ["per step, with reference pass", seconds(0)],
    ["per step, reference cached", seconds(1)],
  ];
  const losses: typeof columns = [
    [`loss, first ${SHOWN} steps`, loss(0, SHOWN)],
    [`last ${SHOWN} steps`, loss(-SHOWN)],
    ["first epoch", loss(0, pairs)],
    ["second epoch", loss(pairs)],
  ];
  const shown = hasWeights ? [...columns, ...losses] : columns;
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    `SmolLM2-135M${hasWeights ? "" : "'s shape, random weights"}: ${pairs} pairs kept, ${EPOCHS} epochs, batch 1\n`,
    row(["base", ...shown.map(([title]) => title)]),
    `|---${"|---:".repeat(shown.length)}|`,
    ...Object.entries(reports).map(([name, report]) => row([name, ...shown.map(([, cell]) => cell(report))])),
  ].join("\n");
}
