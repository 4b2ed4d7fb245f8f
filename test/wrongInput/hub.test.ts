/**
 * @file A hub that refuses, fails, sends wrong data or is unreachable, on the command line; and access tokens, which
 * are never written or printed. The state of the cache is tested next to src/data/hub.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FAKE_COMMIT, startFakeHub } from "../support/localHub.ts";
import { contents } from "../support/outcomes.ts";
import { runCommand } from "../support/runCommand.ts";
import { errorOf, refusalOf, useWorkbench } from "../support/workbench.ts";

useWorkbench();

let home: string;
let stop: (() => Promise<unknown>) | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "prefine-hf-"));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", home);
});
afterEach(async () => {
  await stop?.();
  stop = undefined;
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A hub with the workbench's model as org/model. */
async function startHub(intercept?: Intercept) {
  const files = Object.fromEntries(readdirSync("model").map((name) => [name, readFileSync(join("model", name))]));
  const hub = await startFakeHub(files, intercept);
  stop = hub.stop;
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  return hub;
}

const refuse =
  (status: number, headers: Record<string, string> = {}): Intercept =>
  (_, response) => {
    response.writeHead(status, headers).end();
    return true;
  };
const isFile = ({ url }: IncomingMessage, name = "") => url?.includes(`/resolve/${FAKE_COMMIT}/${name}`) === true;

/** The error of loading `org/model`; then the cache has none of its files, except perhaps a partial one. */
async function hubRefusal(...flags: string[]): Promise<string> {
  const refusal = await refusalOf("generate", "org/model", "--prompt", "hi", "--max_new_tokens", "2", ...flags);
  const cached = Object.keys(contents(home)).filter(
    (path) => !path.endsWith(".incomplete") && !/\/(refs|trees)\//.test(path),
  );
  const blobs = cached.filter((path) => path.includes("/blobs/"));
  expect(cached.filter((path) => path.endsWith("model.safetensors"))).toEqual([]);
  expect(blobs.filter((path) => path.endsWith("incomplete"))).toEqual([]);
  return refusal.replace(/http:\/\/127\.0\.0\.1:\d+/g, "HUB");
}

describe("a hub", () => {
  it.each<[string, Intercept, string[], string]>([
    [
      "401 without a token",
      refuse(401),
      [],
      "error: model org/model: not found on HUB, or private (401; no access token was sent)\n" +
        "Check the spelling; for a private or gated repository set HF_TOKEN to a token with read access.",
    ],
    [
      "401 with a token",
      refuse(401),
      ["--token", "hf_expired"],
      "error: model org/model: HUB did not accept the access token (401)\n" +
        "Check HF_TOKEN (or run `hf auth login` again); a public repository needs none.",
    ],
    [
      "403",
      refuse(403, { "x-error-message": "Access is restricted for hf_mine" }),
      ["--token", "hf_mine"],
      "error: model org/model: access refused (403): Access is restricted for [token]\n" +
        "Request access at HUB/org/model with the account of HF_TOKEN.",
    ],
    [
      "404",
      refuse(404, { "x-error-code": "RepoNotFound" }),
      [],
      "error: model org/model: not found on HUB (404)\n" +
        "Check the spelling, and whether it is a model or a dataset; a private one needs a token with read access.",
    ],
    [
      "404 of a revision",
      refuse(404, { "x-error-code": "RevisionNotFound" }),
      ["--revision", "dev"],
      'error: model org/model: no revision "dev" on HUB (404)\n' +
        "Give a branch, tag or full commit of the repository, or omit revision for main.",
    ],
    [
      "500 on every request",
      refuse(500, { "retry-after": "0" }),
      [],
      "error: model org/model: HUB: the hub answered 500; tried 5 times\n" +
        "Try again later: the download resumes where it stopped.",
    ],
    [
      "429 on every request",
      refuse(429, { "retry-after": "0" }),
      [],
      "error: model org/model: HUB: the hub answered 429, too many requests; tried 5 times\n" +
        "Try again later: the download resumes where it stopped.",
    ],
  ])("that answers %s", async (_, intercept, flags, message) => {
    await startHub(intercept);
    expect(await hubRefusal(...flags)).toBe(message);
  });

  it("that sends bytes that differ from its listing", async () => {
    const bytes = readFileSync("model/model.safetensors");
    bytes[bytes.length - 1] ^= 1;
    await startHub((request, response) => {
      if (!isFile(request, "model.safetensors")) return false;
      response.end(bytes);
      return true;
    });
    const refusal = await hubRefusal();
    expect(refusal.replace(/[0-9a-f]{40}/, "HASH")).toBe(
      "error: model org/model, model.safetensors: the bytes differ from the hub's listing: git SHA-1 HASH; tried 3 times\n" +
        "A proxy or mirror may change the content; try another HF_ENDPOINT.",
    );
  });

  it("that fails once on everything (500, 429, cut, corrupt) is retried, and the model is complete", async () => {
    const seen = new Set<string>();
    let turn = 0;
    const faults: Intercept[] = [
      refuse(500, { "retry-after": "0" }),
      refuse(429, { "retry-after": "0" }),
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" }).write("{");
        setTimeout(() => response.destroy(), 20);
        return true;
      },
    ];
    await startHub((request, response) => {
      if (seen.has(request.url!)) return false;
      seen.add(request.url!);
      return faults[turn++ % faults.length](request, response);
    });
    const { code, stderr } = await runCommand("generate", "org/model", "--prompt", "hi", "--max_new_tokens", "2");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const snapshot = join(home, "hub/models--org--model/snapshots", FAKE_COMMIT);
    expect(contents(snapshot)).toEqual(contents("model"));
  });

  it("that is unreachable, with and without HF_HUB_OFFLINE", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve)); // nothing listens on the port now
    vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${port}`);
    expect(await hubRefusal()).toBe(
      "error: model org/model: HUB: could not connect (ECONNREFUSED); tried 2 times\n" +
        "Check the network and HF_ENDPOINT. If the files are in the cache, HF_HUB_OFFLINE=1 needs no network.",
    );
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await hubRefusal()).replace(home, "HOME")).toBe(
      "error: model org/model: not in the cache (HOME/hub), and HF_HUB_OFFLINE forbids downloads\n" +
        "Run once without HF_HUB_OFFLINE, or set HF_HOME or HF_HUB_CACHE to a cache that has it.",
    );
  });

  it("whose address contains a password is refused without showing it", async () => {
    vi.stubEnv("HF_ENDPOINT", "http://me:hf_password@127.0.0.1:1");
    const refusal = await hubRefusal();
    expect(refusal).toBe(
      "error: HF_ENDPOINT: expected a URL without user or password\nA hub's address looks like https://huggingface.co.",
    );
    expect(refusal).not.toContain("hf_password");
  });
});

describe("access tokens", () => {
  const SECRETS = ["hf_environment", "hf_flag", "hf_push", "hf_runfile"];

  /** Contents of every file under the folders, and the texts. */
  function expectNoSecret(texts: string[], ...folders: string[]): void {
    const files = folders.flatMap((folder) => Object.keys(contents(folder)).map((path) => join(folder, path)));
    expect(files.length).toBeGreaterThan(0);
    const found = files.filter((path) => SECRETS.some((secret) => readFileSync(path).includes(secret)));
    expect(found).toEqual([]);
    for (const secret of SECRETS) expect(texts.join("\n")).not.toContain(secret);
  }

  it("are sent, and appear in no log, model card, TensorBoard event or other file of a run", async () => {
    const hub = await startHub();
    vi.stubEnv("HF_TOKEN", "hf_environment");
    const flags = ["--model_name_or_path", "org/model", "--token", "hf_flag", "--hub_token", "hf_push"];
    const saving = ["--report_to", "tensorboard", "--save_strategy", "steps", "--save_steps", "2"];
    const { code, stdout, stderr } = await runCommand("train", "--config", "run.yaml", ...flags, ...saving);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(new Set(hub.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer hf_flag"]));
    const written = Object.keys(contents("dpo")).join("\n");
    for (const file of [
      "README.md",
      "training_args.json",
      "events.out.tfevents",
      "checkpoint-2/",
      "trainer_state.json",
    ]) {
      expect(written).toContain(file);
    }
    expectNoSecret([stdout, stderr], "dpo", home);
  });

  it("of the environment are sent, and those of a run file are kept secret", async () => {
    const hub = await startHub();
    writeFileSync("secret.yaml", `${readFileSync("run.yaml", "utf8")}env: { HF_TOKEN: hf_runfile }\n`);
    vi.stubEnv("HF_TOKEN", "hf_environment");
    const run = ["train", "--config", "secret.yaml", "--model_name_or_path", "org/model", "--max_steps", "1"];
    const { code, stdout, stderr } = await runCommand(...run);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(new Set(hub.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer hf_runfile"]));
    expectNoSecret([stdout, stderr], "dpo", home);
  });

  it.each<[string, string[]]>([
    ["of the wrong kind", ["--token", "hf_flag", "hf_push", "--hub_token", "hf_environment", "hf_flag"]],
    ["with a misspelled flag", ["--tokn", "hf_flag", "--hub_tokens", "hf_push"]],
    ["with a space", ["--token", "hf_flag hf_push"]],
    ["refused by the hub", ["--token", "hf_flag"]],
  ])("%s are not repeated in the error", async (_, flags) => {
    await startHub(refuse(403, { "x-error-message": "no access for hf_flag" }));
    const outcome = await runCommand("train", "--config", "run.yaml", "--model_name_or_path", "org/model", ...flags);
    expectNoSecret([errorOf(outcome), outcome.stderr], process.cwd());
  });
});
