/** @file Bundles for a browser: esbuild's output for sources, and a realm without Node to run it in. */
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build, type Metafile, transform } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Bundle {
  /** An ES module. */
  code: string;
  /** Bytes that a page loads, minified and gzipped. */
  gzipped: number;
  /** Remaining imports, with their file. */
  unresolved: string[];
}

/** All exports of these files, for a browser. @throws Error for imports that can't be resolved, such as node:fs */
export async function bundleForBrowser(paths: readonly string[]): Promise<Bundle> {
  const contents = paths.map((path, i) => `export * as part${i} from ${JSON.stringify(`./${path}`)};`).join("\n");
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    platform: "browser",
    format: "esm",
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const code = outputFiles[0].text;
  return { code, gzipped: gzipSync(code).length, unresolved: unresolvedOf(metafile) };
}

function unresolvedOf({ inputs }: Metafile): string[] {
  return Object.entries(inputs).flatMap(([path, { imports }]) =>
    imports.filter(({ external }) => external).map((left) => `${path} imports ${left.path}`),
  );
}

/** Globals of workers in all browsers besides JavaScript's own that Node has under the same names. */
const WEB_GLOBALS = {
  AbortController,
  AbortSignal,
  Blob,
  DOMException,
  DecompressionStream,
  Event,
  EventTarget,
  Headers,
  MessageChannel,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  fetch,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
  structuredClone,
};

/** Runs an ES module in a realm without Node. @returns its exports. */
export async function evaluateInBrowser(code: string): Promise<Record<string, unknown>> {
  const { code: script } = await transform(code, { format: "iife", globalName: "exported" });
  const realm = createContext({ ...WEB_GLOBALS });
  const nodes = runInContext(
    '["process", "Buffer", "require", "setImmediate"].filter((name) => name in globalThis)',
    realm,
  );
  if (nodes.length > 0) throw new Error(`expected a browser's realm, found ${nodes.join(", ")} of Node in it`);
  runInContext(script, realm);
  return runInContext("exported", realm);
}
