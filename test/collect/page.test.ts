/** @file The page of `prefine collect` in chromium: keys, undo, edits, streams, tabs, restarts, attacks, axe. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { lacksChromium, openBrowser, type PageServer, servePage } from "../support/collectPage.ts";
import { sideOf } from "../support/preferenceEvents.ts";
import { quickSource, slowSource } from "../support/slowAnswers.ts";

const MOST_BYTES = 60_000;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const promptsOf = (...prompts: string[]) => prompts.map((prompt) => ({ prompt }));
const sources = [quickSource("A"), quickSource("B")] as const;

describe.skipIf(lacksChromium)("the page of prefine collect, in chromium", () => {
  let browser: Browser;
  let server: PageServer;
  /** What went wrong in pages, and requests to other servers. */
  let oddities: string[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await server.close();
    expect([...oddities, ...server.failures]).toEqual([]);
    oddities = [];
  });

  async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.on("pageerror", (error) => oddities.push(error.message));
    page.on("dialog", (dialog) => oddities.push(`a dialog: ${dialog.message()}`));
    page.on("request", (request) => request.url().startsWith(server.url) || oddities.push(request.url()));
    await page.goto(server.url);
    return page;
  }
  const rows = () =>
    readFileSync(server.file, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const shows = (page: Page, text: string) => page.locator(".prompt", { hasText: text }).waitFor();
  /** Presses a key, and waits for the next pair. */
  const press = async (page: Page, key: string, next: string) => {
    await page.keyboard.press(key);
    await shows(page, next);
  };

  test("one key per verdict, undo, an edit, the summary", async () => {
    server = await servePage({ work: promptsOf(..."123456").map(({ prompt }) => ({ prompt: `Q${prompt}` })), sources });
    const page = await openPage();
    await shows(page, "Q1");
    await press(page, "ArrowLeft", "Q2");
    await press(page, "2", "Q3");
    await press(page, "ArrowDown", "Q4");
    await press(page, "g", "Q5");
    await press(page, "u", "Q4");
    await press(page, "Control+z", "Q3");
    await press(page, "b", "Q4");
    await page.keyboard.press("r");
    const field = page.getByLabel("The right answer, corrected");
    expect(await field.inputValue()).toBe("B on Q4");
    await field.fill("corrected: 1 2 g b s u"); // keys in a field are letters
    await press(page, "Control+Enter", "Q5");
    await page.getByLabel("Better").selectOption("by far");
    await page.getByLabel("Note").fill("a note");
    await page.keyboard.press("Enter");
    await press(page, "1", "Q6");
    await page.keyboard.press("s");
    await page.getByText("4 pairs to train on").waitFor();
    expect(await page.locator(".summary").textContent()).toMatch(/left2right2tie0both good0both bad1/);
    await server.session.close();
    const pair = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });
    expect(rows()).toEqual([
      pair("Q1", "A on Q1", "B on Q1"),
      pair("Q2", "B on Q2", "A on Q2"),
      pair("Q4", "corrected: 1 2 g b s u", "B on Q4"),
      pair("Q5", "A on Q5", "B on Q5"),
    ]);
    const events = readFileSync(server.file.replace(".jsonl", ".events.jsonl"), "utf8");
    expect(events).toContain('"strength":3,"note":"a note"');
  });

  test("answers appear as they are written; a verdict does not wait for their end", async () => {
    const slow = slowSource("slow");
    server = await servePage({ work: promptsOf("Q1", "Q2"), sources: [slow, slow] });
    const page = await openPage();
    await shows(page, "Q1");
    slow.write(0, "**bold** and ");
    await page.locator("[data-side=left] strong", { hasText: "bold" }).waitFor();
    slow.write(1, "right so far");
    await page.locator("[data-side=right]", { hasText: "right so far" }).waitFor();
    await press(page, "ArrowLeft", "Q2");
    await page.getByText("1 being saved").waitFor();
    slow.write(0, "more");
    slow.end(0);
    await page.reload(); // this tab's pair stays
    await shows(page, "Q2");
    slow.end(2, new Error("out of order"));
    await page.locator("[data-side=left] [role=alert]", { hasText: "out of order" }).waitFor();
    await page.getByText("Try again").click();
    slow.write(4, "second try");
    await page.locator("[data-side=left]", { hasText: "second try" }).waitFor();
    await server.session.close();
    expect(rows()).toEqual([{ prompt: "Q1", chosen: "**bold** and more", rejected: "right so far" }]);
  });

  test("two tabs have different pairs; a server that is started again goes on", async () => {
    const work = promptsOf("Q1", "Q2", "Q3", "Q4");
    server = await servePage({ work, sources });
    const [one, other] = [await openPage(), await openPage()];
    await shows(one, "Q1");
    await shows(other, "Q2");
    await press(other, "1", "Q3");
    await press(one, "1", "Q4");
    const { file, url } = server;
    await server.close();
    await one.keyboard.press("1");
    await one.getByRole("alert").filter({ hasText: "The server does not answer" }).waitFor();
    server = await servePage({ work, sources, file, port: Number(new URL(url).port) });
    await one.reload();
    await shows(one, "Q3");
    await press(one, "2", "Q4");
    await server.session.close();
    expect(rows().map(({ prompt, chosen }) => [prompt, chosen[0]])).toEqual([
      ["Q2", "A"],
      ["Q1", "A"],
      ["Q3", "B"],
    ]);
  });

  test("hostile answers are shown and do nothing; long ones and long lines too", async () => {
    const hostile = [
      '<script>alert(1)</script> <img src=x onerror="alert(2)"> <svg onload=alert(3)>',
      "[a](javascript:alert(4)) [b](https://example.com) ![c](https://example.com/i.png)",
      "```html\n</pre><script>alert(5)</script>\n```",
      "\u001b[2J\u0000 \u202e reversed",
      "<form action=https://example.com><button>x</button></form><style>*{display:none}</style>",
    ].join("\n\n");
    const work = [
      { prompt: `Q1 ${hostile}`, sides: [sideOf(hostile, "a"), sideOf("y".repeat(1_000_000), "b")] as const },
      { prompt: "Q2", sides: [sideOf("# a\n".repeat(20_000), "a"), sideOf("", "b")] as const },
    ];
    server = await servePage({ work });
    const page = await openPage();
    await shows(page, "Q1");
    const left = page.locator("[data-side=left]");
    expect(await left.textContent()).toContain('<img src=x onerror="alert(2)">');
    expect(await page.locator("main").locator("script, img, svg, form, style, iframe").count()).toBe(0);
    const links = await left.locator("a").evaluateAll((all) => all.map((one) => [one.getAttribute("href"), one.rel]));
    expect(links).toEqual([null, "https://example.com"].map((href) => [href, "noopener noreferrer"]));
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.getByRole("button", { name: "Show more: 980,000 characters follow" }).click();
    await page.getByRole("button", { name: "Show more: 960,000 characters follow" }).waitFor();
    await press(page, "1", "Q2");
    await page.locator("[data-side=right]", { hasText: "(an empty answer)" }).waitFor();
  });

  test("typed prompts, and going on with the better answer", async () => {
    server = await servePage({ sources, facts: { canAsk: true, isChat: true } });
    const page = await openPage();
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByLabel("System prompt").fill("S");
    await page.getByLabel("Prompt", { exact: true }).fill("first");
    await page.keyboard.press("Control+Enter");
    await shows(page, "first");
    await page.locator("[data-side=right]", { hasText: "B on first" }).waitFor();
    await page.keyboard.press("2");
    await page.getByText("1 pair to train on").waitFor();
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByText("The next turn, after the better answer").waitFor();
    await page.getByLabel("Prompt", { exact: true }).fill("second");
    await page.keyboard.press("Control+Enter");
    await shows(page, "B on first");
    await page.locator("[data-side=left]", { hasText: "A on second" }).waitFor();
    await page.keyboard.press("1");
    await page.getByText("2 pairs to train on").waitFor();
    await server.session.close();
    expect(rows()[1].prompt.map(({ content }: { content: string }) => content)).toEqual([
      "S",
      "first",
      "B on first",
      "second",
    ]);
  });

  test("axe finds nothing, light on a phone, dark on a wide screen; all works by touch", async () => {
    const work = promptsOf("Q1", "Q2").map((one) => ({
      ...one,
      sides: [sideOf("| a |\n|---|\n| b |\n\n`c` [d](https://e.f)"), sideOf("B")] as const,
    }));
    server = await servePage({ work });
    const faults = async (page: Page) => {
      // the policy of the page lets no other script in: evaluate is of the debugger
      await page.evaluate(readFileSync(AXE, "utf8"));
      const run =
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })";
      const { violations } = (await page.evaluate(run)) as { violations: { id: string; nodes: { html: string }[] }[] };
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    };
    const fits = (page: Page) => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    const phone = await openPage({ viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true });
    await shows(phone, "Q1");
    expect([await faults(phone), await fits(phone)]).toEqual([[], true]);
    await phone.locator("[data-verdict=left]").tap();
    await shows(phone, "Q2");
    const wide = await openPage({ viewport: { width: 1440, height: 900 }, colorScheme: "dark", hasTouch: true });
    await shows(wide, "Q2"); // left by the other tab
    await wide.getByRole("button", { name: "Keys" }).tap();
    await wide.getByRole("button", { name: "Edit the left answer" }).tap();
    expect([await faults(wide), await fits(wide)]).toEqual([[], true]);
    await wide.getByRole("button", { name: "Cancel" }).tap();
    await wide.locator("[data-verdict=skip]").tap();
    await wide.getByText("1 pair to train on").waitFor();
    expect(await faults(wide)).toEqual([]);
  });

  test("its files are at most 60 kB, compressed", async () => {
    server = await servePage({});
    const bytes = [...server.files.values()].reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0);
    expect(bytes).toBeLessThan(MOST_BYTES);
  });
});
