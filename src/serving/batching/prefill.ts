/** @file Reads prompts, in parts, so that running answers don't wait for a long one. */
import type { CachedRow, ForkingDecoder } from "../../generation/decoder.ts";
import { promptInput } from "../../generation/sequence.ts";
import type { ServedRow } from "./servedRow.ts";

export interface PrefillOptions {
  /** Rows by prompt: those of one prompt share its computation. */
  groups: readonly (readonly ServedRow[])[];
  /** The cached beginning of the only prompt. */
  start?: CachedRow | undefined;
}

/** Prompts that are being read: several short ones at once, or a single one. */
export class Prefill {
  readonly groups: PrefillOptions["groups"];
  readonly cache: ForkingDecoder;
  private readonly start: CachedRow | undefined;
  private done = 0;

  constructor(decoder: ForkingDecoder, { groups, start }: PrefillOptions) {
    this.cache = decoder.fork();
    this.groups = groups;
    this.start = start;
    for (const served of groups.flat()) served.onStart(start?.length ?? 0);
  }

  get rows(): readonly ServedRow[] {
    return this.groups.flat();
  }

  /**
   * Reads the next part.
   * @param most tokens of a single prompt; several are read at once.
   * @returns logits [prompts * V] after the last tokens; undefined: more to read.
   */
  async step(most: number): Promise<Float32Array | undefined> {
    const prompts = this.groups.map(([{ row }]) => row.ids);
    if (prompts.length > 1) {
      const input = promptInput(prompts);
      return this.cache.step(input.tokens, input.positions, input);
    }
    if (this.done === 0 && this.start) {
      await this.cache.compose([this.start]);
      this.done = this.start.length;
    }
    const [ids] = prompts;
    const part = ids.slice(this.done, this.done + most);
    const positions = Int32Array.from(part, (_, i) => this.done + i);
    const logits = await this.cache.step(Int32Array.from(part), positions, { batch: 1, length: part.length });
    this.done += part.length;
    return this.done === ids.length ? logits : undefined;
  }
}
