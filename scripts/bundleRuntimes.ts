/**
 * @file `prepack`: copies ONNX Runtime into dist/onnxruntime, so that the package needs no install script and no host
 * other than the registry, and removes files from dist that have no source.
 *
 * onnxruntime-node has an install script that downloads CUDA from another host, and the install fails if that host is
 * unreachable; its 288 MB include each platform's GPU libraries. The CPU engine is the binding and one library.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "dist", "onnxruntime");
const require = createRequire(import.meta.url);

/** All other platforms (win32-arm64, Intel Macs, musl) use WebAssembly. */
const NATIVE: Readonly<Record<string, string>> = {
  "linux/x64": "libonnxruntime.so.1",
  "linux/arm64": "libonnxruntime.so.1",
  "darwin/arm64": "libonnxruntime.1.dylib",
  "win32/x64": "onnxruntime.dll",
};
const NODE_FILES = [
  ...["index", "backend", "binding", "version"].map((name) => `dist/${name}.js`),
  ...Object.entries(NATIVE).flatMap(([platform, library]) =>
    [library, "onnxruntime_binding.node"].map((file) => `bin/napi-v6/${platform}/${file}`),
  ),
];
const WEB_FILES = ["ort.node.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"].map(
  (name) => `dist/${name}`,
);

const LICENSE = `ONNX Runtime

Files of the npm packages onnxruntime-node and onnxruntime-web, unchanged.
Notices of what they contain: ThirdPartyNotices.txt in https://github.com/microsoft/onnxruntime

MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

/** The folder of an installed package, found from a module: not every package exports its package.json. */
function packageFolder(name: string): string {
  let folder = dirname(require.resolve(name));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** @returns bytes copied */
function bundle(name: string, to: string, files: readonly string[]): number {
  const from = packageFolder(name);
  const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  let bytes = 0;
  for (const file of files) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    copyFileSync(join(from, file), join(to, file));
    bytes += statSync(join(to, file)).size;
  }
  // without its scripts and "type", because onnxruntime-node is CommonJS inside a package of ES modules
  const manifest = { name, version, license, private: true };
  writeFileSync(join(to, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return bytes;
}

/** Removes compiled files without a source: tsc keeps them, npm would publish them. */
function removeStale(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (!statSync(path).isFile() || path.startsWith(target)) continue;
    const source = join(root, "src", name).replace(/(\.d\.ts|\.js)$/, ".ts");
    if (source.endsWith(".test.ts") || !existsSync(source)) rmSync(path);
  }
}

rmSync(target, { recursive: true, force: true });
const bytes = bundle("onnxruntime-node", join(target, "node"), NODE_FILES);
const wasmBytes = bundle("onnxruntime-web", join(target, "web"), WEB_FILES);
writeFileSync(join(target, "LICENSE"), LICENSE);
removeStale(join(root, "dist"));
process.stderr.write(
  `dist/onnxruntime: ${(bytes / 1e6).toFixed(0)} MB native, ${(wasmBytes / 1e6).toFixed(0)} MB WebAssembly\n`,
);
