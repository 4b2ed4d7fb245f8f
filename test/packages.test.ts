/** @file What package-lock.json promises: `npm ci` downloads from the registry alone, under every npm. */
import { expect, test } from "vitest";
import { readText } from "./support/sourceFiles.ts";

interface LockedPackage {
  hasInstallScript?: boolean;
}

/**
 * npm 11 runs no script that `allowScripts` in package.json denies; npm 10 runs each that the lock file mentions. That
 * of onnxruntime-node downloads CUDA from elsewhere, and its own switch is a line in .npmrc, of which npm 11 warns.
 * Without the mention npm 10 does not look for a script. Those of esbuild and protobufjs download nothing.
 */
test("the lock file mentions no install script that downloads", () => {
  const { packages } = JSON.parse(readText("package-lock.json")) as { packages: Record<string, LockedPackage> };
  const names = Object.keys(packages).filter((path) => packages[path].hasInstallScript);
  const advice = 'delete the line "hasInstallScript": true of onnxruntime-node from package-lock.json';
  expect(names, advice).toEqual(["node_modules/esbuild", "node_modules/protobufjs"]);
});
