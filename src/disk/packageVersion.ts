/** @file The package's own version. */
import { readFileSync } from "node:fs";
import { ownUrl } from "./ownPlace.ts";

/** From package.json, two folders up from src/disk and from dist/disk. */
export function packageVersion(): string {
  const text = readFileSync(ownUrl("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
