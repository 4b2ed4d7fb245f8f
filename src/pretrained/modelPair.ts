/** @file A run and its base model, or any other two models: what they have in common is in memory once. */
import { CausalLM } from "../generation/causalLM.ts";
import { withLimit } from "../generation/createDecoders.ts";
import type { ForkingDecoder } from "../generation/decoder.ts";
import { type LocatedModel, locateModel } from "./autoModel.ts";
import type { ModelSourceOptions } from "./modelSource.ts";
import { openDecoder, openDecoders } from "./openDecoder.ts";

interface Place {
  idOrPath: string;
  access: ModelSourceOptions;
}

/** Two models; models of the same files end together. */
export interface ModelPair {
  models: readonly [CausalLM, CausalLM];
  /** Whether both read the same files: else they are better opened one after the other. */
  isShared: boolean;
}

/** Finds both models; weights are read at the first generation. */
export async function loadPair(first: Place, second: Place): Promise<ModelPair> {
  const places = [first, second];
  const located: LocatedModel[] = [];
  for (const { idOrPath, access } of places) located.push(await locateModel(idOrPath, access));
  const isShared = located[0].loaded.configFile === located[1].loaded.configFile;
  const isExact = first.access.exact ?? false;
  let opened: Promise<ForkingDecoder[]> | undefined;
  const open = async (index: number) => {
    const { loaded, adapter } = located[index];
    if (!isShared) return openDecoder(loaded, { adapter, isExact });
    opened ??= openDecoders(located, { isExact });
    opened.catch(() => {
      opened = undefined; // the next call tries again
    });
    return withLimit((await opened)[index], loaded.architecture);
  };
  const [one, other] = located.map(
    ({ loaded, adapter, loadTokenizer }, index) =>
      new CausalLM({
        nameOrPath: places[index].idOrPath,
        ...{ loaded, adapter, loadTokenizer },
        openDecoder: () => open(index),
      }),
  );
  return { models: [one, other], isShared };
}
