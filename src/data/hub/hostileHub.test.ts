/** @file A hub that answers without end, in circles, or not like a hub: one message, in bounded bytes and time. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { listRepo } from "./resolveRepo.ts";

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

const list = (endpoint: string) =>
  listRepo({
    id: "org/name",
    kind: "dataset",
    endpoint,
    revision: "0".repeat(40), // a commit, so that only files are listed
    cacheDir: join(tmpdir(), `prefine-hostile-hub-${process.pid}`),
    token: "hf_secret",
    offline: false,
    timeoutMs: 300,
    retryDelayMs: 1,
  });

const urlOf = (request: IncomingMessage) => `http://${request.headers.host}${request.url}`;

const CASES: [kind: string, answer: RequestListener, message: RegExp][] = [
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
    (request, response) => response.setHeader("link", `<${urlOf(request)}&x>; rel="next"`).end("[]"),
    /a list of files of more than \d+ pages|answered 431/,
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
    /an answer of more than 32 MiB|no answer for 0.3 s/, // whichever this computer reaches first
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
    "redirects in a circle",
    (request, response) => response.writeHead(302, { location: urlOf(request) }).end(),
    /its redirects do not end/,
  ],
];

it.each(CASES)("%s", async (_, answer, message) => {
  await expect(list(await serve(answer))).rejects.toThrow(message);
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
