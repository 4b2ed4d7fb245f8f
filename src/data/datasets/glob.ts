/** @file Patterns of file names, as in cards: `*` and `?` within a folder, `**` across folders, `[...]`. */

/** True if the text is a pattern rather than a file name. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/** The longest leading folder of a pattern without wildcards, without a trailing slash. */
export function fixedFolder(pattern: string): string {
  const parts = pattern.split("/");
  const first = parts.findIndex(isPattern);
  return parts.slice(0, first < 0 ? parts.length - 1 : first).join("/");
}

/** The paths (with forward slashes) that match a pattern, sorted. Hidden ones only if the pattern names them. */
export function matchPaths(pattern: string, paths: readonly string[]): string[] {
  const relative = pattern.replace(/^(\.\/)+/, "");
  if (!isPattern(relative)) return paths.filter((path) => path === relative);
  const expression = patternToRegExp(relative);
  return paths.filter((path) => expression.test(path) && hiddenParts(path) === hiddenParts(relative)).sort();
}

/** Names that begin with a dot, and folders that begin with two underscores. */
function hiddenParts(path: string): number {
  const parts = path.split("/");
  const folders = parts.slice(0, -1).filter((part) => part.startsWith("__"));
  return folders.length + parts.filter((part) => part.startsWith(".")).length;
}

function patternToRegExp(pattern: string): RegExp {
  const token = /\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|[\s\S]/g;
  const source = pattern.replace(token, (text) => {
    if (text === "**/") return "(?:.*/)?";
    if (text === "**") return ".*";
    if (text === "*") return "[^/]*";
    if (text === "?") return "[^/]";
    if (text.length > 1) return text.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return text.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  });
  return new RegExp(`^${source}$`, "u");
}
