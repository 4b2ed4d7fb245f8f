/** @file What stands between a launcher's processes and MPI: each is said in one line, with what to do. */
import Module from "node:module";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openMpiLibrary } from "./mpiLibrary.ts";

/** As where it is not installed. */
function hideKoffi(error: Error): void {
  const resolver = Module as unknown as { _resolveFilename(name: string, ...rest: unknown[]): string };
  const { _resolveFilename } = resolver;
  vi.spyOn(resolver, "_resolveFilename").mockImplementation(function (this: unknown, name, ...rest) {
    if (name === "koffi") throw error;
    return _resolveFilename.call(this, name, ...rest);
  });
}
afterEach(() => vi.restoreAllMocks());

const refusal = (by: "mpirun" | "mpiexec" | "srun", only: string) => {
  try {
    openMpiLibrary({ by, only });
  } catch (error) {
    expect(error).toMatchObject({ name: "PrefineError", code: "config" });
    return (error as Error).message;
  }
  throw new Error("internal: it was not refused");
};

describe("koffi", () => {
  test("is absent", () => {
    hideKoffi(Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" }));
    expect(refusal("mpirun", "")).toMatch(
      /^koffi, which connects .* is not installed: npm install koffi --ignore-scripts$/,
    );
  });
  test("does not load", () => {
    hideKoffi(new Error("wrong ELF class\nat line 2"));
    expect(refusal("srun", "")).toMatch(/^koffi, .*, does not load \(wrong ELF class\): npm install/);
  });
});

test.each([
  ["that does not exist", "./libnone.so", /^PREFINE_MPI \.\/libnone\.so does not load \(.*\): set PREFINE_MPI to /],
  ["of something else", "libc.so.6", /^libc\.so\.6 is no library of MPI 3 or later \(.*\): set PREFINE_MPI to /],
])("a library %s", (_name, only, message) => {
  if (process.platform === "linux" || only !== "libc.so.6") expect(refusal("mpiexec", only)).toMatch(message);
});
