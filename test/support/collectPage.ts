/** @file The page of `prefine collect` in a real browser: its server with given sources, and Debian's chromium. */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { bundlePages } from "../../scripts/bundlePages.ts";
import { PreferenceRecord } from "../../src/collecting/record.ts";
import { type PageFacts, type PageFile, pageRoutes } from "../../src/collecting/session/routes.ts";
import { CollectingSession, type SessionOptions } from "../../src/collecting/session/session.ts";
import { openHttpServer } from "../../src/serving/http/httpServer.ts";

const CHROMIUM = process.env.PREFINE_CHROMIUM || "/usr/bin/chromium";

/** For `skipIf`: there is none on this machine. */
export const lacksChromium = !existsSync(CHROMIUM);

/** Without its sandbox, which containers don't allow: the page is our own. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

let files: Promise<Map<string, PageFile>> | undefined;

async function bundledFiles(): Promise<Map<string, PageFile>> {
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  await bundlePages(folder);
  const at = (name: string, type: string): PageFile => ({ type, bytes: readFileSync(join(folder, "collect", name)) });
  return new Map([
    ["/", at("index.html", "text/html")],
    ["/app.js", at("app.js", "text/javascript")],
    ["/app.css", at("app.css", "text/css")],
  ]);
}

export interface PageServer {
  url: string;
  file: string;
  session: CollectingSession;
  files: Map<string, PageFile>;
  failures: unknown[];
  close(): Promise<void>;
}

/** A server of the page over a record in `file`; the first source is on the left. */
export async function servePage(
  given: Partial<SessionOptions> & { file?: string; facts?: Partial<PageFacts>; port?: number },
): Promise<PageServer> {
  const { file = join(mkdtempSync(join(tmpdir(), "page-")), "pairs.jsonl"), facts, port = 0, ...own } = given;
  files ??= bundledFiles();
  const record = await PreferenceRecord.open(file);
  const defaults = { annotator: null, work: [], sources: undefined, repeats: 0, random: () => 0 };
  const session = new CollectingSession({ record, ...defaults, ...own });
  const shown = { title: "pairs.jsonl", canAsk: false, isChat: false, total: null, trainCommand: "prefine train" };
  const failures: unknown[] = [];
  const routes = pageRoutes(session, { ...shown, ...facts }, await files);
  const access = { host: "127.0.0.1", port, origins: [] };
  const server = await openHttpServer({ ...access, routes, onFailure: (error) => failures.push(error) });
  return {
    url: `http://127.0.0.1:${server.port}`,
    ...{ file, session, failures, files: await files },
    close: async () => {
      await server.close(0);
      await session.close();
    },
  };
}
