/** @file Global setup of the tests: all their temporary folders are in one, which is deleted when they end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The processes of the tests inherit the environment; os.tmpdir() reads TMPDIR, on Windows TEMP. */
export default function scratch(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "prefine-tests-"));
  const places = { TMPDIR: folder, TEMP: folder, PREFINE_CACHE: join(folder, "cache"), PREFINE_TESTS: folder };
  Object.assign(process.env, places);
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
