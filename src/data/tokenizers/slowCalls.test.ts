/** @file Texts that take long: ended here, tokenized to the same ids in a thread, and stopped there by a signal. */
import { afterEach, describe, expect, test } from "vitest";
import { byteTokenizer } from "../../../test/support/byteTokenizer.ts";
import { failure } from "../../../test/support/outcomes.ts";
import { endsWithin } from "../../host.ts";
import { tokenizePairs } from "../preferences/tokenizePairs.ts";
import { StoppableTokenizer } from "./slowCalls.ts";
import { Tokenizer } from "./tokenizer.ts";
import "../../pretrained/tokenizerThreads.ts";

/** Tries every way to split a run of a: 2^n of them. */
const BACKTRACKS = "(a+)+b";
const ENDLESS_TEXT = `${"a".repeat(60)}c`;
const ENDLESS_TEMPLATE =
  "{% for i in range(100000) %}{% for j in range(100000) %}{{ messages[0].content }}{% endfor %}{% endfor %}";

/** The byte tokenizer with another pre-tokenizer. */
function splitting(pattern: string): Tokenizer {
  const { origin, ...parts } = byteTokenizer().threadParts;
  const json = origin instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(origin)) : origin;
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const pre_tokenizer = { type: "Sequence", pretokenizers: [split, byteLevel] };
  return new Tokenizer({ ...parts, json: { ...json, pre_tokenizer } });
}

const opened: StoppableTokenizer[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.end();
});
/** @param patience how long (ms) it works here. */
function stoppable(tokenizer: Tokenizer, patience: number, signal?: AbortSignal): StoppableTokenizer {
  const made = new StoppableTokenizer(tokenizer, { signal, patience });
  opened.push(made);
  return made;
}

describe("work with a time limit", () => {
  test("is ended wherever it is", () => {
    const works: Record<string, () => unknown> = {
      loop: () => {
        for (;;);
      },
      pattern: () => new RegExp(`^${BACKTRACKS}$`).test(ENDLESS_TEXT),
      tokenizer: () => splitting(BACKTRACKS).encode(ENDLESS_TEXT),
      template: () =>
        byteTokenizer().apply_chat_template([{ role: "user", content: "a" }], { chat_template: ENDLESS_TEMPLATE }),
    };
    for (const [name, work] of Object.entries(works)) expect(endsWithin(50, work), name).toBe(false);
  });

  test("passes errors on, nests, and changes nothing for work that ends", () => {
    const done: string[] = [];
    const outer = () => {
      done.push(String(endsWithin(10_000, () => void done.push("inner"))));
    };
    expect(endsWithin(10_000, outer)).toBe(true);
    expect(done).toEqual(["inner", "true"]);
    const error = new Error("own");
    expect(() =>
      endsWithin(10_000, () => {
        throw error;
      }),
    ).toThrow(error);
  });
});

describe("a slow tokenizer", () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    prompt: [{ role: "user", content: `What is ${i}?` }],
    chosen: [{ role: "assistant", content: `It is ${"very ".repeat(i % 7)}small.` }],
    rejected: [{ role: "assistant", content: "No." }],
  }));
  const template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}";

  test("gives the same pairs in the thread, with the template and tokens that were set", async () => {
    const tokenizer = splitting("\\d+|[a-z]+");
    tokenizer.chat_template = template;
    tokenizer.pad_token = tokenizer.eos_token;
    const here = await tokenizePairs(rows, tokenizer, { max_length: 40 });
    const there = stoppable(tokenizer, 1);
    const moved = await tokenizePairs(rows, tokenizer, { max_length: 40, stoppable: there });
    expect(there.isSlow).toBe(true);
    const plain = ({ pairs, ...rest }: typeof here) => ({
      ...rest,
      pairs: pairs.map(({ prompt_ids, chosen_ids, rejected_ids }) => ({ prompt_ids, chosen_ids, rejected_ids })),
    });
    expect(plain(moved)).toEqual(plain(here));
    expect(moved.pairs).toHaveLength(200);
  });

  test("names the row that the template fails on, as it does here", async () => {
    const tokenizer = byteTokenizer();
    tokenizer.chat_template = `{% if '150' in messages[0].content %}{{ raise_exception("not this") }}{% endif %}${template}`;
    const there = stoppable(tokenizer, 1);
    const error = await failure(tokenizePairs(rows, tokenizer, { max_length: 40, stoppable: there }));
    expect(there.isSlow).toBe(true);
    const here = await failure(tokenizePairs(rows, tokenizer, { max_length: 40 }));
    expect(error).toMatchObject({ code: here.code, message: here.message, hint: here.hint });
    expect(error.message).toContain("train row 150: ");
  });

  test("that takes seconds is stopped by a signal at once; timers fire meanwhile", async () => {
    const controller = new AbortController();
    const tokenizer = Object.assign(byteTokenizer(), { chat_template: ENDLESS_TEMPLATE });
    const there = stoppable(tokenizer, 50, controller.signal);
    setTimeout(() => controller.abort(), 300);
    const error = await failure(tokenizePairs(rows, tokenizer, { max_length: 40, stoppable: there }));
    expect(error).toMatchObject({ code: "interrupted", message: "stopped while tokenizing the data" });
  });

  test("stays here if its methods are not its own", async () => {
    const tokenizer = byteTokenizer();
    tokenizer.encode = () => [1, 2, 3];
    const there = stoppable(tokenizer, 1);
    expect(await there.call(["encode", "anything"])).toEqual([1, 2, 3]);
    expect(there.isSlow).toBe(false);
  });
});
