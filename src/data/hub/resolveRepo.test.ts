/** @file The cache in Python's layout: filled once, read offline, repaired, no partial files. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FAKE_COMMIT, startFakeHub, treeEntry } from "../../../test/support/localHub.ts";
import { failure, hash } from "../../../test/support/outcomes.ts";
import { type HubProgress, listRepo, type ResolveRepoOptions, resolveRepo } from "./resolveRepo.ts";

let folder: string;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-hub-"));
});
afterEach(async () => {
  while (stops.length > 0) await stops.pop()!();
  rmSync(folder, { recursive: true, force: true });
});

const cacheDir = () => join(folder, "cache");
const everything = () => true;

function options(endpoint: string, more: Partial<ResolveRepoOptions> = {}): ResolveRepoOptions {
  const fast = { retryDelayMs: 1, timeoutMs: 5000, token: false as const, offline: false };
  return { id: "org/model", kind: "model", endpoint, cacheDir: cacheDir(), files: everything, ...fast, ...more };
}

const modelFolder = () => join(cacheDir(), "models--org--model");
const blobs = () => readdirSync(join(modelFolder(), "blobs")).sort();

async function fakeHub(...args: Parameters<typeof startFakeHub>) {
  const hub = await startFakeHub(...args);
  stops.push(hub.stop);
  return hub;
}

describe("resolveRepo", () => {
  const files = { "config.json": "{}", "sub/deep/notes.txt": "hello", "again.txt": "hello", empty: "" };

  it("uses the layout of Python's cache, and requests nothing twice", async () => {
    const hub = await fakeHub(files);
    const wanted = (path: string) => path !== "config.json";
    const resolved = await resolveRepo(options(hub.endpoint, { files: wanted }));
    expect(resolved).toEqual({
      directory: join(modelFolder(), "snapshots", FAKE_COMMIT),
      files: ["again.txt", "empty", "sub/deep/notes.txt"],
      commit: FAKE_COMMIT,
    });
    const hello = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"; // git hash-object of "hello"
    expect(blobs()).toEqual([hello, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"].sort());
    expect(readlinkSync(join(resolved.directory, "sub/deep/notes.txt"))).toBe(`../../../../blobs/${hello}`);
    expect(readFileSync(join(modelFolder(), "refs/main"), "utf8")).toBe(FAKE_COMMIT);
    expect(
      Object.keys(JSON.parse(readFileSync(join(modelFolder(), `trees/${FAKE_COMMIT}.json`), "utf8")).files),
    ).toHaveLength(4);

    const before = hub.requests.length;
    expect(await resolveRepo(options(hub.endpoint, { files: wanted }))).toEqual(resolved);
    expect(hub.requests.slice(before).map(({ url }) => url)).toEqual(["/api/models/org/model/revision/main"]);
    await resolveRepo(options(hub.endpoint, { files: wanted, revision: FAKE_COMMIT }));
    expect(hub.requests).toHaveLength(before + 1); // a commit never changes
  });

  it("works offline with cached files, and names missing ones", async () => {
    const hub = await fakeHub(files);
    const wanted = (path: string) => path.endsWith(".txt");
    const resolved = await resolveRepo(options(hub.endpoint, { files: wanted }));
    const before = hub.requests.length;
    const offline = { offline: true } as const;
    expect(await resolveRepo(options(hub.endpoint, { ...offline, files: wanted }))).toEqual(resolved);
    expect((await failure(resolveRepo(options(hub.endpoint, offline)))).message).toBe(
      "model org/model: not in the cache: config.json, empty; and HF_HUB_OFFLINE is set",
    );
    const other = await failure(resolveRepo(options(hub.endpoint, { ...offline, id: "org/other" })));
    expect(other.message).toContain("model org/other: not in the cache");
    expect((await listRepo(options(hub.endpoint, offline))).files).toEqual(Object.keys(files).sort());
    rmSync(join(modelFolder(), "trees"), { recursive: true }); // a cache from before these lists existed
    expect((await listRepo(options(hub.endpoint, offline))).files).toEqual(["again.txt", "sub/deep/notes.txt"]);
    expect((await resolveRepo(options(hub.endpoint, offline))).files).toEqual(["again.txt", "sub/deep/notes.txt"]);
    expect(hub.requests).toHaveLength(before);
  });

  it("uses the cache, with a warning, when the hub cannot be reached; without a cache says so", async () => {
    const hub = await startFakeHub(files);
    const resolved = await resolveRepo(options(hub.endpoint));
    await hub.stop();
    const warnings: string[] = [];
    expect(await resolveRepo(options(hub.endpoint, { onWarning: (line) => warnings.push(line) }))).toEqual(resolved);
    expect(warnings).toEqual([
      "model org/model: could not connect (ECONNREFUSED); using commit 01234567 from the cache",
    ]);
    const error = await failure(resolveRepo(options(hub.endpoint, { id: "org/other" })));
    expect(error.message).toMatch(/^model org\/other: http:.*: could not connect \(ECONNREFUSED\); tried 2 times$/);
    expect(error.hint).toContain("HF_HUB_OFFLINE=1");
  });

  it("starts over when the server ignores Range, and follows the pages of a long list", async () => {
    const big = Buffer.alloc(300_000, "0123456789");
    let cuts = 0;
    const hub = await fakeHub({ "big.txt": big }, (request, response) => {
      if (request.url?.includes("/tree/")) {
        const second = request.url.includes("cursor=2");
        if (!second) response.setHeader("link", `<${request.url}&cursor=2>; rel="next"`);
        response.end(JSON.stringify([second ? treeEntry("big.txt", big) : treeEntry("other.txt", "x")]));
        return true;
      }
      if (!request.url?.endsWith("/big.txt")) return false;
      response.writeHead(200, { "content-length": big.length });
      if (cuts++ === 0) response.write(big.subarray(0, 150_000), () => response.destroy());
      else response.end(big);
      return true;
    });
    const seen: number[] = [];
    const onProgress = ({ loaded }: HubProgress) => seen.push(loaded);
    const { directory } = await resolveRepo(options(hub.endpoint, { files: (path) => path === "big.txt", onProgress }));
    expect(hash(readFileSync(join(directory, "big.txt")))).toBe(hash(big));
    expect(cuts).toBe(2);
    expect(hub.requests.at(-1)?.headers.range).toMatch(/^bytes=\d+-$/);
    expect(seen.at(-1)).toBe(big.length);
  });

  it("resumes the download of a killed process", async () => {
    const big = Buffer.alloc(100_000, "abcdefg");
    const hub = await fakeHub({ "big.txt": big });
    const oid = treeEntry("big.txt", big).oid as string;
    mkdirSync(join(modelFolder(), "blobs"), { recursive: true });
    const orphan = `${oid}.999999999-00c0ffee.prefine.incomplete`; // no process has this number
    writeFileSync(join(modelFolder(), "blobs", orphan), big.subarray(0, 60_000));
    const { directory } = await resolveRepo(options(hub.endpoint));
    expect(hub.requests.at(-1)?.headers.range).toBe("bytes=60000-");
    expect(hash(readFileSync(join(directory, "big.txt")))).toBe(hash(big));
    expect(blobs()).toEqual([oid]);
  });

  it("keeps a partial download when it gives up, but never as the final file", async () => {
    const big = Buffer.alloc(100_000, "abcdefg");
    const hub = await fakeHub({ "big.txt": big }, (request, response) => {
      if (!request.url?.endsWith("/big.txt")) return false;
      if (request.headers.range) response.writeHead(500).end();
      else
        response
          .writeHead(200, { "content-length": big.length })
          .write(big.subarray(0, 40_000), () => response.destroy());
      return true;
    });
    const error = await failure(resolveRepo(options(hub.endpoint)));
    expect(error.message).toMatch(/^model org\/model, big.txt: http:.*: the hub answered 500; tried 5 times$/);
    expect(blobs()).toEqual([expect.stringMatching(/^[0-9a-f]{40}\.0-[0-9a-f]{8}\.prefine\.incomplete$/)]);
    expect(readdirSync(modelFolder())).toEqual(["blobs"]); // no snapshot, no ref
  });

  it("fetches a cached file again if its size is wrong", async () => {
    const hub = await fakeHub({ "a.txt": "hello" });
    const { directory } = await resolveRepo(options(hub.endpoint));
    truncateSync(join(directory, "a.txt"), 2);
    await resolveRepo(options(hub.endpoint));
    expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("hello");
  });

  it("downloads a file once for two concurrent calls", async () => {
    const hub = await fakeHub({ "a.txt": "hello" });
    await Promise.all([resolveRepo(options(hub.endpoint)), resolveRepo(options(hub.endpoint))]);
    expect(hub.requests.filter(({ url }) => url?.endsWith("/a.txt"))).toHaveLength(1);
  });

  it("stops on an AbortSignal", async () => {
    const stop = new AbortController();
    const hub = await fakeHub({ "a.txt": "hello" }, (request) => {
      if (!request.url?.endsWith("/a.txt")) return false;
      stop.abort();
      return true; // never answered
    });
    expect((await failure(resolveRepo(options(hub.endpoint, { signal: stop.signal })))).code).toBe("interrupted");
  });

  it("refuses names that point outside the cache", async () => {
    const hub = await fakeHub({ "../../../evil.txt": "x" });
    expect((await failure(resolveRepo(options(hub.endpoint)))).message).toContain(
      "does not answer like a Hugging Face hub",
    );
    expect((await failure(resolveRepo(options(hub.endpoint, { revision: "../x" })))).message).toContain(
      "expected a revision on the hub",
    );
    expect((await failure(resolveRepo(options(hub.endpoint, { id: "../x" })))).message).toContain("expected the id");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("reports a server that is no hub, and the reason of a failed write", async () => {
    const portal = await fakeHub({}, (_request, response) => !!response.end("<html>log in</html>"));
    expect((await failure(resolveRepo(options(portal.endpoint)))).message).toContain("an answer that is not JSON");
    const hub = await fakeHub(files);
    writeFileSync(join(folder, "cache"), "a file where the folder should be");
    const error = await failure(resolveRepo(options(hub.endpoint)));
    expect([error.code, error.message]).toEqual(["io", expect.stringContaining("cannot write to the cache")]);
  });

  it("writes files instead of links if links are disabled", async () => {
    const hub = await fakeHub({ "a.txt": "hello" });
    process.env.HF_HUB_DISABLE_SYMLINKS = "1";
    try {
      const { directory } = await resolveRepo(options(hub.endpoint));
      expect(() => readlinkSync(join(directory, "a.txt"))).toThrow("EINVAL");
      expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("hello");
    } finally {
      delete process.env.HF_HUB_DISABLE_SYMLINKS;
    }
  });
});
