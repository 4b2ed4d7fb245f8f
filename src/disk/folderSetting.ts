/** @file Folders that environment variables name. */
import { homedir } from "node:os";

type Environment = Record<string, string | undefined>;

/** The folder that a variable names; undefined if it is unset or blank. */
export function folderSetting(value: string | undefined, env: Environment = process.env): string | undefined {
  return value?.trim() ? expand(value.trim(), env) : undefined;
}

/** The user's home folder. */
export function home(env: Environment = process.env): string {
  return env.HOME || homedir();
}

/** `~` and `$NAME` or `${NAME}`, as os.path.expanduser and expandvars do: in quotes a shell leaves them. */
function expand(path: string, env: Environment): string {
  return path
    .replace(/^~(?=$|[\\/])/, () => home(env))
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => env[braced ?? bare] ?? whole);
}
