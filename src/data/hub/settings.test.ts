/** @file Environment variables and files that locate the hub and the cache; valid hub ids. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { looksLikeRepoId } from "./repoId.ts";
import { hubSettings } from "./settings.ts";

describe("hubSettings", () => {
  it("finds the cache where Python's huggingface_hub looks", () => {
    const cache = (env: Record<string, string>) => hubSettings({}, { HOME: "/home/me", ...env }).cacheDir;
    expect(cache({})).toBe("/home/me/.cache/huggingface/hub");
    expect(cache({ XDG_CACHE_HOME: "/xdg" })).toBe("/xdg/huggingface/hub");
    expect(cache({ HF_HOME: "~/hf", XDG_CACHE_HOME: "/xdg" })).toBe("/home/me/hf/hub");
    expect(cache({ HF_HOME: "$DISK/hf", DISK: "/disk" })).toBe("/disk/hf/hub");
    expect(cache({ HF_HUB_CACHE: "/cache", HUGGINGFACE_HUB_CACHE: "/old", HF_HOME: "/hf" })).toBe("/cache");
    expect(cache({ HUGGINGFACE_HUB_CACHE: "/old" })).toBe("/old");
    expect(hubSettings({ cacheDir: "/given" }, { HF_HUB_CACHE: "/cache" }).cacheDir).toBe("/given");
  });

  it("takes the token from the call, the environment or the login file", () => {
    const folder = mkdtempSync(join(tmpdir(), "prefine-token-"));
    writeFileSync(join(folder, "token"), "hf_file\n");
    try {
      const token = (env: Record<string, string>, given?: string | false) =>
        hubSettings({ token: given }, { HF_HOME: folder, ...env }).token;
      expect(token({})).toBe("hf_file");
      expect(token({ HF_TOKEN: "hf_env\n", HUGGING_FACE_HUB_TOKEN: "hf_old" })).toBe("hf_env");
      expect(token({ HUGGING_FACE_HUB_TOKEN: "hf_old" })).toBe("hf_old");
      expect(token({ HF_TOKEN: "hf_env" }, "hf_given")).toBe("hf_given");
      expect(token({ HF_TOKEN: "hf_env" }, false)).toBeUndefined();
      expect(token({ HF_TOKEN: "hf_env", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).toBeUndefined();
      expect(token({ HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }, "hf_given")).toBe("hf_given");
      expect(token({ HF_TOKEN_PATH: join(folder, "absent") })).toBeUndefined();
      expect(() => token({ HF_TOKEN: "hf_two words" })).toThrow(/^(?!.*hf_two).*access token/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reads offline, endpoint and timeout", () => {
    const of = (env: Record<string, string>) => hubSettings({ token: false }, env);
    expect(of({}).endpoint).toBe("https://huggingface.co");
    expect(of({ HF_ENDPOINT: "http://localhost:8080/" }).endpoint).toBe("http://localhost:8080");
    expect(() => of({ HF_ENDPOINT: "http://me:secret@host" })).toThrow(/^(?!.*secret).*HF_ENDPOINT/);
    expect(() => of({ HF_ENDPOINT: "localhost" })).toThrow("HF_ENDPOINT");
    expect(["1", "ON", "true", "yes"].every((on) => of({ HF_HUB_OFFLINE: on }).offline)).toBe(true);
    expect(["", "0", "no", "false"].some((off) => of({ HF_HUB_OFFLINE: off }).offline)).toBe(false);
    expect(of({ TRANSFORMERS_OFFLINE: "1" }).offline).toBe(true);
    expect(of({ HF_HUB_DOWNLOAD_TIMEOUT: "7" }).timeoutMs).toBe(7000);
    expect(of({}).timeoutMs).toBe(30_000);
  });
});

describe("looksLikeRepoId", () => {
  it("follows the hub's rules", () => {
    const good = ["gpt2", "BarraHome/ultrafeedback_binarized", "HuggingFaceTB/SmolLM2-135M", "a/b.c", "123"];
    const bad = [
      "",
      ".",
      "./x",
      "../x",
      "/x",
      "a/b/c",
      "a//b",
      "a--b",
      "a..b",
      "-a",
      "a-",
      "x.git",
      "~/x",
      "a b",
      "C:\\x",
    ];
    expect(good.filter(looksLikeRepoId)).toEqual(good);
    expect(bad.filter(looksLikeRepoId)).toEqual([]);
  });
});
