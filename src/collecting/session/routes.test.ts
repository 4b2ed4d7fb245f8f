/** @file The paths of the page, asked over HTTP: what they answer, what they never say, what they refuse. */
import { mkdtempSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { quickSource, type SlowSource, slowSource } from "../../../test/support/slowAnswers.ts";
import { type HttpServer, openHttpServer } from "../../serving/http/httpServer.ts";
import { PreferenceRecord } from "../record.ts";
import { pageRoutes } from "./routes.ts";
import { CollectingSession } from "./session.ts";

const FACTS = { title: "pairs.jsonl", canAsk: true, isChat: true, total: 2, trainCommand: "prefine train" };
const PAGE = new Map([["/", { type: "text/html", bytes: Buffer.from("<!doctype html>") }]]);
const user = (content: string) => [{ role: "user", content }];

let server: HttpServer;
let session: CollectingSession;
let slow: SlowSource;
let file: string;
const failures: unknown[] = [];

async function open(sources: "quick" | "slow") {
  file = join(mkdtempSync(join(tmpdir(), "routes-")), "pairs.jsonl");
  const record = await PreferenceRecord.open(file);
  slow = slowSource("secret-model");
  const [one, other] =
    sources === "slow" ? [slow, slow] : [quickSource("secret-base", "A"), quickSource("secret-run", "B")];
  const work = ["1", "2"].map((prompt) => ({ prompt: user(prompt) }));
  const options = { record, annotator: null, work, sources: [one, other] as const, repeats: 0, random: () => 0 };
  session = new CollectingSession(options);
  const routes = pageRoutes(session, FACTS, PAGE);
  server = await openHttpServer({
    host: "127.0.0.1",
    port: 0,
    origins: [],
    routes,
    onFailure: (error) => failures.push(error),
  });
}
const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;
const close = async () => {
  await session.close();
  await server.close(0);
  expect(failures).toEqual([]);
};

async function post(path: string, body: unknown, type = "application/json") {
  const response = await fetch(at(path), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": type },
  });
  const text = await response.text();
  expect(text).not.toContain("secret"); // names of sources are not for those who judge
  return { status: response.status, body: JSON.parse(text) };
}
const events = (text: string) =>
  text
    .trim()
    .split("\n\n")
    .map((event) => JSON.parse(event.slice("data: ".length)));

describe("judging", () => {
  beforeEach(() => open("quick"));
  test("from the first pair to the statistics", async () => {
    expect(await (await fetch(at("/api/facts"))).json()).toMatchObject({ ...FACTS, progress: { judged: 0, pairs: 0 } });
    const { task } = (await post("/api/next", {})).body;
    expect(task).toMatchObject({ prompt: [{ role: "user", text: "1" }], left: { problem: null }, right: {} });
    expect(Object.keys(task)).toEqual(["id", "prompt", "left", "right"]);
    const stream = await (await fetch(at(`/api/answers/${task.id}`))).text();
    expect(events(stream).at(-1)).toMatchObject({ left: { state: "done" }, right: { state: "done" } });
    expect((await post("/api/next", { shown: task.id })).body.task.id).toBe(task.id);
    const verdict = { id: task.id, verdict: "left", strength: 2, note: " n ", seconds: 3, edit: null };
    const judged = await post("/api/verdict", verdict);
    expect(judged).toMatchObject({ status: 200, body: { saved: true, progress: { judged: 1 } } });
    expect(await post("/api/verdict", verdict)).toMatchObject({ status: 409, body: { error: { code: "judged" } } });
    expect((await post("/api/undo", {})).body).toMatchObject({ undone: true, progress: { judged: 0 } });
    const again = (await post("/api/next", {})).body.task;
    expect(again.prompt).toEqual([{ role: "user", text: "1" }]);
    await post("/api/verdict", { id: again.id, verdict: "right", edit: "mine" });
    const typed = await post("/api/ask", { prompt: [...user("3"), { role: "assistant", content: "4" }, ...user("5")] });
    expect(typed.body.task.prompt.length).toBe(3);
    await post("/api/verdict", { id: typed.body.task.id, verdict: "tie" });
    const statistics = await (await fetch(at("/api/statistics"))).json();
    expect(statistics).toMatchObject({ verdicts: { right: 1, tie: 1, left: 0 }, edits: 1, pairs: 1 });
    await close();
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ chosen: [{ role: "assistant", content: "mine" }] });
  });
});

test("answers are streamed as they are written, from where the page is", async () => {
  await open("slow");
  const { task } = (await post("/api/next", {})).body;
  slow.write(0, "one ");
  const response = await fetch(at(`/api/answers/${task.id}?left=0&right=0`));
  slow.write(0, "two");
  slow.write(1, "<script>alert(1)</script>");
  for (const index of [0, 1]) slow.end(index);
  const text = await response.text();
  const joined = (side: "left" | "right") =>
    events(text)
      .map((event) => event[side].text)
      .join("");
  expect([joined("left"), joined("right")]).toEqual(["one two", "<script>alert(1)</script>"]);
  const rest = events(await (await fetch(at(`/api/answers/${task.id}?left=4&right=25`))).text());
  expect(rest.at(-1)).toMatchObject({ left: { state: "done" } });
  expect(rest[0].left.text).toBe("two");
  await close();
});

test("an answer that fails says why, without the names of models, and is tried again", async () => {
  await open("slow");
  const { task } = (await post("/api/next", {})).body;
  slow.end(0, new Error("out of order"));
  slow.end(1);
  const text = await (await fetch(at(`/api/answers/${task.id}`))).text();
  expect(events(text).at(-1).left).toEqual({
    text: "",
    state: "failed",
    isCut: false,
    problem: "internal: out of order",
  });
  const { body } = await post("/api/retry", { id: task.id });
  expect(body.task.left).toMatchObject({ state: "running", problem: null });
  await close();
});

describe("the page and its guards", () => {
  beforeAll(() => open("quick"));
  afterAll(close);

  test("its files allow no other site", async () => {
    const response = await fetch(at("/"));
    expect(await response.text()).toBe("<!doctype html>");
    const policy = response.headers.get("content-security-policy");
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  test("no path leads to other files", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/app.js",
      "/api/answers/../x",
    ]) {
      const { status } = await fetch(at(path));
      expect([404, 409]).toContain(status);
    }
  });

  test("other sites can neither read nor write", async () => {
    const ask = (headers: Record<string, string>, path = "/api/undo", method = "POST") =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(at(path), { method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on("error", reject).end(method === "POST" ? "{}" : undefined);
      });
    const json = { "content-type": "application/json" };
    expect(await ask({ ...json, origin: "https://evil.example" })).toBe(403);
    expect(await ask({ ...json, host: "evil.example" })).toBe(403); // DNS rebinding
    expect(await ask({ host: "evil.example" }, "/", "GET")).toBe(403);
    expect(await ask({ "content-type": "text/plain" })).toBe(415); // a form of another site
    expect(await ask({}, "/api/undo", "GET")).toBe(405);
  });

  test.each<[string, unknown, string]>([
    ["/api/verdict", {}, "id: expected a text, found nothing"],
    ["/api/verdict", { id: 5 }, "id: expected a text, found 5"],
    ["/api/verdict", { id: "x", verdict: "best" }, "verdict: expected one of left, right"],
    ["/api/verdict", { id: "x", verdict: "tie", edit: "y" }, "verdict: expected left or right with edit or strength"],
    ["/api/verdict", { id: "x", verdict: "left", strength: 4 }, "strength: expected a number from 0 to 3, found 4"],
    ["/api/verdict", { id: "x", verdict: "left", seconds: -1 }, "seconds: expected a number from 0"],
    ["/api/verdict", { id: "x", verdict: "left", note: {} }, "note: expected a text"],
    ["/api/ask", { prompt: "text" }, "prompt: expected a list of messages with role and content"],
    ["/api/ask", { prompt: [{ role: "user" }] }, "prompt: expected a list of messages"],
    ["/api/next", { shown: 1 }, "shown: expected a text"],
    ["/api/retry", {}, "id: expected a text"],
    ["/api/undo", [], "the body: expected a JSON object"],
  ])("%s %j is refused", async (path, body, message) => {
    const reply = await post(path, body);
    expect(reply.status).toBe(400);
    expect(reply.body.error.message).toContain(message);
  });

  test("numbers of characters, tasks that are gone, large bodies", async () => {
    const { task } = (await post("/api/next", {})).body;
    expect((await fetch(at(`/api/answers/${task.id}?left=-1`))).status).toBe(400);
    expect((await fetch(at("/api/answers/nothing"))).status).toBe(409);
    expect((await post("/api/verdict", { id: "nothing", verdict: "tie" })).status).toBe(409);
    const large = { id: task.id, verdict: "left", edit: "x".repeat(5 * 2 ** 20) };
    expect((await post("/api/verdict", large)).status).toBe(413);
  });
});
