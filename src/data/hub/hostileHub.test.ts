/** @file A hub that answers without end, in circles, or not like a hub: one message, in bounded bytes and time. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { listRepo, resolveRepo } from "./resolveRepo.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settings = (endpoint: string, timeoutMs: number) => ({
  id: "org/name",
  endpoint,
  revision: "0".repeat(40), // a commit, so that only files are listed
  cacheDir: join(tmpdir(), `prefine-hostile-hub-${process.pid}`),
  token: "hf_secret",
  offline: false,
  timeoutMs,
  retryDelayMs: 1,
});
const list = (endpoint: string, timeoutMs = 300) => listRepo({ ...settings(endpoint, timeoutMs), kind: "dataset" });

const urlOf = (request: IncomingMessage) => `http://${request.headers.host}${request.url}`;

const CASES: [kind: string, answer: RequestListener, message: RegExp, timeoutMs?: number][] = [
  ["a login page", (_, response) => response.end("<html>log in</html>"), /an answer that is not JSON/],
  [
    "JSON that nests 100,000 levels",
    (_, response) => response.end(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
    /values that nest more than 200 levels deep/,
  ],
  [
    "a page that follows itself",
    (request, response) => response.setHeader("link", `<${urlOf(request)}>; rel="next"`).end("[]"),
    /a page of the list of files that follows itself/,
  ],
  [
    "pages without end",
    (request, response) => {
      const page = Number(new URL(urlOf(request)).searchParams.get("page") ?? 0) + 1;
      response.setHeader("link", `</next?page=${page}>; rel="next"`).end("[]");
    },
    /a list of files of more than 1000 pages$/,
  ],
  [
    "an answer without end",
    (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(" ".repeat(1 << 20)));
      };
      response.on("drain", more);
      more();
    },
    /an answer of more than 32 MiB$/,
    20_000,
  ],
  [
    "a byte now and then",
    (_, response) => {
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    },
    /no answer for 0.3 s; tried 5 times/,
  ],
  [
    "headers of a megabyte",
    (_, response) => response.setHeader("x", "a".repeat(1 << 20)).end("[]"),
    /the connection was cut; tried 5 times$/,
  ],
  [
    "a length that no answer has",
    (_, response) => response.writeHead(200, { "content-length": 999 }).write("[]", () => response.destroy()),
    /the connection was cut; tried 5 times$/,
  ],
  ["no header", () => {}, /no answer for 0.3 s; tried 5 times$/],
  ["an error each time", (_, response) => response.writeHead(500).end(), /the hub answered 500; tried 5 times$/],
  [
    "a next page in a file",
    (_, response) => response.setHeader("link", '<file:///etc/passwd>; rel="next"').end("[]"),
    /a next page at "file:\/\/\/etc\/passwd"$/,
  ],
  [
    "a redirect to a file",
    (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    /its redirects do not end, or lead nowhere$/,
  ],
  [
    "a path out of the cache",
    (_, response) => response.end(JSON.stringify([{ type: "file", path: "../../x", size: 1, oid: "0".repeat(40) }])),
    /the entry .*"..\/..\/x".* in the list of files$/,
  ],
  [
    "redirects in a circle",
    (request, response) => response.writeHead(302, { location: urlOf(request) }).end(),
    /its redirects do not end/,
  ],
];

it.each(CASES)("%s", async (_, answer, message, timeoutMs) => {
  await expect(list(await serve(answer), timeoutMs)).rejects.toThrow(message);
});

it("the access token goes to no other host, by redirect or by page", async () => {
  const tokens: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    tokens.push(request.headers.authorization);
    response.end("[]");
  });
  const redirecting = await serve((_, response) => response.writeHead(302, { location: `${other}/x` }).end());
  const paging = await serve((_, response) => response.setHeader("link", `<${other}/y>; rel="next"`).end("[]"));
  for (const endpoint of [redirecting, paging]) expect((await list(endpoint)).files).toEqual([]);
  expect(tokens).toEqual([undefined, undefined]);
});

it("a download of a byte now and then ends", async () => {
  const content = "x".repeat(1000);
  const endpoint = await serve((request, response) => {
    if (request.url?.includes("/api/")) {
      const oid = createHash("sha1").update(`blob 1000\0${content}`).digest("hex");
      response.end(JSON.stringify([{ type: "file", path: "config.json", size: 1000, oid }]));
      return;
    }
    response.writeHead(200, { "content-length": "1000" });
    let at = 0;
    const timer = setInterval(() => response.write(content[at++]), 50);
    response.on("close", () => clearInterval(timer));
  });
  const options = { ...settings(endpoint, 300), kind: "model" as const, files: () => true };
  await expect(resolveRepo(options)).rejects.toThrow(/sends less than 100 bytes per second/);
}, 60_000);
