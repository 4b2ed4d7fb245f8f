/**
 * @file Compares tokenizers and templates of the model families with Python's answers for random texts and rows:
 *
 *     python scripts/make_family_tokenizers_fixture.py SEED COUNT FILE
 *     npx tsx scripts/compareFamilyTokenizers.ts FILE
 *
 * Prints counts and the first differences. Exit code 1 if there are any.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareFamilyTokenizer, type FamilyTokenizer } from "../test/support/familyTokenizers.ts";

const SHOWN = 3;

const { cases } = JSON.parse(readFileSync(process.argv[2], "utf8")) as { cases: Record<string, FamilyTokenizer> };
const folder = mkdtempSync(join(tmpdir(), "prefine-family-tokenizers-"));
for (const [name, expected] of Object.entries(cases)) {
  const { compared, differences } = await compareFamilyTokenizer(join(folder, name), expected);
  console.log(`${name}: ${compared} compared, ${differences.length} differ`);
  for (const difference of differences.slice(0, SHOWN)) console.log(`  ${difference}`);
  if (differences.length > 0) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
