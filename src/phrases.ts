/** @file Words of messages: counts with their plural, words of commands. */

/** `step` for 1, `steps` for other numbers. @param more the plural, if it is not `one` with an s. */
export function plural(value: number, one: string, more = `${one}s`): string {
  return value === 1 ? one : more;
}

/** `1 step`, `2 steps`. */
export function counted(value: number, one: string, more?: string): string {
  return `${value} ${plural(value, one, more)}`;
}

/**
 * A word of a command, as a POSIX shell reads it: quoted unless all its characters are plain. A path that begins with a
 * dash gets `./` in front, since commands read it as a flag.
 */
export function shellWord(text: string): string {
  const word = text.startsWith("-") ? `./${text}` : text;
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
