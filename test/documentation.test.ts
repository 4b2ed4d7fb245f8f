/**
 * @file The README and the pages of docs/, executed as a user would: from an installed package, page by page, each in
 * its own folder. Models and datasets with the same names are on the local hub, where they are tiny.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOSS_NAMES } from "../src/config/options/lossTypes.ts";
import { FAMILIES } from "../src/models/families/architectures.ts";
import { checkout } from "./support/builtPackage.ts";
import { type LocalHub, sharedHubExists, startServePy } from "./support/localHub.ts";
import { anchorsOf, type Block, blocksOf, linksOf, picturesWithoutText, wordsOf } from "./support/markdown.ts";
import { runCommand } from "./support/runCommand.ts";
import { folderWithPrefine, runScript, scriptArguments } from "./support/runScript.ts";
import { needsReference, referenceFolder, sharedFolder } from "./support/shared.ts";
import { committedFiles, readText } from "./support/sourceFiles.ts";

const GUIDES = readdirSync(join(checkout, "docs")).filter((name) => name.endsWith(".md"));
const PAGES = ["README.md", ...GUIDES.map((name) => `docs/${name}`)];
const OTHERS = ["COMPATIBILITY.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
const README_LINES = 170;
const PICTURE_BYTES = 1_000_000;

/** Lines of shell blocks; only those of prefine are run. */
const shellLines = ({ language, text }: Block) =>
  language === "sh" ? text.split("\n").filter((line) => line !== "" && !line.startsWith("#")) : [];

describe("pages", () => {
  test(`the README has at most ${README_LINES} lines`, () => {
    expect(readText("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(README_LINES);
  });

  test.each([...PAGES, ...OTHERS, "examples/README.md"])("%s: links lead somewhere", (page) => {
    const text = readText(page);
    const isBroken = (link: string) => {
      if (/^https?:/.test(link)) return false;
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : posix.join(dirname(page), path);
      if (!existsSync(join(checkout, target))) return true;
      return anchor !== undefined && !anchorsOf(readText(target)).includes(anchor);
    };
    expect(linksOf(text).filter(isBroken)).toEqual([]);
    expect(picturesWithoutText(text)).toEqual([]);
  });

  test.each([...PAGES, "examples/README.md"])("%s: links stay within the package", (page) => {
    const { files } = JSON.parse(readText("package.json")) as { files: string[] };
    const targets = linksOf(readText(page)).filter((link) => !/^(https?:|#)/.test(link));
    const paths = targets.map((link) => posix.join(dirname(page), link.split("#")[0]));
    expect(paths.filter((path) => !files.some((file) => path === file || path.startsWith(`${file}/`)))).toEqual([]);
  });

  test("every script they name is in package.json", () => {
    const { scripts } = JSON.parse(readText("package.json"));
    const named = PAGES.flatMap((page) => [...readText(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
    expect(named.length).toBeGreaterThan(1);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  test("commands are prefine's, or say that they need a clone", () => {
    const others = PAGES.flatMap((page) => blocksOf(readText(page)).flatMap(shellLines)).filter(
      (line) =>
        !/^(npx prefine |npm install prefine|npm ci && npm (run demo|test)$|curl -N "http:\/\/127\.0\.0\.1)/.test(line),
    );
    expect(others).toEqual([]);
    for (const page of PAGES) {
      const paragraphs = readText(page).split(/\n\n+(?=[A-Z#])/);
      const needing = paragraphs.filter((text) => /npm (ci|test|run )|node_modules\/\.\./.test(text));
      expect(needing.filter((text) => !/clone/.test(text))).toEqual([]);
    }
  });

  test("docs/environment-variables.md names every variable that the sources read, and no other", () => {
    const sources = committedFiles({ withNew: true }).filter((path) => /^src\/.*(?<!\.test)\.ts$/.test(path));
    const text = sources.map((path) => readText(path)).join("\n");
    const dotted = [...text.matchAll(/\benv\??\.([A-Z][A-Z_]+)/g)].map(([, name]) => name);
    const destructured = [...text.matchAll(/const \{([^}]*)\} = process\.env/g)].flatMap(([, names]) => [
      ...names.matchAll(/\b[A-Z][A-Z_]{2,}/g),
    ]);
    const numbers = [...text.matchAll(/\bnumber(?:In)?\((?:env, )?"([A-Z][A-Z_]+)"/g)].map(([, name]) => name);
    const constants = ["ORT_DISABLE_TELEMETRY"]; // by a name in a constant
    const read = new Set([...dotted, ...numbers, ...destructured.map(([name]) => name), ...constants]);
    const page = readText("docs/environment-variables.md");
    const named = new Set([...page.matchAll(/`([A-Z][A-Z_]+)(?:=\w+)?`/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual([...read].sort());
  });

  test("the README names every loss and every family of models", () => {
    const words = new Set(readText("README.md").match(/[\w.-]+/g));
    expect(LOSS_NAMES.filter((name) => !words.has(name))).toEqual([]);
    const letters = readText("README.md")
      .toLowerCase()
      .replace(/[^a-z0-9]/g, "");
    const families = Object.keys(FAMILIES).filter((name) => !letters.includes(name.replace(/[^a-z0-9]/g, "")));
    expect(families).toEqual([]);
  });

  test("the package has every file they use", () => {
    const { files } = JSON.parse(readText("package.json")) as { files: string[] };
    const isCarried = (path: string) => files.some((entry) => path === entry || path.startsWith(`${entry}/`));
    const used = PAGES.flatMap((page) => [...readText(page).matchAll(/node_modules\/prefine\/([\w./-]+)/g)]);
    expect(used.length).toBeGreaterThan(0);
    expect(
      used.map(([, path]) => path).filter((path) => !isCarried(path) || !existsSync(join(checkout, path))),
    ).toEqual([]);
    expect(PAGES.filter((page) => !isCarried(page))).toEqual([]);
    const pictures = committedFiles({ withNew: true }).filter((path) => /^docs\/.*\.(png|svg)$/.test(path));
    const bytes = pictures.reduce((sum, path) => sum + readFileSync(join(checkout, path)).length, 0);
    expect(bytes).toBeLessThan(PICTURE_BYTES);
  });
});

/** The local hub's models and datasets, and tiny models under the names in the pages. */
function hubFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "prefine-hub-"));
  cpSync(join(referenceFolder, "hub"), root, { recursive: true });
  const models = join(referenceFolder, "models");
  const chat = join(root, "models/HuggingFaceTB/SmolLM2-135M-Instruct");
  const base = join(root, "models/HuggingFaceTB/SmolLM2-135M");
  for (const folder of [chat, base]) cpSync(join(models, "tiny-llama"), folder, { recursive: true });
  rmSync(join(base, "chat_template.jinja"));
  const families = { "google/gemma-3-270m-it": "tiny-gemma3", "microsoft/Phi-4-mini-instruct": "tiny-phi3" };
  for (const [id, name] of Object.entries(families)) {
    cpSync(join(sharedFolder, "reference-families", "models", name), join(root, "models", id), { recursive: true });
  }
  return root;
}

describe.skipIf(!sharedHubExists)(`their examples work${needsReference}`, () => {
  const before = { cwd: process.cwd(), env: { ...process.env } };
  const root = sharedHubExists ? hubFolder() : "";
  const home = mkdtempSync(join(tmpdir(), "prefine-home-"));
  let hub: LocalHub;
  let env: Record<string, string>;
  beforeAll(async () => {
    hub = await startServePy(root);
    env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(home, "hf"), PREFINE_CACHE: join(home, "prefine") };
    Object.assign(process.env, env);
  });
  afterAll(async () => {
    process.env = before.env;
    await hub?.stop();
    for (const folder of [root, home]) rmSync(folder, { recursive: true, force: true });
  });

  test.each(PAGES)("%s", { timeout: 240_000 }, async (page) => {
    const folder = await folderWithPrefine();
    process.chdir(folder);
    try {
      for (const [i, block] of blocksOf(readText(page)).entries()) await follow(block, `${i}`, folder, env);
    } finally {
      process.chdir(before.cwd);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const PROGRAM_ENDINGS: Record<string, string> = { ts: "mts", js: "mjs" };

/** Follows a block as a reader would. */
async function follow(block: Block, name: string, folder: string, env: Record<string, string>): Promise<void> {
  if (block.file) writeFileSync(join(folder, block.file), block.text);
  for (const line of shellLines(block).filter((line) => line.startsWith("npx prefine "))) await followLine(line);
  const ending = PROGRAM_ENDINGS[block.language];
  if (ending === undefined || block.file) return;
  const program = join(folder, `program-${name}.${ending}`);
  writeFileSync(program, block.text);
  if (block.text.includes("listen(")) return useServer(program, folder, env);
  const outcome = await runScript(program, folder, env);
  expect({ program: block.text, ...outcome }).toMatchObject({ code: 0 });
}

async function followLine(line: string): Promise<void> {
  const [command, ...words] = wordsOf(line);
  // test/examples.test.ts trains on all pairs
  if (command === "train" && line.includes("configs/") && !line.includes("max_steps")) words.push("--max_steps", "4");
  if (["demo", "serve", "collect"].includes(command)) return; // folders of test/ have them
  const { code, stdout, stderr } = await runCommand(command, ...words);
  expect({ line, code, stdout, stderr }).toMatchObject({ line, code: 0 });
  expect(stdout.length + stderr.length, line).toBeGreaterThan(20);
}

/** Starts the server, sends it a browser's requests, and stops it as a process manager would. */
async function useServer(program: string, folder: string, env: Record<string, string>): Promise<void> {
  const port = String(20_000 + Math.floor(Math.random() * 20_000));
  const child = spawn(process.execPath, scriptArguments(program), {
    cwd: folder,
    env: { ...process.env, ...env, PORT: port },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const response = await answerOf(`http://127.0.0.1:${port}/?prompt=The%20sky`, child);
    const events = (await response.text()).trim().split("\n\n");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)).toBe("data: [DONE]");
    expect(JSON.parse(events[0].replace("data: ", "")).text).toEqual(expect.any(String));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
}

async function answerOf(url: string, child: ChildProcess): Promise<Response> {
  for (let tries = 0; tries < 150 && child.exitCode === null; tries++) {
    const response = await fetch(url).catch(() => undefined);
    if (response) return response;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the server ended with ${child.exitCode}, or did not answer within 30 s`);
}
