/** @file Jinja and Python values as transformers' sandbox has them: every kind in the fixture, and the bounds. */
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/jinja.json" with { type: "json" };
import { parseExactJson } from "../../formats/exactJson.ts";
import { kindsTable } from "./jinja/kinds.ts";
import { TemplateFault } from "./python/fault.ts";
import type { Limits } from "./python/limits.ts";
import { renderChat, templateError } from "./renderChat.ts";

const user = [{ role: "user", content: "q" }];
const variables = parseExactJson(fixture.variables) as Record<string, unknown>;

function render(template: string): { text?: string; error?: string } {
  try {
    return { text: renderChat(template, user, { variables }) };
  } catch (error) {
    if (error instanceof TemplateFault) return { error: error.message };
    throw error; // a fault of the interpreter, not of the template
  }
}

/** Python prints addresses of its objects. */
const withoutAddress = (text: string | undefined) => text?.replace(/0x[0-9a-f]{6,}/g, "0x");
/** Refused by name where Python has a value. */
const REFUSED = ["{{ '\\N{BULLET}' }}"];

describe(`Jinja ${fixture.versions.jinja2} of transformers ${fixture.versions.transformers}`, () => {
  test.each(Object.entries(fixture.cases))("%s", (_group, cases) => {
    for (const [template, expected, isError] of cases as [string, string, string?][]) {
      const { text, error } = render(template);
      if (REFUSED.includes(template)) expect(error, template).toContain("is not supported");
      else if (isError) expect({ text, failed: error !== undefined }, template).toEqual({ failed: true });
      else expect(withoutAddress(text) ?? error, template).toBe(withoutAddress(expected));
    }
  });

  test("has some hundred cases, most of which render", () => {
    const cases = Object.values(fixture.cases).flat();
    expect(cases.length).toBeGreaterThan(1300);
    expect(cases.filter((one) => one.length === 2).length).toBeGreaterThan(900);
  });

  test("every filter, test, global and method of Python is in the table of kinds", () => {
    const table = new Map(kindsTable().map(({ title, kinds }) => [title, kinds.map(({ name }) => name).sort()]));
    const { filters, tests, globals, methods } = fixture.kinds;
    expect(table.get("Filters")).toEqual(filters);
    expect(table.get("Tests")).toEqual(tests);
    expect(table.get("Globals")).toEqual(globals);
    for (const [type, names] of Object.entries(methods)) expect(table.get(`Attributes of ${type}`)).toEqual(names);
  });
});

describe("bounds", () => {
  const loop = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
  test.each<[name: string, template: string, limits: Partial<Limits>, message: RegExp]>([
    ["loops", loop, { steps: 100_000 }, /more than 100,000 steps/],
    ["time", loop, { time: -1 }, /more than -0.001 seconds/],
    [
      "a text that doubles",
      "{% set ns = namespace(t='ab') %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
      {},
      /more than 100,000,000 characters/,
    ],
    [
      "a list that doubles",
      "{% set ns = namespace(t=[1]) %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
      { steps: 1_000_000 },
      /more than 1,000,000 steps/,
    ],
    ["a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {}, /more than 200 calls/],
    ["a recursive loop", "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", {}, /more than 200 calls/],
    ["a block that calls itself", "{% block a %}{{ self.a() }}{% endblock %}", {}, /more than 200 calls/],
    ["repetition", "{{ 'a' * 10 ** 12 }}", {}, /characters/],
    ["repetition of a list", "{{ [1] * 10 ** 12 }}", {}, /steps/],
    ["a large power", "{{ 10 ** (10 ** 10) }}", {}, /30,000 digits/],
    [
      "powers of powers",
      "{% set ns = namespace(n=7) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
      {},
      /30,000 digits/,
    ],
    ["a wide field", "{{ '%1000000000000d' % 1 }}", {}, /characters/],
    ["a wide format", "{{ '{:1000000000000}'.format(1) }}", {}, /characters/],
    ["a precise format", "{{ '%.1000000000000f' % 1.5 }}", {}, /characters/],
    ["a precise g", "{{ '%.1000000000000g' % 1.5 }}", {}, /characters/],
    ["center", "{{ 'a'.center(10 ** 12) }}", {}, /characters/],
    ["zfill", "{{ 'a'.zfill(10 ** 12) }}", {}, /characters/],
    ["expandtabs", "{{ '\\t'.expandtabs(10 ** 12) }}", {}, /characters/],
    ["indent", "{{ 'a\\nb' | indent(10 ** 12) }}", {}, /characters/],
    ["tojson", "{{ [1] | tojson(indent=10 ** 12) }}", {}, /characters/],
    ["batch", "{{ [1] | batch(10 ** 12, 0) | list }}", {}, /steps/],
    ["slice", "{{ [1] | slice(10 ** 12, 0) | list }}", { steps: 100_000 }, /steps/],
    ["replace", "{{ ('a' * 10 ** 6).replace('', 'b' * 10 ** 6) }}", {}, /characters/],
    ["a text that JavaScript can't split", "{{ ('a' * 10 ** 9)|length }}", {}, /a text of more than 100,000,000/],
    ["a filter on a huge text", "{{ ('<' * 60000000) | e | length }}", {}, /filter on a text of 60,000,000 characters/],
    [
      "slow methods",
      "{% set t = 'a' * 10 ** 6 %}{% for i in range(999) %}{{ t.title()[0] }}{% endfor %}",
      { steps: 99_999 },
      /steps/,
    ],
    ["range", "{{ range(10 ** 6) }}", {}, /Range too big/],
    ["nested brackets", `{{ ${"[".repeat(30_000)}${"]".repeat(30_000)} }}`, {}, /nest too deeply/],
    ["nested blocks", "{% if 1 %}".repeat(10_000) + "{% endif %}".repeat(10_000), {}, /nest too deeply/],
    ["a long sum", `{{ 1${" + 1".repeat(30_000)} }}`, {}, /nest too deeply/],
    ["long chains of not", `{{ ${"not ".repeat(30_000)} 1 }}`, {}, /nest too deeply/],
  ])("%s", (_name, template, limits, message) => {
    expect(() => renderChat(template, user, { limits })).toThrow(message);
  });

  test("a check stops a rendering", () => {
    const check = () => {
      throw new Error("stopped");
    };
    expect(() => renderChat(loop, user, { check })).toThrow("stopped");
  });

  test("nested rendering data is bounded, and long data is not", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const renderDeep = () => renderChat("{{ d }}", user, { variables: { d: deep } });
    expect(renderDeep).toThrow("it was stopped: expressions or data that nest too deeply");
    const long = "x".repeat(10_000_000);
    expect(renderChat("{{ messages[0].content | trim }}", [{ role: "user", content: long }], {})).toBe(long);
  });

  test("an error names the line of the template", () => {
    try {
      renderChat("a\n{% if true %}\n{{ 1 +\n 'a' }}{% endif %}", user, {});
    } catch (error) {
      const { message, hint } = templateError(error, "m", user);
      expect(message).toBe("m: the chat template failed: unsupported operand type(s) for +: 'int' and 'str' (line 4)");
      expect(hint).toContain("Does the template support");
    }
    expect.assertions(2);
  });
});

test.each([
  [{ role: "user", content: null }, 'expected a text in each message, found null in message 1 ("user"): '],
  [{ role: "assistant" }, 'expected a text in each message, found none in message 1 ("assistant"): '],
  [{ role: "assistant", content: null, tool_calls: [{}] }, ""],
])("a template that needs the content of %j", (message, expected) => {
  const messages = [...user, message];
  let failure: unknown;
  try {
    renderChat("{% for m in messages %}{{ m.role + m.content }}{% endfor %}", messages, {});
  } catch (error) {
    failure = templateError(error, "m", messages);
  }
  expect((failure as Error).message).toBe(
    `m: the chat template failed: ${expected}'dict object' has no attribute 'content' (line 1)`,
  );
});
