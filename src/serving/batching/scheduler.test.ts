/** @file Continuous batching on a small GPT-2: every answer is what it would be alone, whatever comes and goes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomGpt2, VOCABULARY } from "../../../test/support/randomGpt2.ts";
import { makeRows } from "../../generation/batchRow.ts";
import type { ForkingDecoder } from "../../generation/decoder.ts";
import { generateTokens } from "../../generation/generateTokens.ts";
import { generationSettings } from "../../generation/settings.ts";
import { openDecoders } from "../../pretrained/openDecoder.ts";
import { Mt19937 } from "../../random.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import type { AnswerEnd, ServedRow } from "./servedRow.ts";
import { Turns } from "./turns.ts";

interface Asked {
  prompt: readonly number[];
  tokens: number;
  seed?: number;
}

describe("Scheduler", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-scheduler-"));
  let decoders: ForkingDecoder[];
  beforeAll(async () => {
    const loaded = await randomGpt2(join(folder, "model"));
    decoders = await openDecoders([{ loaded }]);
  });
  afterAll(async () => {
    await decoders[0].dispose();
    rmSync(folder, { recursive: true });
  });

  const settingsOf = ({ tokens, seed }: Asked) =>
    generationSettings({ call: { max_new_tokens: tokens, do_sample: seed !== undefined, seed: seed ?? 0, top_k: 0 } })
      .settings;

  async function alone(asked: Asked): Promise<number[]> {
    const ids: number[] = [];
    for await (const [{ id }] of generateTokens(decoders[0].fork(), [asked.prompt], settingsOf(asked))) ids.push(id);
    return ids;
  }

  const open = (options: Partial<SchedulerOptions> = {}) =>
    new Scheduler({ decoders, turns: new Turns(), mostRows: 4, mostTokens: 1000, mostKept: 1000, ...options });

  interface Answer {
    ids: number[];
    end: AnswerEnd;
    cached: number;
  }

  function ask(
    scheduler: Scheduler,
    asked: Asked,
    { signal = new AbortController().signal, onToken = (_count: number) => {} } = {},
  ): Promise<Answer> {
    return new Promise((resolve) => {
      const settings = settingsOf(asked);
      const [row] = makeRows([asked.prompt], settings, decoders[0].maxPositions);
      const ids: number[] = [];
      let cached = 0;
      const served: ServedRow = {
        ...{ row, prompt: asked.prompt, settings, signal, variant: 0 },
        tokenizer: { decode: String },
        onStart: (tokens) => {
          cached = tokens;
        },
        onToken: (id) => {
          onToken(ids.push(id));
          return false;
        },
        onEnd: (end) => resolve({ ids, end, cached }),
      };
      scheduler.submit([served]);
    });
  }

  /** Prompts of 1 to 40 tokens, answers of 1 to 20, half of them sampled. */
  function randomAsked(count: number, seed: number): Asked[] {
    const random = new Mt19937(seed);
    const below = (most: number) => Math.floor(random.random() * most);
    return Array.from({ length: count }, (_, i) => ({
      prompt: Array.from({ length: 1 + below(40) }, () => 1 + below(VOCABULARY - 1)),
      tokens: 1 + below(20),
      seed: i % 2 ? i : undefined,
    }));
  }

  it.each([
    ["plenty of room", {}],
    ["room for two rows of the longest, so that rows are taken back", { mostTokens: 90 }],
    ["one row at a time, none kept", { mostRows: 1, mostKept: 0 }],
    ["long texts apart", { cacheLimit: 30 }],
  ])("answers of a crowd equal those given alone: %s", async (_name, options) => {
    const asked = randomAsked(24, 5);
    const scheduler = open(options);
    const answers = await Promise.all(
      asked.map(async (one, i) => {
        await new Promise((resolve) => setTimeout(resolve, (i % 8) * 15));
        return ask(scheduler, one);
      }),
    );
    for (const [i, { ids, end }] of answers.entries()) {
      expect(end).not.toHaveProperty("error");
      expect(ids).toEqual(await alone(asked[i]));
    }
    expect([scheduler.queued, scheduler.running]).toEqual([0, 0]);
  });

  it("reads a long prompt in parts, and only what is new of a conversation that goes on", async () => {
    const scheduler = open();
    const first = { prompt: Array.from({ length: 60 }, (_, i) => 1 + (i % 50)), tokens: 10 };
    const { ids, cached } = await ask(scheduler, first);
    expect(cached).toBe(0);
    const next = { prompt: [...first.prompt, ...ids, 7, 8, 9], tokens: 5 };
    const answer = await ask(scheduler, next);
    expect(answer.cached).toBe(69); // all that the first answer has read
    expect(answer.ids).toEqual(await alone(next));
    const other = { prompt: [...first.prompt.slice(0, 30), 90, 91], tokens: 5 };
    const branch = await ask(scheduler, other);
    expect(branch.cached).toBe(30);
    expect(branch.ids).toEqual(await alone(other));
    const again = await ask(scheduler, other);
    expect(again.cached).toBe(31); // all but the last token
    expect(again.ids).toEqual(branch.ids);
  });

  it("keeps no more than it may, and forgets what was used least", async () => {
    const scheduler = open({ mostKept: 60 });
    const asked = [1, 2, 3, 4].map((start) => ({
      prompt: Array.from({ length: 20 }, (_, i) => start + i * 2),
      tokens: 5,
    }));
    for (const one of asked) await ask(scheduler, one);
    expect(scheduler.keptTokens).toBe(48); // two of 24
    expect((await ask(scheduler, asked[0])).cached).toBe(0);
    expect((await ask(scheduler, asked[3])).cached).toBe(19);
  });

  it("drops answers whose clients are gone, waiting or running, and goes on with the others", async () => {
    const scheduler = open({ mostRows: 2 });
    const gone = new AbortController();
    const asked = { prompt: [5, 6, 7], tokens: 60 };
    const hangUp = (count: number) => count === 5 && gone.abort(new Error("hung up"));
    const dropped = [1, 2, 3].map(() => ask(scheduler, asked, { signal: gone.signal, onToken: hangUp }));
    const kept = ask(scheduler, { prompt: [9, 10], tokens: 8 });
    for (const { end, ids } of await Promise.all(dropped)) {
      expect(end).toEqual({ error: gone.signal.reason });
      expect(ids.length).toBeLessThan(60);
    }
    expect((await kept).ids).toEqual(await alone({ prompt: [9, 10], tokens: 8 }));
    expect([scheduler.queued, scheduler.running]).toEqual([0, 0]);
  });

  it("a failure of the device ends the answers that it met, and no others", async () => {
    let isBroken = true;
    const fork = (of: ForkingDecoder): ForkingDecoder =>
      Object.assign(Object.create(of), {
        step: (...call: Parameters<ForkingDecoder["step"]>) =>
          isBroken ? Promise.reject(new Error("broken")) : of.step(...call),
      });
    const broken: ForkingDecoder = Object.assign(Object.create(decoders[0]), { fork: () => fork(decoders[0].fork()) });
    const scheduler = open({ decoders: [broken], mostKept: 0 });
    const { end } = await ask(scheduler, { prompt: [1, 2], tokens: 3 });
    expect(end).toEqual({ error: new Error("broken") });
    isBroken = false;
    const asked = { prompt: [1, 2], tokens: 1 };
    expect((await ask(scheduler, asked)).ids).toEqual(await alone(asked));
  });
});
