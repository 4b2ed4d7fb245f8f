/** @file Bundles for a browser: what esbuild makes of sources, and a place without Node to run it in. */
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build, type Metafile, transform } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Bundle {
  /** An ES module. */
  code: string;
  /** Bytes, minified and gzipped: what a page loads. */
  gzipped: number;
  /** Imports that are left, with their file. */
  unresolved: string[];
}

/** All that these files export, for a browser. @throws Error for imports that can't be resolved, such as node:fs */
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

/** What workers of all browsers have besides JavaScript itself, and Node has under the same names. */
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

/** Runs an ES module in a realm without Node. @returns what it exports. */
export async function evaluateInBrowser(code: string): Promise<Record<string, unknown>> {
  const { code: script } = await transform(code, { format: "iife", globalName: "exported" });
  const realm = createContext({ ...WEB_GLOBALS });
  const nodes = runInContext(
    '["process", "Buffer", "require", "setImmediate"].filter((name) => name in globalThis)',
    realm,
  );
  if (nodes.length > 0) throw new Error(`a realm with ${nodes.join(", ")} is no browser's`);
  runInContext(script, realm);
  return runInContext("exported", realm);
}
