/** @file Writes configs/schema.json, the JSON schema of run files for editors: `npx tsx scripts/schema.ts`. */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { runFileSchema } from "../src/config/jsonSchema.ts";

const TARGET = new URL("../configs/schema.json", import.meta.url);

/** The text of configs/schema.json. */
export function schemaText(): string {
  return `${JSON.stringify(runFileSchema(), null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(TARGET, schemaText());
