/** @file Writes the table of checks into docs/doctor.md from their records: `npx tsx scripts/doctorTable.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { DOCTOR_CHECKS } from "../src/data/doctor/doctor.ts";
import { SPLIT_CHECKS } from "../src/data/doctor/splitChecks.ts";
import { NO_PAIR } from "../src/data/doctor/unpaired.ts";
import { UNREADABLE } from "../src/data/doctor/unreadable.ts";

const TARGET = new URL("../docs/doctor.md", import.meta.url);
/** The table is the only one with this head. */
const HEAD = "| check | severity | finds | details |\n|---|---|---|---|\n";

interface Documented {
  name: string;
  severity: string;
  drops?: true;
  needs?: string;
  describe: string;
  about?: string;
}

function line({ name, severity, drops, needs, describe, about }: Documented): string {
  const need = needs && (needs === "tokenizer" ? "needs a tokenizer" : "needs a split that is evaluated on");
  const details = [about, need].filter((part) => part).join("; ");
  const cells = [`\`${name}\`${drops ? "*" : ""}`, severity, describe, details];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}

/** The whole text of docs/doctor.md with the table as the records have it. */
export function doctorDocs(text = readFileSync(TARGET, "utf8")): string {
  const start = text.indexOf(HEAD);
  if (start < 0) throw new Error("internal: docs/doctor.md: the table of checks is gone");
  const rows = text.slice(start + HEAD.length);
  const checks: readonly Documented[] = [UNREADABLE, NO_PAIR, ...DOCTOR_CHECKS, ...SPLIT_CHECKS];
  return text.slice(0, start) + HEAD + checks.map(line).join("") + rows.replace(/^(?:\|.*\n)*/, "");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(TARGET, doctorDocs());
