/** @file The fuzzer's hub: its list of files is a file, which is damaged; its pages follow each other. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { listRepo } from "../../src/data/hub/resolveRepo.ts";

/** The list as the hub answers it; its folder has the organization's name, which messages show. */
export const LISTING = "org/tree.json";

const entry = (path: string, size: number) => ({ type: "file", path, size, oid: "0".repeat(40) });
export const listing = () => [
  entry("README.md", 10),
  { ...entry("data/train-00000-of-00001.parquet", 130), lfs: { oid: "1".repeat(64), size: 1000, pointerSize: 130 } },
  { type: "directory", oid: "2".repeat(40), size: 0, path: "data" },
];

let endpoint: Promise<string> | undefined;

function serve(): Promise<string> {
  const server = createServer((_, response) => response.end(readFileSync(LISTING)));
  server.unref();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

export async function readListing(): Promise<void> {
  endpoint ??= serve();
  const { files } = await listRepo({
    id: "org/name",
    kind: "dataset",
    endpoint: await endpoint,
    revision: "3".repeat(40), // a commit, so that only files are listed
    cacheDir: "hub",
    token: false,
    offline: false,
    timeoutMs: 2000,
    retryDelayMs: 1,
  });
  const isInside = files.every((path) => !path.split("/").includes(".."));
  if (!isInside) throw new Error(`a wrong answer: paths out of the cache: ${files}`);
}
