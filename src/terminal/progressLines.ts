/** @file Progress of a run as separate lines, for output that is not a terminal, such as a CI log. */
import { createPace, type ProgressView, partsOf, progressAfter, progressAt, type RunProgress } from "./runProgress.ts";

/**
 * One line per tenth of the run, which suits a run of a minute and one of a day. Also one after 30 seconds without any
 * output, so that a slow step, an evaluation or a download does not look like a hang. There is no timer, which would
 * keep the process alive: the line is printed with the next report.
 */
const TENTHS = 10;
const SILENCE_MS = 30_000;

/** @param options.now milliseconds. */
export function createProgressLines(print: (line: string) => void, { now }: { now: () => number }): ProgressView {
  let progress: RunProgress | undefined;
  let pace = createPace(0, now);
  let printedAt = now();
  let tenths = 0;
  const say = (line: string) => {
    printedAt = now();
    print(line);
  };
  const isSilent = () => now() - printedAt >= SILENCE_MS;
  const tenthsOf = ({ step, totalSteps }: RunProgress) => Math.floor((TENTHS * step) / Math.max(1, totalSteps));
  return {
    start: (run) => {
      progress = progressAt(run);
      pace = createPace(run.startStep, now);
      printedAt = now();
      tenths = tenthsOf(progress);
    },
    step: (report) => {
      if (progress === undefined) return;
      progress = progressAfter(progress, report, pace);
      const reached = tenthsOf(progress);
      if (reached === tenths && !isSilent()) return;
      tenths = reached;
      say(lineOf(progress));
    },
    status: (text) => {
      if (text === undefined || !isSilent()) return;
      say(progress === undefined ? text : lineOf({ ...progress, status: text }));
    },
    linePrinted: () => {
      printedAt = now();
    },
    stop: () => {
      progress = undefined;
    },
  };
}

function lineOf(progress: RunProgress): string {
  const percent = `${Math.floor((100 * progress.step) / Math.max(1, progress.totalSteps))}%`;
  return [percent.padStart(4), ...partsOf(progress).map(({ text }) => text)].join("  ");
}
