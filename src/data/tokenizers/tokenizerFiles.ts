/** @file Serializes a tokenizer to tokenizer.json and tokenizer_config.json, as transformers does. */
import type { AddedToken, TokenizerJson } from "./tokenizerJson.ts";

/** UTF-8 bytes of a text. */
export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * tokenizer.json with these added tokens.
 * @param origin the original file's bytes, or the structure built without such a file.
 */
export function tokenizerJsonFile(origin: Uint8Array | TokenizerJson, added: AddedToken[]): Uint8Array {
  const addedTokens = added.map(({ wasNormalized: _, ...token }) => token);
  if (!(origin instanceof Uint8Array)) return textBytes(JSON.stringify({ ...origin, added_tokens: addedTokens }));
  const json = JSON.parse(new TextDecoder().decode(origin));
  const listed = JSON.stringify(json.added_tokens ?? []);
  const isSame = listed === JSON.stringify(addedTokens.map(({ id, content, ...flags }) => ({ id, content, ...flags })));
  return isSame ? origin : textBytes(JSON.stringify({ ...json, added_tokens: addedTokens }));
}

/**
 * tokenizer_config.json: the original content with the current special tokens; chat templates have their own files.
 * @param read the original tokenizer_config.json, or {}.
 */
export function tokenizerConfigFile(
  read: Record<string, unknown>,
  settings: { special: ReadonlyMap<string, string>; model_max_length: number; tokenizerClass: string | undefined },
): Uint8Array {
  const { add_bos_token, add_eos_token, added_tokens_decoder, additional_special_tokens, chat_template, ...rest } =
    read;
  for (const name of ["name_or_path", "is_local", "local_files_only", "special_tokens_map_file", "tokenizer_file"]) {
    delete rest[name]; // a path on another disk
  }
  for (const name of ["bos_token", "eos_token", "unk_token", "pad_token"]) delete rest[name]; // written below
  const further = rest.extra_special_tokens ?? additional_special_tokens;
  const config = {
    ...rest,
    // a run's folder has no model_type: read there, the name in the original could mean another class
    ...(settings.tokenizerClass === undefined ? {} : { tokenizer_class: settings.tokenizerClass }),
    ...(further === undefined ? {} : { extra_special_tokens: further }),
    bos_token: null,
    eos_token: null,
    unk_token: null,
    pad_token: null,
    ...Object.fromEntries(settings.special),
    model_max_length: settings.model_max_length,
  };
  const text = JSON.stringify(config, null, 2);
  // transformers' "no limit" is int(1e30); written as 1e+30, Python would read a float
  return textBytes(`${text.replace(/: 1e\+30(?=[,\n])/g, ": 1000000000000000019884624838656")}\n`);
}
