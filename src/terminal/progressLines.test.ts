/** @file Progress without a terminal: a line per tenth of a run, and one after 30 seconds of silence. */
import { describe, expect, it } from "vitest";
import { createLogger } from "./logger.ts";
import type { Logger } from "./logging.ts";

function takeSteps(log: Logger, clock: { ms: number }, from: number, to: number, total: number): void {
  for (let step = from; step <= to; step++) {
    clock.ms += step === 1 ? 3000 : 500;
    log.step({ step, epoch: (2 * step) / total, loss: 0.69, margin: 0.0012, tokens: 256 });
  }
}

describe("a logger without a terminal", () => {
  const piped = () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const clock = { ms: 0 };
    const log = createLogger({ stream, isTTY: false, env: {}, now: () => clock.ms });
    return { clock, log, lines: () => written.join("").split("\n").slice(0, -1) };
  };

  it("writes a line per tenth of the run, from any start", () => {
    const { clock, log, lines } = piped();
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    takeSteps(log, clock, 1, 40, 40);
    expect(lines()).toHaveLength(10);
    expect(lines()[0]).toBe(" 10%  4/40  epoch 0.20/2  loss 0.6900  margin 0.0012  512 tok/s  0:18 left");
    expect(lines()[9]).toBe("100%  40/40  epoch 2.00/2  loss 0.6900  margin 0.0012  512 tok/s  in 0:23");
    const resumed = piped();
    resumed.log.start({ totalSteps: 40, startStep: 35, epochs: 2 });
    takeSteps(resumed.log, resumed.clock, 36, 40, 40);
    expect(resumed.lines().map((line) => line.slice(0, 11))).toEqual([" 90%  36/40", "100%  40/40"]);
  });

  it("writes a line after 30 seconds without output", () => {
    const { clock, log, lines } = piped();
    log.status("downloading gpt2: 1 %");
    clock.ms = 30_000;
    log.status("downloading gpt2: 5 %");
    log.start({ totalSteps: 1000, startStep: 0, epochs: 1 });
    for (let step = 1; step <= 3; step++) {
      clock.ms += 16_000;
      log.step({ step, epoch: step / 1000, loss: 0.69, tokens: 10 });
    }
    log.metrics({ loss: 0.69, step: 10 });
    clock.ms += 29_000;
    log.status("evaluating 1/30");
    clock.ms += 1000;
    log.status("evaluating 2/30");
    log.status(undefined);
    expect(lines()).toEqual([
      "downloading gpt2: 5 %",
      expect.stringMatching(/^ {2}0% {2}2\/1000 /),
      expect.stringMatching(/^step {3}10 /),
      expect.stringMatching(/^ {2}0% {2}3\/1000 {2}evaluating 2\/30 /),
    ]);
  });
});
