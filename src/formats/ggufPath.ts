/** @file The names of GGUF files. */

export const isGgufPath = (path: string): boolean => path.toLowerCase().endsWith(".gguf");
