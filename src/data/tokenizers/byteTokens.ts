/** @file Byte fallback: characters that a vocabulary lacks are spelled by the tokens `<0x00>` to `<0xFF>`. */

const encoder = new TextEncoder();

/** Ids of a text's bytes; undefined if one of them has no token. */
export function byteSpeller(idOf: ReadonlyMap<string, number>): (text: string) => number[] | undefined {
  const ids = Array.from({ length: 256 }, (_, byte) => {
    return idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`) ?? -1;
  });
  return (text) => {
    const spelled = Array.from(encoder.encode(text), (byte) => ids[byte]);
    return spelled.includes(-1) ? undefined : spelled;
  };
}
