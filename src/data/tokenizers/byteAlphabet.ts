/** @file GPT-2's alphabet: the printable character that stands for each byte in a byte-level vocabulary. */

export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(printable ? byte : next++);
  });
})();
const BYTE_OF = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();

/** UTF-8 bytes, spelled. */
export function spellBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join("");
}

/** The bytes of a text's UTF-8, spelled. */
export function spellText(text: string): string {
  return spellBytes(encoder.encode(text));
}

/** What a token spells; as Hugging Face's decoder, one with any character outside the alphabet is plain text. */
export function bytesOfToken(token: string): ArrayLike<number> & Iterable<number> {
  const spelled = Array.from(token, (character) => BYTE_OF.get(character));
  return spelled.every((byte) => byte !== undefined) ? spelled : encoder.encode(token);
}
