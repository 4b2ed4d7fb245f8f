/** @file Sources that run anywhere run in a browser: they bundle without Node, and write the same graphs as in Node. */
import { describe, expect, test } from "vitest";
import { bundleForBrowser, evaluateInBrowser } from "./support/bundle.ts";
import * as core from "./support/coreEntry.ts";
import { readBrowserConfig } from "./support/sourceFiles.ts";

/** Configs of real models; their graphs have shapes, but no weights. */
const CONFIGS: Record<string, Record<string, unknown>> = {
  "GPT-2": {
    model_type: "gpt2",
    n_embd: 768,
    n_layer: 12,
    n_head: 12,
    n_positions: 1024,
    vocab_size: 50257,
    attn_pdrop: 0.1,
    embd_pdrop: 0.1,
    resid_pdrop: 0.1,
    activation_function: "gelu_new",
  },
  "Llama 3.2 1B": {
    model_type: "llama",
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    max_position_embeddings: 131072,
    vocab_size: 128256,
    hidden_act: "silu",
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    rope_scaling: {
      rope_type: "llama3",
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    tie_word_embeddings: true,
  },
};

/** Sources that tsconfig.browser.json covers. */
const anywhere = readBrowserConfig().files.filter((path) => path.startsWith("src/"));

test("all sources that run anywhere bundle without Node, and load without it", async () => {
  expect(anywhere.length).toBeGreaterThan(200);
  const { code, unresolved } = await bundleForBrowser(anywhere);
  expect(unresolved).toEqual([
    "node_modules/linkedom/commonjs/canvas.cjs imports canvas", // optional: linkedom works without it
  ]);
  expect(Object.keys(await evaluateInBrowser(code))).toHaveLength(anywhere.length);
}, 120_000); // 5 s on an idle machine

test("training and generation are a download of at most 510 kB for a page, gzipped", async () => {
  const { gzipped } = await bundleForBrowser(
    anywhere.filter((path) => !/^src\/(plots|collecting|config\/import)\//.test(path)),
  );
  // 496 kB when this was written, a quarter of it for parquet and its codecs, a sixth for chat templates
  expect(gzipped).toBeLessThan(510_000);
});

describe("in a realm without Node the core, of at most 62 kB, writes byte for byte the graphs of", async () => {
  const { code, gzipped } = await bundleForBrowser(["test/support/coreEntry.ts"]);
  const { part0 } = (await evaluateInBrowser(code)) as { part0: typeof core };

  test.each(Object.keys(CONFIGS))("%s", async (name) => {
    const config = JSON.stringify(CONFIGS[name]);
    const [here, there] = [await core.writeGraphs(config), await part0.writeGraphs(config)];
    expect(here.length).toBeGreaterThanOrEqual(6); // the head's mean, scores, the step, reference, loss, the decoder
    expect(Math.max(...here.map(({ length }) => length))).toBeGreaterThan(500_000); // the step
    expect(there).toHaveLength(here.length);
    // not toEqual: it takes half a minute for these bytes
    expect(here.filter((bytes, i) => Buffer.compare(bytes, Buffer.from(there[i])) !== 0)).toEqual([]);
    expect(gzipped).toBeLessThan(62_000); // 42 kB when this was written
  });
});
