/** @file Terminal capabilities, from its stream and the environment: color, characters beyond ASCII. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Color on a terminal or with FORCE_COLOR, unless NO_COLOR (no-color.org) or TERM=dumb is set. */
export function usesColor(isTTY: boolean, env: Environment): boolean {
  if (env.NO_COLOR || env.TERM === "dumb") return false;
  return isTTY || Boolean(env.FORCE_COLOR && env.FORCE_COLOR !== "0");
}

/** True if the locale is UTF-8, and on Windows. */
export function showsUtf8(env: Environment): boolean {
  return process.platform === "win32" || /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
