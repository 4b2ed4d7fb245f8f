/** @file Logs of any length and values of any size: drawn, or refused with one message, in a short time. */
import { describe, expect, test } from "vitest";
import { metricsTable } from "../checkpoints/metricsTable.ts";
import { PrefineError } from "../errors.ts";
import { plotTerminal } from "../terminal/plotTerminal.ts";
import { plotRuns } from "./plotRuns.ts";
import type { RawLogEntry } from "./series.ts";

const QUICK = 8000;
const many = <T>(count: number, entry: (i: number) => T) => Array.from({ length: count }, (_, i) => entry(i));
const draw = (log_history: RawLogEntry[], metrics?: string[]) => plotRuns([{ name: "run", log_history }], { metrics });

describe("long logs", () => {
  const OWN_SET: [string, RawLogEntry[]][] = [
    ["each its own entry", many(30_000, (i) => ({ [`eval_s${i}_loss`]: 0.6, epoch: i, step: i }))],
    [
      "all in one",
      [{ ...Object.fromEntries(many(30_000, (i) => [`eval_s${i}_loss`, 0.6] as const)), epoch: 1, step: 1 }],
    ],
  ];
  test.each(OWN_SET)(
    "30,000 evaluation sets, %s, are refused",
    (_, log) => {
      expect(() => draw(log)).toThrow(": expected at most 1000 lines (runs x metrics x evaluation sets), found 30000");
    },
    QUICK,
  );

  test("so are 101 metrics", () => {
    const names = many(101, (i) => `m${i}`);
    const log = [{ ...Object.fromEntries(names.map((name) => [name, 1])), epoch: 1, step: 1 }];
    expect(() => draw(log, names)).toThrow(": expected at most 100 metrics, found 101");
    expect(draw(log, names.slice(0, 3))).toContain("m2");
  });

  test(
    "a name that is longer than its place is shortened everywhere",
    () => {
      const name = "m".repeat(30_000);
      const log = [0, 1].map((step) => ({ [name]: 0.5, [`eval_${name}_loss`]: 0.6, epoch: step, step }));
      const runs = [1, 2].map(() => ({ name, log_history: log, settings: { loss_type: name } }));
      for (const metrics of [[name], ["loss"]]) expect(plotRuns(runs, { metrics }).length).toBeLessThan(200_000);
    },
    QUICK,
  );

  test(
    "evaluations of a card's table: its time grows with the rows",
    () => {
      const log = many(20_000, (i) => ({ eval_loss: 0.5, epoch: i, step: i })) as Record<string, number>[];
      expect(metricsTable(log)?.split("\n")).toHaveLength(20_002);
    },
    QUICK,
  );
});

describe("values of any size", () => {
  const [tiny, huge] = [Number.MIN_VALUE, Number.MAX_VALUE];
  const LOGS: [string, number[][]][] = [
    [
      "epochs far below zero",
      [
        [-1e15, 1],
        [1, 2],
      ],
    ],
    [
      "only epochs below zero",
      [
        [-5, 1],
        [-4, 2],
      ],
    ],
    [
      "epochs at both ends",
      [
        [huge, 1],
        [-huge, 1],
      ],
    ],
    [
      "losses at both ends",
      [
        [0, huge],
        [1, -huge],
      ],
    ],
    [
      "the smallest",
      [
        [tiny, tiny],
        [2 * tiny, 0],
      ],
    ],
  ];
  test.each(LOGS)(
    "%s",
    (_, points) => {
      const log = points.map(([epoch, loss], step) => ({ epoch, loss, "rewards/accuracies": loss, step }));
      for (const metric of ["loss", "rewards/accuracies"]) {
        expect(draw(log, [metric])).not.toContain("NaN");
        expect(plotTerminal(log, { metric }).split("\n").length).toBe(15);
      }
    },
    QUICK,
  );

  test("a log without an end to its message's length is an error all the same", () => {
    const log = [Object.fromEntries(many(50_000, (i) => [`metric ${i}`, 1]))];
    const failure = (() => {
      try {
        return draw(log, ["nothing like it"]);
      } catch (error) {
        return error as PrefineError;
      }
    })() as PrefineError;
    expect(failure).toBeInstanceOf(PrefineError);
    expect(`${failure.message}${failure.hint}`.length).toBeLessThan(2000);
  });
});
