/** @file The terminal plot: within the width, falling losses fall, plain ASCII on request. */
import { describe, expect, it } from "vitest";
import { plotTerminal } from "./plotTerminal.ts";

const falling = Array.from({ length: 10 }, (_, i) => ({ loss: 1 - i / 10, epoch: (i + 1) / 2, step: i + 1 }));
const withEval = [...falling, { eval_loss: 0.9, epoch: 2.5, step: 5 }, { eval_loss: 0.85, epoch: 5, step: 10 }];

describe("plotTerminal", () => {
  it("draws a falling line in ASCII, between its axes", () => {
    expect(plotTerminal(falling, { columns: 26, rows: 4, ascii: true }).split("\n")).toEqual([
      "loss: * train",
      "1.0 |  ***",
      "    |     ******",
      "    |           *******",
      "  0 |                  **",
      "    +--------------------",
      "     0     epoch        5",
    ]);
  });

  it.each([
    [40, true],
    [80, true],
    [80, false],
    [120, false],
  ])("is at most %d columns wide (ascii: %s)", (columns, ascii) => {
    const lines = plotTerminal(withEval, { columns, rows: 6, ascii }).split("\n");
    expect(lines).toHaveLength(9);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeGreaterThan(columns - 4);
  });

  it("sets braille dots where the points are", () => {
    const lines = plotTerminal(falling, { columns: 40, rows: 5, ascii: false }).split("\n").slice(1, 6);
    const filled = lines.map((line) =>
      [...line].slice(5).flatMap((char, i) => (char > "\u2800" && char <= "\u28ff" ? [i] : [])),
    );
    expect(filled.every((columns) => columns.length > 0)).toBe(true);
    const middles = filled.map((columns) => columns.reduce((a, b) => a + b) / columns.length);
    expect(middles).toEqual([...middles].sort((a, b) => a - b));
  });

  it("colors the two splits differently, only on request", () => {
    const ansi = new RegExp(`${"\x1b"}\\[(34|33|39)m`, "g");
    const colored = plotTerminal(withEval, { color: true, ascii: false });
    expect(new Set(colored.match(ansi))).toEqual(new Set(["\x1b[34m", "\x1b[33m", "\x1b[39m"]));
    expect(colored.replace(ansi, "")).toBe(plotTerminal(withEval, { color: false, ascii: false }));
  });

  it("marks and labels ln 2 if the loss starts there", () => {
    const log = falling.map((entry, i) => ({ ...entry, loss: Math.LN2 - 0.04 * i }));
    const draw = (loss_type: string, color = false) =>
      plotTerminal(log, { columns: 26, rows: 5, ascii: true, color, settings: { loss_type: [loss_type] } });
    expect(draw("sigmoid").split("\n").slice(1, 6)).toEqual([
      " 0.8 |",
      "ln 2 |..****.............",
      "     |      ********",
      "     |              *****",
      " 0.2 |",
    ]);
    expect(draw("hinge")).not.toContain("ln 2");
    expect(draw("sigmoid", true)).toContain("\x1b[2m.\x1b[22m");
  });

  it("draws noise flat", () => {
    const log = falling.map((entry, i) => ({ ...entry, loss: Math.LN2 + 0.002 * Math.sin(3 * i) }));
    const lines = plotTerminal(log, { columns: 60, rows: 8, ascii: true }).split("\n").slice(1, 9);
    expect(lines.filter((line) => line.includes("*")).length).toBeLessThanOrEqual(2);
  });

  it("draws a single point, and throws if there is none", () => {
    expect(plotTerminal([{ loss: 0.69, epoch: 1 }], { columns: 30, rows: 4, ascii: true })).toContain("*");
    expect(plotTerminal([{ loss: 0.69, epoch: 1 }], { columns: 30, rows: 4, ascii: false })).toContain("⣿");
    expect(() => plotTerminal([])).toThrow(/log_history is empty|no run has logged loss/);
  });
});
