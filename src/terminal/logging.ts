/** @file What a logger is told of a run, wherever it shows that: the terminal's is logger.ts. */

export interface StepReport {
  /** Optimizer steps done. */
  step: number;
  epoch: number;
  loss?: number;
  /** rewards/margins of the step. */
  margin?: number;
  /** Tokens that went through the model since the last report. */
  tokens: number;
}

export interface Logger {
  info(line: string): void;
  warn(line: string): void;
  start(run: { totalSteps: number; startStep: number; epochs: number }): void;
  step(report: StepReport): void;
  /** Shows what the run does between steps (`evaluating 12/30`); undefined: back to training. */
  status(text: string | undefined): void;
  /** A log entry under TRL's names. */
  metrics(entry: Record<string, number>): void;
  /** The run is over: the bar stays as it stands. */
  end(): void;
  /** Gives the terminal back, after an error too; may be called at any time and more than once. */
  close(): void;
}
