/** @file The shape of the project, checked file by file: imports, sizes, names, and the tree in ARCHITECTURE.md. */
import { describe, expect, test } from "vitest";
import { EVERYWHERE, moduleOf, PLANNED, RULES, TRAINING_LEVELS } from "./support/importRules.ts";
import {
  committedFiles,
  type Import,
  parseSource,
  readBrowserConfig,
  readText,
  type SourceFile,
} from "./support/sourceFiles.ts";
import { SPREADS } from "./support/spreads.ts";

const FILE_LINES = 300;
const LINE_COLUMNS = 120;
const FUNCTION_LINES = 40;
const GRAPH_FUNCTION_LINES = 60;

/** Functions of more than 40 lines (60 in code that builds graphs), and why. */
const LONG_FUNCTIONS: Record<string, string> = {
  "src/terminal/progressBar.ts createProgressBar": "small functions around the state of one bar",
};

/** Functions of node:fs allowed outside of disk/: those that read. Others change the disk. */
const READS = new Set([
  "close",
  "createReadStream",
  "exists",
  "lstat",
  "open",
  "read",
  "readdir",
  "readFile",
  "readlink",
  "realpath",
  "stat",
  "fstat",
]);
/** Files outside of disk/ that use them, and why. */
const WRITERS: Record<string, string> = {
  "src/engine/node/dumpGraphs.ts": "graphs for debugging: no code reads them",
  "src/engine/node/telemetry.ts": "deletes a file that ONNX Runtime leaves",
  "src/engine/node/threadProgram.ts": "a thread's program, next to the tests' other built files",
};

const committed = committedFiles({ withNew: true });
const isCode = (path: string) => /\.(ts|js|mjs)$/.test(path);
const isIn = (places: readonly string[]) => (path: string) =>
  places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));
const sources = committed
  .filter((path) => /^src\/.*\.ts$/.test(path) && !path.endsWith(".test.ts"))
  .map((path) => parseSource(path));
const sourceOf = new Map(sources.map((source) => [source.path, source]));

/** The objection of a rule to an import of another module of src. */
function isAllowed(from: string, { target, typeOnly, dynamic }: Import): boolean {
  const to = moduleOf(target);
  const rule = RULES[moduleOf(from)] ?? PLANNED[moduleOf(from)];
  if (rule?.files?.includes(target)) return true;
  if (to === moduleOf(from) || EVERYWHERE.includes(to) || rule?.values?.includes(to)) return true;
  return (typeOnly && rule?.types?.includes(to)) || (dynamic && rule?.late?.includes(to)) || false;
}

/** Paths `a > b > a` along imports, types included. */
function cyclesOf(files: Map<string, SourceFile>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, above: string[]): void => {
    if (above.includes(path)) cycles.push([...above.slice(above.indexOf(path)), path].join(" > "));
    if (done.has(path) || above.includes(path)) return;
    for (const { target } of files.get(path)?.imports ?? []) if (files.has(target)) visit(target, [...above, path]);
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return cycles;
}

describe("imports", () => {
  test("there are sources, in modules that have a rule", () => {
    expect(sources.length).toBeGreaterThan(100);
    const modules = new Set(sources.map(({ path }) => moduleOf(path)));
    expect([...modules].filter((module) => !(module in RULES) && !(module in PLANNED))).toEqual([]);
    expect(Object.keys(RULES).filter((module) => !modules.has(module))).toEqual([]);
  });

  const local = sources.flatMap(({ path, imports }) =>
    imports.filter(({ isLocal }) => isLocal).map((found) => ({ path, found, text: `${path} imports ${found.target}` })),
  );

  test("every import obeys the table", () => {
    expect(local.length).toBeGreaterThan(300);
    expect(local.filter(({ path, found }) => !isAllowed(path, found)).map(({ text }) => text)).toEqual([]);
  });

  test("every relative import resolves to a file in src", () => {
    expect(local.filter(({ found }) => !sourceOf.has(found.target)).map(({ text }) => text)).toEqual([]);
  });

  test("in training, files import from their own level and from those below", () => {
    const within = (path: string) => path.replace("src/training/", "");
    const isTraining = (path: string) => path.startsWith("src/training/");
    const levelOf = (path: string) =>
      TRAINING_LEVELS.findIndex((parts) => parts.some((part) => within(path).startsWith(part)));
    const inside = local.filter(({ path, found }) => isTraining(path) && isTraining(found.target));
    expect(inside.length).toBeGreaterThan(50);
    expect(sources.map(({ path }) => path).filter((path) => isTraining(path) && levelOf(path) < 0)).toEqual([]);
    const upward = inside.filter(({ path, found }) => levelOf(found.target) > levelOf(path));
    expect(upward.map(({ text }) => text)).toEqual([]);
  });

  test("calls spread short lists only", () => {
    const spreading = sources.filter(({ spreads }) => spreads.length > 0).map(({ path }) => path);
    expect(spreading.sort()).toEqual(Object.keys(SPREADS));
  });

  test("there is no cycle", () => {
    expect(cyclesOf(sourceOf)).toEqual([]);
  });

  const importersOf = (pattern: RegExp) =>
    sources.filter(({ imports }) => imports.some(({ target }) => pattern.test(target))).map(({ path }) => path);

  test("ONNX Runtime is imported in engine only, and loaded by Node's part of it", () => {
    const isRuntime = isIn(["src/engine/runtime/", "src/engine/node/"]);
    expect(importersOf(/^onnxruntime/).filter((path) => !isRuntime(path))).toEqual([]);
    expect(sources.filter(({ path, text }) => isRuntime(path) && text.includes('"onnxruntime-node"'))).not.toEqual([]);
  });

  test("only disk/ writes (complete files, synced and renamed); others read", () => {
    const writes = ({ path, imports }: SourceFile) =>
      !path.startsWith("src/disk/") &&
      imports.some(({ target, typeOnly, names }) => {
        if (typeOnly || !/^(node:)?fs(\/promises)?$/.test(target)) return false;
        return names.length === 0 || names.some((name) => !READS.has(name.replace(/Sync$/, "")));
      });
    expect(sources.filter(writes).map(({ path }) => path)).toEqual(Object.keys(WRITERS));
  });

  test("terminal/ loads no package, not even those that draw pictures", () => {
    const loaded = new Set(sources.map(({ path }) => path).filter((path) => path.startsWith("src/terminal/")));
    expect(loaded.size).toBeGreaterThan(5);
    const packages: string[] = [];
    for (const path of loaded) {
      for (const { target, isLocal, typeOnly, dynamic } of sourceOf.get(path)?.imports ?? []) {
        if (typeOnly || dynamic) continue;
        if (isLocal) loaded.add(target);
        else if (!target.startsWith("node:")) packages.push(`${path} imports ${target}`);
      }
    }
    expect(packages).toEqual([]);
    expect([...loaded]).toContain("src/plots/series.ts");
  });

  test("console is for the logger and the command line", () => {
    const users = sources.filter(({ identifiers }) => identifiers.has("console")).map(({ path }) => path);
    expect(users.filter((path) => !isIn(["src/host.ts", "src/terminal/logger.ts", "src/cli/"])(path))).toEqual([]);
  });
});

describe("sources that run anywhere: all except those that tsconfig.browser.json excludes", () => {
  const { nodes } = readBrowserConfig();
  const isNodes = isIn(nodes);
  /** Packages that can't be bundled for a browser: a binary, and one whose `exports` hides its browser entry. */
  const NODES_PACKAGES = /^(node:|@resvg\/resvg-js$|@huggingface\/gguf$)/;
  const needsNode = ({ imports, identifiers }: SourceFile) =>
    imports.some(({ target, typeOnly }) => !typeOnly && (NODES_PACKAGES.test(target) || isNodes(target))) ||
    ["process", "Buffer", "NodeJS"].some((name) => identifiers.has(name));

  test("import nothing from Node, and only types from sources that need Node", () => {
    const anywhere = sources.filter(({ path }) => !isNodes(path));
    expect(anywhere.length).toBeGreaterThan(200);
    const bound = anywhere.flatMap(({ path, imports }) =>
      imports
        .filter(({ target, typeOnly }) => NODES_PACKAGES.test(target) || (isNodes(target) && !typeOnly))
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(bound).toEqual([]);
  });

  test("excluded sources exist, and need Node", () => {
    expect(nodes.length).toBeGreaterThan(10);
    const needing = sources.filter(needsNode).map(({ path }) => path);
    expect(nodes.filter((place) => !needing.some(isIn([place])))).toEqual([]);
  });
});

describe("sizes", () => {
  const code = committed.filter((path) => isCode(path) && !path.startsWith("test/fixtures/"));

  test(`files have at most ${FILE_LINES} lines, except interfaces generated from the table`, () => {
    const written = code.filter((path) => !path.startsWith("src/config/generated/"));
    const counted = written.map((path) => ({ path, lines: readText(path).split("\n").length - 1 }));
    expect(counted.filter(({ lines }) => lines > FILE_LINES)).toEqual([]);
  });

  test(`lines of src have at most ${LINE_COLUMNS} characters, and comments elsewhere`, () => {
    // The formatter does not break long strings, which tests may have.
    const isComment = (line: string) => /^\s*(\/\*|\*|\/\/)/.test(line);
    const long = code.flatMap((path) => {
      const isStrict = sourceOf.has(path);
      const lines = readText(path)
        .split("\n")
        .map((line, i) => ({ line, where: `${path}:${i + 1}` }));
      return lines.filter(({ line }) => [...line].length > LINE_COLUMNS && (isStrict || isComment(line)));
    });
    expect(long.map(({ where }) => where)).toEqual([]);
  });

  test(`functions have at most ${FUNCTION_LINES} lines, ${GRAPH_FUNCTION_LINES} in code that builds graphs`, () => {
    const isGraph = isIn(["src/engine/graph/", "src/models/", "src/dpo/pairGraphs.ts"]);
    const long = sources.flatMap(({ path, functions }) =>
      functions
        .filter(({ lines }) => lines > (isGraph(path) ? GRAPH_FUNCTION_LINES : FUNCTION_LINES))
        .map(({ name }) => `${path} ${name}`),
    );
    expect(long.sort()).toEqual(Object.keys(LONG_FUNCTIONS).sort());
  });
});

describe("names and texts", () => {
  test("no folder is a catch-all", () => {
    const drawers = committed.filter((path) => /(^|\/)(utils?|common|helpers?|core|misc|shared|lib)\//.test(path));
    expect(drawers).toEqual([]);
  });

  test("every source has its description in its first line", () => {
    const silent = committed.filter(isCode).filter((path) => !/^(#!.*\n)?\/\*\*\s+(\* )?@file \S/.test(readText(path)));
    expect(silent).toEqual([]);
  });

  test("no committed file names a folder of a developer's machine, or a package registry", () => {
    const isText = (path: string) => !/\.(png|safetensors|parquet|ttf)$/.test(path);
    const folder = /(?<![\w.:/>-])\/((work|root|Users|tmp|mnt|opt)\/\w|home\/(?!ann\b|me\b)\w)/; // not invented names
    const registry = new RegExp(["registry\\.npm", "npmjs\\.", "yarnpkg", "pypi\\.", "pythonhosted"].join("|"));
    const read = committed.filter((path) => isText(path) && path !== "test/architecture.test.ts");
    expect(read.length).toBeGreaterThan(200);
    const found = read.flatMap((path) => {
      const text = readText(path);
      return [folder, registry].flatMap((pattern) => {
        const match = pattern.exec(text)?.[0];
        return match ? [`${path}: ${match}`] : [];
      });
    });
    expect(found).toEqual([]);
  });
});

describe("ARCHITECTURE.md", () => {
  /** Paths in its tree: folders end in /. */
  function drawnTree(): string[] {
    const block = /```\nprefine\/\n([\s\S]*?)```/.exec(readText("ARCHITECTURE.md"))?.[1] ?? "";
    const above: string[] = [];
    return block
      .split("\n")
      .filter((line) => /[├└]── /.test(line))
      .map((line) => {
        const [, indent, name] = /^([│ ]*)[├└]── (\S+)/.exec(line) as RegExpExecArray;
        const depth = indent.length / 4;
        above.length = depth;
        above.push(name);
        return above.join("");
      });
  }

  /** All folders above a file: `src/`, `src/data/`, ... */
  const foldersOf = (path: string) =>
    path
      .split("/")
      .map((_, i, parts) => `${parts.slice(0, i).join("/")}/`)
      .slice(1);

  test("its tree has the folders of the checkout and the parts of src, and nothing else", () => {
    const tracked = committedFiles({ withNew: false });
    const folders = new Set(tracked.flatMap(foldersOf));
    const isPart = (path: string) => /^(?!\.)[^/]+\/$|^src\/[^/]+\/$|^src\/(data|engine)\/[^/]+\/$/.test(path);
    const files = tracked.filter((path) => /^src\/[^/]+\.ts$/.test(path) && !path.endsWith(".test.ts"));
    expect(drawnTree().sort()).toEqual([...[...folders].filter(isPart), ...files].sort());
  });
});
