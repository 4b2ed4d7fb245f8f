/** @file The interface of a run's logger. The terminal's implementation is logger.ts. */

export interface StepReport {
  /** Optimizer steps done. */
  step: number;
  epoch: number;
  loss?: number;
  /** rewards/margins of the step. */
  margin?: number;
  /** Tokens processed since the last report. */
  tokens: number;
}

export interface Logger {
  info(line: string): void;
  warn(line: string): void;
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  step(report: StepReport): void;
  /** Shows the work between steps (`evaluating 12/30`); undefined: back to training. */
  status(text: string | undefined): void;
  /** A log entry under TRL's names. */
  metrics(entry: Record<string, number>): void;
  /** Ends the run; the bar keeps its last state. */
  end(): void;
  /** Releases the terminal, also after an error; may be called at any time and repeatedly. */
  close(): void;
}
