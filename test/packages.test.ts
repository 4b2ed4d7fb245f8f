/** @file package-lock.json: `npm ci` downloads only from the registry, with every version of npm. */
import { expect, test } from "vitest";
import { readText } from "./support/sourceFiles.ts";

interface LockedPackage {
  hasInstallScript?: boolean;
}

/**
 * npm 11 does not run scripts denied by `allowScripts` in package.json; npm 10 runs every script that the lock file
 * mentions. That of onnxruntime-node downloads CUDA from another host, and its switch is a line in .npmrc that npm 11
 * warns about. Without the mention npm 10 does not look for a script. Those of esbuild and protobufjs download nothing.
 */
test("the lock file mentions no install script that downloads", () => {
  const { packages } = JSON.parse(readText("package-lock.json")) as { packages: Record<string, LockedPackage> };
  const names = Object.keys(packages).filter((path) => packages[path].hasInstallScript);
  const advice = 'delete the line "hasInstallScript": true of onnxruntime-node from package-lock.json';
  expect(names, advice).toEqual(["node_modules/esbuild", "node_modules/protobufjs"]);
});
