/** @file What a gated repository answers: what to accept, and where. */
import { expect, test } from "vitest";
import type { PrefineError } from "../../errors.ts";
import { refusal } from "./refusals.ts";
import { hubSettings } from "./settings.ts";

const repo = { id: "org/gemma", kind: "model", revision: "main" } as const;
const HUB = "http://hub.test";

test.each<[status: number, token: string | false, text: string]>([
  [
    401,
    false,
    "model org/gemma, config.json: gated (401): an account has to accept its terms, and no access token was sent: " +
      "Access to it is restricted. Accept the terms at http://hub.test/org/gemma, then set HF_TOKEN to a token of that " +
      "account with read access (or run `hf auth login`).",
  ],
  [
    403,
    "hf_mine",
    "model org/gemma, config.json: gated (403): the account of the access token has no access yet: Access to it is " +
      "restricted. Accept the terms at http://hub.test/org/gemma with that account (its authors may have to approve " +
      "the request); a fine-grained token must also allow reading gated repositories.",
  ],
])("%s", (status, token, text) => {
  const headers = { "x-error-code": "GatedRepo", "x-error-message": "Access to it is restricted." };
  const settings = { ...hubSettings({ token }), endpoint: HUB };
  const error = refusal(settings, { repo, path: "config.json" }, new Response(null, { status, headers }));
  expect(`${error.message} ${(error as PrefineError).hint}`).toBe(text);
});
