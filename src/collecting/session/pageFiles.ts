/** @file The bundled files of the page: in the package next to its modules, in a checkout in dist. */
import { readFile } from "node:fs/promises";
import { ownUrl } from "../../disk/ownPlace.ts";
import { PrefineError } from "../../errors.ts";
import type { PageFile } from "./routes.ts";

const FILES: readonly (readonly [path: string, name: string, type: string])[] = [
  ["/", "index.html", "text/html"],
  ["/app.js", "app.js", "text/javascript"],
  ["/app.css", "app.css", "text/css"],
];
const PLACES = ["../../pages/collect/", "../../../dist/pages/collect/"];

/** @throws PrefineError("io") where the page was not bundled. */
export async function readPageFiles(): Promise<Map<string, PageFile>> {
  for (const place of PLACES) {
    const read = FILES.map(async ([path, name, type]): Promise<[string, PageFile]> => {
      return [path, { type, bytes: await readFile(ownUrl(place + name, import.meta.url)) }];
    });
    const files = await Promise.all(read).catch(() => undefined);
    if (files) return new Map(files);
  }
  throw new PrefineError(
    "io",
    "the page of prefine collect: expected its files in dist/pages, found none",
    "npm run build",
  );
}
