/** @file Downloads over a bad connection: cut, corrupt, slow, refused; messages of refusals. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedHubExists, startServePy } from "../../../test/support/localHub.ts";
import { contents, failure, hash } from "../../../test/support/outcomes.ts";
import { sharedFolder } from "../../../test/support/shared.ts";
import { type HubProgress, type ResolveRepoOptions, resolveRepo } from "./resolveRepo.ts";

describe.skipIf(!sharedHubExists)("resolveRepo from ../shared/hub/serve.py (skipped where it is absent)", () => {
  const reference = join(sharedFolder, "reference/hub");
  const gpt2Files = (path: string) => /^(config|tokenizer.*)\.json$|\.safetensors$/.test(path);

  let cacheDir: string;
  const stops: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    cacheDir = mkdtempSync(join(tmpdir(), "prefine-hub-"));
  });
  afterEach(async () => {
    while (stops.length > 0) await stops.pop()!();
    rmSync(cacheDir, { recursive: true, force: true });
  });

  async function servePy(...args: string[]) {
    const hub = await startServePy(reference, ...args);
    stops.push(() => hub.stop());
    const fast = { retryDelayMs: 1, timeoutMs: 5000, token: false as const, offline: false };
    const gpt2 = (more: Partial<ResolveRepoOptions> = {}): ResolveRepoOptions => ({
      id: "gpt2",
      kind: "model",
      endpoint: hub.endpoint,
      cacheDir,
      files: gpt2Files,
      ...fast,
      ...more,
    });
    return { hub, gpt2 };
  }
  const wanted = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
  const expected = () =>
    Object.fromEntries(wanted.map((f) => [f, hash(readFileSync(join(reference, "models/gpt2", f)))]));

  it("downloads only the selected files, large ones from the other host, with progress", async () => {
    const { hub, gpt2 } = await servePy();
    const seen: HubProgress[] = [];
    const { directory, files } = await resolveRepo(
      gpt2({ onProgress: (progress) => seen.push(progress), token: "hf_secret" }),
    );
    expect(files).toEqual(wanted);
    expect(contents(directory)).toEqual(expected());
    const total = wanted.reduce((sum, file) => sum + readFileSync(join(directory, file)).length, 0);
    expect(seen.at(-1)).toMatchObject({ loaded: total, total });
    const log = await hub.downloads();
    expect(log.map(({ path }) => path.split(/[/@]/).at(-1)).sort()).toEqual([...wanted, "model.safetensors"].sort());
    expect(log.filter(({ token }) => !token).map(({ path }) => path)).toEqual(["/_cdn/models/gpt2@model.safetensors"]);
  });

  it.each([
    ["cut", 5],
    ["corrupt", 5],
    ["500", 5],
    ["429", 5],
    ["slow", 5],
  ])("gets whole files through the fault %s", async (fault) => {
    const { hub, gpt2 } = await servePy("--fault", fault);
    const small = fault === "slow" ? (path: string) => path === "tokenizer.json" : gpt2Files;
    const { directory, files } = await resolveRepo(gpt2({ files: small }));
    const all = expected();
    expect(contents(directory)).toEqual(Object.fromEntries(files.map((file) => [file, all[file]])));
    const ranges = (await hub.downloads()).filter(({ range }) => range !== null);
    expect(ranges.length > 0).toBe(fault === "cut");
  });

  it("retries a request that hangs", async () => {
    const { gpt2 } = await servePy("--fault", "hang");
    const { directory } = await resolveRepo(gpt2({ timeoutMs: 150, files: (path) => path === "config.json" }));
    expect(contents(directory)).toEqual({ "config.json": expected()["config.json"] });
  });

  it.each([
    ["503-always", "the hub answered 503; tried 5 times"],
    ["hang-always", "no answer for 0.1 s; tried 5 times"],
    ["corrupt-always", /the bytes differ from the hub's listing: git SHA-1 [0-9a-f]{40}; tried 3 times/],
  ])("gives up on the fault %s, and leaves no half file", async (fault, message) => {
    const { gpt2 } = await servePy("--fault", fault);
    const error = await failure(resolveRepo(gpt2({ timeoutMs: 100, files: (path) => path === "config.json" })));
    expect(error.code).toBe("hub");
    expect(error.message).toMatch(message);
    expect(contents(cacheDir)).toEqual({});
  });

  it("counts failures since the last progress: a server that cuts every response serves all but the last byte", async () => {
    const { hub, gpt2 } = await servePy("--fault", "cut-always");
    const error = await failure(resolveRepo(gpt2({ files: (path) => path === "tokenizer.json" })));
    expect(error.message).toContain("the connection was cut; tried 5 times");
    expect((await hub.downloads()).length).toBeGreaterThan(15); // halves of 37,370 bytes, then 5 empty responses
    const [part] = readdirSync(join(cacheDir, "models--gpt2/blobs"));
    const whole = readFileSync(join(reference, "models/gpt2/tokenizer.json"));
    const arrived = readFileSync(join(cacheDir, "models--gpt2/blobs", part!));
    expect(hash(arrived)).toBe(hash(whole.subarray(0, whole.length - 1)));
  });

  it("distinguishes no token, a refused token, a wrong id and a wrong revision; and prints no token", async () => {
    const { gpt2 } = await servePy("--private", "gpt2", "--token", "hf_right");
    const errors = await Promise.all([
      failure(resolveRepo(gpt2())),
      failure(resolveRepo(gpt2({ token: "hf_wrong" }))),
      failure(resolveRepo(gpt2({ id: "gpt3", token: "hf_right" }))),
      failure(resolveRepo(gpt2({ revision: "dev", token: "hf_right" }))),
    ]);
    const texts = errors.map(({ message, hint }) => `${message} ${hint}`.replace(/http:\/\/[\d.:]+/g, "HUB"));
    expect(texts).toEqual([
      "model gpt2: not found on HUB, or private (401; no access token was sent) Check the spelling; for a private or gated repository set HF_TOKEN to a token with read access.",
      "model gpt2: gated (403): the account of the access token has no access yet: Access to gpt2 is restricted Accept the terms at HUB/gpt2 with that account (its authors may have to approve the request); a fine-grained token must also allow reading gated repositories.",
      "model gpt3: not found on HUB (404) Check the spelling, and whether it is a model or a dataset; a private one needs a token with read access.",
      'model gpt2: no revision "dev" on HUB (404) Give a branch, tag or full commit of the repository, or omit revision for main.',
    ]);
    expect(errors.map((error) => JSON.stringify([error, error.stack, error.cause])).join()).not.toMatch(
      /hf_(wrong|right)/,
    );
    expect((await resolveRepo(gpt2({ token: "hf_right" }))).files).toEqual(wanted);
  });
});
