/** @file The logger on an emulated terminal (the screen after each write), and without a terminal. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createLogger, type LoggerOptions } from "./logger.ts";
import type { Logger } from "./logging.ts";

const ESC = String.fromCharCode(27);
const TOKEN = new RegExp(`${ESC}\\[\\??\\d*[a-zA-Z]|[\\s\\S]`, "gu");
const CODE = new RegExp(`^${ESC}\\[(\\??\\d*)([a-zA-Z])$`);
const COLOR = new RegExp(`${ESC}\\[\\d*m`);

/** The part of a terminal that the logger uses; text beyond the edge is an error unless wrapping is off. */
class Screen extends EventEmitter {
  lines: string[] = [""];
  writes = 0;
  raw = "";
  columns: number;
  private row = 0;
  private column = 0;
  private wraps = true;

  constructor(columns: number) {
    super();
    this.columns = columns;
  }

  write(text: string): void {
    this.writes++;
    this.raw += text;
    for (const token of text.match(TOKEN) ?? []) this.apply(token);
  }

  private apply(token: string): void {
    const code = CODE.exec(token);
    if (token === "\r") this.column = 0;
    else if (token === "\n") this.newLine();
    else if (code === null) this.put(token);
    else if (code[2] === "K") this.lines[this.row] = this.lines[this.row].slice(0, this.column);
    else if (code[2] === "J")
      this.lines.splice(this.row, this.lines.length, this.lines[this.row].slice(0, this.column));
    else if (code[2] === "A") this.row = Math.max(0, this.row - Number(code[1] || 1));
    else if (code[1] === "?7") this.wraps = code[2] === "h";
    else expect(code[2], `unknown escape code ${JSON.stringify(token)}`).toBe("m");
  }

  private newLine(): void {
    this.row++;
    this.column = 0;
    if (this.lines.length <= this.row) this.lines.push("");
  }

  private put(char: string): void {
    if (this.column >= this.columns) {
      if (!this.wraps) return;
      this.newLine();
    }
    const chars = [...this.lines[this.row].padEnd(this.column)];
    chars[this.column++] = char;
    this.lines[this.row] = chars.join("");
  }

  /** Narrows the terminal: breaks lines that are too long, like tmux and most terminals. */
  resize(columns: number): void {
    this.columns = columns;
    this.lines = this.lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""]);
    this.row = this.lines.length - 1;
    this.column = Math.min(columns, [...this.lines[this.row]].length);
    this.emit("resize");
  }
}

const ENTRY = { loss: 0.693953, "rewards/margins": -0.0016, learning_rate: 8.157894736842105e-5, epoch: 0.5, step: 10 };

function setUp(columns: number, options: LoggerOptions = {}) {
  const screen = new Screen(columns);
  const clock = { ms: 0 };
  const log = createLogger({
    stream: screen,
    isTTY: true,
    color: false,
    ascii: true,
    env: {},
    now: () => clock.ms,
    ...options,
  });
  return { screen, clock, log };
}

function takeSteps(log: Logger, clock: { ms: number }, from: number, to: number, total: number): void {
  for (let step = from; step <= to; step++) {
    clock.ms += step === 1 ? 3000 : 500;
    log.step({ step, epoch: (2 * step) / total, loss: 0.69, margin: 0.0012, tokens: 256 });
  }
}

describe("the progress bar", () => {
  it("shows loss, margin, tokens per second and time left, without the slow first step", () => {
    const { screen, clock, log } = setUp(80);
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    takeSteps(log, clock, 1, 20, 40);
    expect(screen.lines).toEqual([" 50% #######........  20/40  loss 0.6900  margin 0.0012  512 tok/s  0:10 left"]);
    log.close();
  });

  it("continues where a resumed run starts", () => {
    const { screen, clock, log } = setUp(100);
    log.start({ totalSteps: 40, startStep: 30, epochs: 2 });
    expect(screen.lines[0]).toMatch(/^ 75% #+\.+ {2}30\/40 {2}epoch 1\.50\/2$/);
    takeSteps(log, clock, 31, 35, 40);
    expect(screen.lines[0]).toMatch(/35\/40 .* 0:03 left$/);
    log.close();
  });

  it.each([10, 20, 30, 40, 60, 80, 120, 200])("fits into one line of %d columns with any numbers", (columns) => {
    const { screen, clock, log } = setUp(columns);
    log.start({ totalSteps: 1_000_000, startStep: 0, epochs: 1.5 });
    for (const [step, loss] of [
      [1, 0.69],
      [500_000, -1234.5678],
      [999_999, Number.NaN],
    ] as const) {
      clock.ms += 123_456;
      log.step({ step, epoch: step / 7e5, loss, margin: -98.7654, tokens: 12_345_678 });
      expect(screen.lines).toHaveLength(1);
      expect([...screen.lines[0]].length).toBeLessThan(columns);
      expect(screen.lines[0]).toContain("%");
    }
    log.close();
  });

  it("stays below printed lines, each in one write", () => {
    const { screen, clock, log } = setUp(80);
    log.info("before");
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    takeSteps(log, clock, 1, 10, 40);
    const writes = screen.writes;
    log.metrics(ENTRY);
    log.warn("look\nhere");
    expect(screen.writes).toBe(writes + 2);
    expect(screen.lines).toEqual([
      "before",
      "step 10  epoch 0.50  loss 0.6940  rewards/margins -0.0016",
      "warning: look",
      "here",
      expect.stringMatching(/^ 25% .* 10\/40 /),
    ]);
    log.end();
    log.info("after");
    expect(screen.lines.slice(-3)).toEqual([expect.stringMatching(/10\/40/), "after", ""]);
  });

  it("limits redraws, except at the last step", () => {
    const { screen, clock, log } = setUp(80);
    log.start({ totalSteps: 1000, startStep: 0, epochs: 1 });
    for (let step = 1; step <= 1000; step++) {
      clock.ms += 1;
      log.step({ step, epoch: step / 1000, loss: 0.5, tokens: 10 });
    }
    expect(screen.writes).toBeLessThan(20);
    expect(screen.lines[0]).toMatch(/^100% #+ {2}1000\/1000 .* in 0:01$/);
    log.end();
  });

  it("shows the work between steps, until the next one", () => {
    const { screen, clock, log } = setUp(80);
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    takeSteps(log, clock, 1, 20, 40);
    log.status("evaluating 1/30");
    expect(screen.lines[0]).toContain("20/40  evaluating 1/30  loss 0.6900");
    log.status(undefined);
    expect(screen.lines[0]).not.toContain("evaluating");
    log.status("evaluating 1/30");
    takeSteps(log, clock, 21, 21, 40);
    expect(screen.lines[0]).not.toContain("evaluating");
    log.close();
  });

  it("follows the width of the terminal and leaves no remains", () => {
    const { screen, clock, log } = setUp(120);
    log.info("first");
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    takeSteps(log, clock, 1, 20, 40);
    screen.resize(50);
    expect(screen.lines).toEqual(["first", expect.stringMatching(/^ 50%.*20\/40/)]);
    expect(screen.lines[1].length).toBeLessThan(50);
    screen.resize(100);
    expect(screen.lines).toHaveLength(2);
    expect(screen.lines[1].length).toBeGreaterThan(80);
    log.close();
  });

  it("releases the terminal: ends the line once and removes its listeners", () => {
    const exits = process.listenerCount("exit");
    const { screen, clock, log } = setUp(80);
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    expect(process.listenerCount("exit")).toBe(exits + 1);
    takeSteps(log, clock, 1, 3, 40);
    log.close();
    log.close();
    log.step({ step: 4, epoch: 0.2, tokens: 1 });
    expect(screen.lines).toEqual([expect.stringMatching(/3\/40/), ""]);
    expect(screen.listenerCount("resize")).toBe(0);
    expect(process.listenerCount("exit")).toBe(exits);
  });

  it("has color on request, at the same width", () => {
    const [plain, colored] = [false, true].map((color) => {
      const { screen, clock, log } = setUp(80, { color, ascii: false });
      log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
      takeSteps(log, clock, 1, 10, 40);
      log.metrics(ENTRY);
      log.warn("look");
      log.close();
      return screen;
    });
    expect(colored.raw).toContain("\x1b[32m━");
    expect(plain.raw).not.toMatch(COLOR);
    expect(plain.lines.map((line) => line.length)).toEqual(colored.lines.map((line) => line.length));
  });
});

describe("without a terminal", () => {
  const run = (options: LoggerOptions, isTTY = false) => {
    const screen = Object.assign(new Screen(80), { isTTY });
    const log = createLogger({ stream: screen, ascii: true, ...options });
    log.info("hello");
    log.start({ totalSteps: 40, startStep: 0, epochs: 2 });
    log.step({ step: 1, epoch: 0.05, loss: 0.7, tokens: 10 });
    log.metrics({ ...ENTRY, entropy: 6.27, num_tokens: 3599 });
    log.end();
    log.close();
    return screen.raw;
  };
  const plain =
    "hello\nstep 10  epoch 0.50  loss 0.6940  rewards/margins -0.0016  learning_rate 8.16e-05  " +
    "entropy 6.2700  num_tokens 3599\n";

  it("writes all metrics of a log entry on one plain line", () => {
    expect(run({ env: {} })).toBe(plain);
  });

  it.each([{ CI: "true" }, { TERM: "dumb" }])("does the same on a terminal with %j", (env) => {
    expect(run({ env }, true)).toBe(plain);
    expect(run({ env: {} }, true)).not.toBe(plain);
  });

  it("keeps the progress bar with NO_COLOR, without colors", () => {
    const raw = run({ env: { NO_COLOR: "1" } }, true);
    expect(raw).toContain("....");
    expect(raw).not.toMatch(COLOR);
  });

  it("breaks long lines between words on a terminal, and nowhere else", () => {
    const words = "a line of words that is longer than the terminal is wide, which holds of most advice";
    const written = (isTTY: boolean, color = false) => {
      const screen = new Screen(40);
      const log = createLogger({ stream: screen, isTTY, env: {}, color });
      log.info(words);
      log.warn(words);
      return screen.raw;
    };
    expect(written(false)).toBe(`${words}\nwarning: ${words}\n`);
    const lines = written(true).trimEnd().split("\n");
    expect(lines.length).toBe(6);
    expect(lines.join(" ")).toBe(`${words} warning: ${words}`);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(written(true, true)).toContain(`${ESC}[33mwarning:${ESC}[0m a line of words`);
  });

  it.each([true, false])("writes only warnings if progress is disabled (terminal: %s)", (isTTY) => {
    expect(run({ env: {}, disable_tqdm: true }, isTTY)).toBe("");
    const screen = new Screen(80);
    const log = createLogger({ stream: screen, isTTY, env: {}, color: false, disable_tqdm: true });
    log.start({ totalSteps: 2, startStep: 0, epochs: 1 });
    log.warn("the loss is odd");
    log.close();
    log.warn("and so is the end");
    expect(screen.raw).toBe("warning: the loss is odd\nwarning: and so is the end\n");
  });
});

it.each([true, false])("names with escape codes never reach the stream (terminal: %s)", (isTTY) => {
  const odd = `x${ESC}]0;title${String.fromCharCode(7, 0x9b)}2J${String.fromCharCode(0x202e)}`;
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  const logger = createLogger({ stream, isTTY, color: false, columns: 60, env: {} });
  logger.start({ totalSteps: 2, startStep: 0, epochs: 1 });
  logger.info(`reads ${odd}`);
  logger.warn(`skips ${odd}`);
  logger.status(`evaluating ${odd}`);
  logger.step({ step: 1, epoch: 0.5, loss: 0.6, tokens: 10 });
  logger.metrics({ [`eval_${odd}`]: 0.5, epoch: 0.5 });
  logger.close();
  const raw = written.join("");
  expect(raw).toContain("\\x1b]0;title\\x07\\x9b2J\\u202e");
  const own = new RegExp(`${ESC}\\[\\??\\d*[a-zA-Z]`, "gu"); // of the bar
  expect(raw.replace(own, "")).toMatch(/^[\n\r -~]*$/);
});
