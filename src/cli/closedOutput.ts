/** @file The exit code of a command whose output is closed while it prints, as by `| head`. */

/** Set before a command prints a result that its exit code repeats. */
export const closedOutput = { code: 0 };
