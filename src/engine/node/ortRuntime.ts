/** @file Chooses the ONNX Runtime: the native one if it loads, else WebAssembly with a notice. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ownRequire, ownUrl } from "../../disk/ownPlace.ts";
import { PrefineError } from "../../errors.ts";
import type { Ort, OrtRuntime } from "../runtime/ort.ts";
import type { RuntimeKind } from "../runtime/protocol.ts";

/** A copy of the runtime that may be installed; `load` rejects with ERR_MODULE_NOT_FOUND if it is not. */
export interface Candidate {
  kind: RuntimeKind;
  load(): Promise<{ ort: Ort; version: string }>;
}

/** Older versions load in only one thread of a process ("Module did not self-register" in the second). */
const OLDEST_NATIVE = [1, 27];
const MAX_WASM_THREADS = 16; // each keeps a stack and an event loop

/** The copies in the published package: dist/onnxruntime. */
const bundled = () => ownUrl("../../onnxruntime/", import.meta.url);

function absent(what: string): Error {
  return Object.assign(new Error(`${what} is not there`), { code: "ERR_MODULE_NOT_FOUND" });
}

function versionIn(packageJson: string | URL): string {
  return (JSON.parse(readFileSync(packageJson, "utf8")) as { version: string }).version;
}

/** CommonJS through import(): everything is on `default`; named exports only as far as Node's lexer sees them. */
async function importOrt(specifier: string): Promise<Ort> {
  const module = (await import(specifier)) as Ort & { default?: Ort };
  return module.InferenceSession ? module : (module.default as Ort);
}

/** The onnxruntime-node installed next to prefine: the user's own comes first, as it may be the one with CUDA. */
async function loadInstalledNative(): Promise<{ ort: Ort; version: string }> {
  const require = ownRequire(import.meta.url);
  const version = versionIn(require.resolve("onnxruntime-node/package.json"));
  const [major, minor] = version.split(".").map(Number);
  const isOld = major < OLDEST_NATIVE[0] || (major === OLDEST_NATIVE[0] && minor < OLDEST_NATIVE[1]);
  if (isOld) throw absent(`onnxruntime-node >= ${OLDEST_NATIVE.join(".")}`);
  return { ort: await importOrt("onnxruntime-node"), version };
}

async function loadBundled(folder: string, file: string): Promise<{ ort: Ort; version: string }> {
  const packageJson = new URL(`${folder}/package.json`, bundled());
  if (!existsSync(packageJson)) throw absent(folder);
  return { ort: await importOrt(new URL(`${folder}/${file}`, bundled()).href), version: versionIn(packageJson) };
}

async function loadBundledNative(): Promise<{ ort: Ort; version: string }> {
  const { platform, arch } = process;
  const binary = `node/bin/napi-v6/${platform}/${arch}/onnxruntime_binding.node`;
  if (!existsSync(new URL(binary, bundled()))) throw absent(binary);
  return loadBundled("node", "dist/index.js");
}

/** In the checkout the whole package is in node_modules; its package.json is not among its exports. */
async function loadInstalledWasm(): Promise<{ ort: Ort; version: string }> {
  const ort = await importOrt("onnxruntime-web");
  return { ort, version: ort.env.versions.web ?? ort.env.versions.common };
}

const CANDIDATES: readonly Candidate[] = [
  { kind: "native", load: loadInstalledNative },
  { kind: "native", load: loadBundledNative },
  { kind: "wasm", load: () => loadBundled("web", "dist/ort.node.min.mjs") },
  { kind: "wasm", load: loadInstalledWasm },
];

/**
 * Loads the fastest available runtime.
 * @param options.only this kind ($PREFINE_RUNTIME)
 * @throws PrefineError if nothing loads
 */
export async function loadRuntime(
  options: { only?: string; candidates?: readonly Candidate[]; platform?: string; threads?: number } = {},
): Promise<OrtRuntime> {
  const { only, candidates = CANDIDATES, platform = platformName(), threads = 0 } = options;
  if (only && only !== "native" && only !== "wasm") {
    const message = `PREFINE_RUNTIME: expected native or wasm, found ${JSON.stringify(only)}`;
    throw new PrefineError("config", message, "Leave it unset for the faster one that runs here.");
  }
  const failures: string[] = [];
  for (const { kind, load } of candidates) {
    if (only && kind !== only) continue;
    try {
      const { ort, version } = await load();
      if (kind === "wasm") setWasmThreads(ort, threads);
      return { kind, version, ort, notice: only ? null : noticeOf(kind, failures, platform) };
    } catch (error) {
      if (!isAbsent(error)) failures.push(firstLine(error));
    }
  }
  const reason = failures[0] ?? `none found for ${platform}`;
  const hint = advice(platform, failures[0]) || undefined;
  throw new PrefineError("io", `ONNX Runtime${only ? ` (PREFINE_RUNTIME=${only})` : ""}: ${reason}`, hint);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

function setWasmThreads(ort: Ort, threads: number): void {
  ort.env.wasm.numThreads = threads > 0 ? threads : Math.min(availableParallelism(), MAX_WASM_THREADS);
}

/** "linux-x64", "linux-x64-musl", "darwin-arm64", "win32-x64", ... */
function platformName(): string {
  const libraries = process.platform === "linux" && existsSync("/lib") ? readdirSync("/lib") : [];
  const isMusl = libraries.some((name) => name.startsWith("ld-musl-"));
  return `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;
}

/** System libraries that the native runtime needs. */
const SYSTEM_LIBRARIES = /libstdc\+\+|GLIBC|libgcc|ld-linux|specified module could not be found/;
/** ONNX Runtime's own platforms since 1.27. */
const NATIVE_PLATFORMS = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64", "win32-arm64"];

/** How to get the native runtime: one sentence, or "" if nothing helps. @param failure why it did not load */
function advice(platform: string, failure: string | undefined): string {
  if (platform.endsWith("-musl")) return "It needs glibc: the image node:22-slim has it, node:22-alpine does not.";
  if (!NATIVE_PLATFORMS.includes(platform)) return "";
  if (failure === undefined) return "Get the native one: npm install onnxruntime-node --ignore-scripts";
  if (!SYSTEM_LIBRARIES.test(failure)) return "Install prefine again: a file of it is damaged or missing.";
  if (platform.startsWith("win32")) return "It needs Microsoft's Visual C++ Redistributable.";
  return "It needs glibc 2.28 and libstdc++ 6 (Debian: apt-get install libstdc++6).";
}

function noticeOf(kind: RuntimeKind, failures: readonly string[], platform: string): string | null {
  const [failure] = failures;
  if (kind === "native") return failure ? `onnxruntime-node: ${failure}; using prefine's own copy` : null;
  const reason = failure
    ? `the native ONNX Runtime does not load (${failure})`
    : `no native ONNX Runtime for ${platform}`;
  return `${reason}: running in WebAssembly, 4 to 5 times slower. ${advice(platform, failure)}`.trimEnd();
}
