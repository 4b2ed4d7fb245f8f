/** @file The names of GGUF files: their ending, and the parts of one model (llama-gguf-split). */

export const isGgufPath = (path: string): boolean => path.toLowerCase().endsWith(".gguf");

const PART = /^(.*-)(\d{5})-of-(\d{5})(\.gguf)$/i;
/** llama.cpp's own bound is lower; names come from files and folders of others. */
const MOST_PARTS = 1000;

/** The files of a model in parts, of which `path` is one (NAME-00001-of-00003.gguf); else `path` alone. */
export function ggufParts(path: string): string[] {
  const [, start, number, of, end] = PART.exec(path) ?? [];
  const count = Number(of);
  if (start === undefined || count < 1 || count > MOST_PARTS || Number(number) > count) return [path];
  return Array.from({ length: count }, (_, i) => `${start}${String(i + 1).padStart(5, "0")}-of-${of}${end}`);
}

/** The GGUF files among these names that are models: of one in parts the first, and no vision part beside others. */
export function ggufModels(names: readonly string[]): string[] {
  const files = [...new Set(names.filter(isGgufPath).map((name) => ggufParts(name)[0]))].sort();
  const models = files.filter((name) => !/mmproj/i.test(name));
  return models.length > 0 ? models : files;
}
