/**
 * @file Bundles the pages that prefine serves into dist/pages: the last part of every build. Libraries of pages are in
 * the bundles, so they are no dependencies of the package.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @param target the folder that gets a folder per page. */
export async function bundlePages(target: string): Promise<void> {
  for (const page of ["collect"]) {
    const from = join(root, "src", "pages", page);
    const outdir = join(target, page);
    mkdirSync(outdir, { recursive: true });
    await build({
      entryPoints: [join(from, "app.tsx"), join(from, "app.css")],
      outdir,
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      charset: "utf8",
      legalComments: "eof",
      jsx: "automatic",
      jsxImportSource: "preact",
      tsconfigRaw: {},
      logLevel: "warning",
    });
    copyFileSync(join(from, "index.html"), join(outdir, "index.html"));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundlePages(join(root, "dist", "pages"));
