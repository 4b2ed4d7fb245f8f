/** @file Texts of datasets to files on Node's disk; imported where datasets are loaded. */
import { writeFileAtomically } from "../../disk/wholeFiles.ts";
import { writeTextsWith } from "./rowText.ts";

writeTextsWith(async (path, texts) => {
  const encoder = new TextEncoder();
  let bytes = 0;
  async function* pieces() {
    for await (const text of texts) {
      const piece = encoder.encode(text);
      bytes += piece.length;
      yield piece;
    }
  }
  await writeFileAtomically(path, { pieces });
  return bytes;
});
