/** @file GPT-2's alphabet: the printable character for each byte in a byte-level vocabulary. */

export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(printable ? byte : next++);
  });
})();
const BYTE_OF = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();

/** Bytes -> their characters in the alphabet. */
export function spellBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join("");
}

/** A text's UTF-8 bytes -> their characters in the alphabet. */
export function spellText(text: string): string {
  return spellBytes(encoder.encode(text));
}

/** A token's bytes; as in Hugging Face, a token with a character outside the alphabet is plain text. */
export function bytesOfToken(token: string): ArrayLike<number> & Iterable<number> {
  const spelled = Array.from(token, (character) => BYTE_OF.get(character));
  return spelled.every((byte) => byte !== undefined) ? spelled : encoder.encode(token);
}
