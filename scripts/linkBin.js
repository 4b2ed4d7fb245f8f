/**
 * @file After `npm ci` in a checkout: node_modules/.bin/prefine -> bin/prefine.js, so that `npx prefine` runs the
 * checkout. npm links the commands of dependencies only, and npx would look the name up in the registry.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../node_modules/.bin/", import.meta.url);
mkdirSync(folder, { recursive: true });
const link = fileURLToPath(new URL("prefine", folder));
rmSync(link, { force: true });
if (process.platform === "win32") {
  writeFileSync(`${link}.cmd`, '@node "%~dp0\\..\\..\\bin\\prefine.js" %*\r\n');
} else {
  symlinkSync("../../bin/prefine.js", link);
}
