/** @file Hubs for tests: `../shared/hub/serve.py`, and a small one in this process whose answers a test decides. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { sharedFolder } from "./shared.ts";

const serveScript = `${sharedFolder}/hub/serve.py`;

/** False if `../shared` is absent; tests that need it are then skipped, with a note in their names. */
export const sharedHubExists = existsSync(serveScript);

export interface LoggedRequest {
  method: string;
  path: string;
  range: string | null;
  token: boolean;
}

/** `serve.py ROOT ARGS...`; exits when its standard input closes. */
export async function startServePy(root: string, ...args: string[]): Promise<LocalHub> {
  const child = spawn("python3", [serveScript, root, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const [endpoint] = (await new Promise<string[]>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve([line]));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`serve.py ended with ${code}`)));
  })) as [string];
  return new LocalHub(endpoint, child);
}

export class LocalHub {
  readonly endpoint: string;
  readonly #child: ChildProcess;

  constructor(endpoint: string, child: ChildProcess) {
    this.endpoint = endpoint;
    this.#child = child;
  }

  /** All requests so far. */
  async log(): Promise<LoggedRequest[]> {
    return (await (await fetch(`${this.endpoint}/_log`)).json()) as LoggedRequest[];
  }

  /** Requests for contents of files so far. */
  async downloads(): Promise<LoggedRequest[]> {
    return (await this.log()).filter(({ path }) => path.includes("/resolve/") || path.startsWith("/_cdn/"));
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.stdin?.end();
    });
  }
}

export const FAKE_COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Replaces the normal answer of the hub in this process; return false for the normal one. */
type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A hub that holds one model, `org/model`, with these files (all in git, none large). */
export async function startFakeHub(files: Record<string, string | Uint8Array>, intercept: Intercept = () => false) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    if (!intercept(request, response)) answer(files, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The entry of a file in the answer to `/tree/`. */
export function treeEntry(path: string, content: string | Uint8Array): Record<string, unknown> {
  const bytes = Buffer.from(content);
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  return { type: "file", oid, size: bytes.length, path };
}

function answer(files: Record<string, string | Uint8Array>, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "/", "http://hub");
  const path = decodeURIComponent(pathname);
  const json = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  if (path === "/api/models/org/model/revision/main") return void json({ sha: FAKE_COMMIT });
  if (path === `/api/models/org/model/tree/${FAKE_COMMIT}`) {
    return void json(Object.entries(files).map(([name, content]) => treeEntry(name, content)));
  }
  const content = files[path.slice(`/org/model/resolve/${FAKE_COMMIT}/`.length)];
  if (content === undefined) {
    return void response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
  }
  const bytes = Buffer.from(content);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (start > 0) response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
  response.end(bytes.subarray(start));
}
