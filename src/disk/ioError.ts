/** @file Explains file errors of the operating system: the only table of its error codes. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { PrefineError } from "../errors.ts";

const ELSEWHERE = "Choose another output_dir.";

/** The reason, and what to do if writing failed. */
const REASONS: Record<string, [reason: string, hint: string]> = {
  ENOSPC: ["the disk is full", "Free some space, or write elsewhere (output_dir)."],
  EDQUOT: ["the disk quota is used up", "Free some space, or write elsewhere (output_dir)."],
  EFBIG: ["the file would be larger than the limit of this process or file system (ulimit -f)", ELSEWHERE],
  EIO: ["the disk failed", ELSEWHERE],
  EMFILE: ["this process has too many open files", "Raise the limit (ulimit -n)."],
  ENFILE: ["the system has too many open files", "Close other programs."],
  ESTALE: ["the network folder is gone", ELSEWHERE],
  EBUSY: ["another program uses it", "Close that program."],
  ELOOP: ["its symbolic links lead in a circle", ELSEWHERE],
  EROFS: ["the file system is read-only", ELSEWHERE],
  EACCES: ["no permission", "Check the owner of the folder, or choose another output_dir."],
  EPERM: ["no permission", "Check the owner of the folder, or choose another output_dir."],
  ENOTDIR: ["a part of the path is a file, not a folder", ELSEWHERE],
  EEXIST: ["a file of that name is in the way", ELSEWHERE],
  ENOENT: ["nothing can be made there", ELSEWHERE],
  EISDIR: ["it is a folder, not a file", ELSEWHERE],
  ENAMETOOLONG: ["the path is too long", ELSEWHERE],
};

/** What to do if reading failed. */
const READING: Record<string, string> = {
  EACCES: "Check who may read it.",
  EPERM: "Check who may read it.",
};

/** An error of the operating system as a PrefineError; other errors pass unchanged. */
export function ioError(cause: unknown, path: string, action: "write" | "read" | "delete" = "write"): unknown {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (cause instanceof PrefineError || typeof code !== "string" || !code.startsWith("E")) return cause;
  const [reason, hint] = REASONS[code] ?? [(cause as Error).message, undefined];
  const file = code === "ENOTDIR" && fileIn(path);
  const found = file ? `${file === path ? "it" : file} is a file, not a folder` : reason;
  const advice = action === "read" ? READING[code] : hint;
  return new PrefineError("io", `${path}: cannot ${action}: ${found} (${code})`, advice, { cause });
}

/** The part of a path that is a file, in the words of that path; undefined if there is none by now. */
function fileIn(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statSync(at).isDirectory() ? undefined : at;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}
