/** @file Options and huggingface_hub's environment variables -> the settings of a hub. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  abortSignal,
  anyFunction,
  bool,
  either,
  numberAbove0,
  numberFrom0,
  type OptionChecks,
  oneOf,
  text,
} from "../../arguments.ts";
import { folderSetting, home } from "../../disk/folderSetting.ts";
import { PrefineError } from "../../errors.ts";

/** Options for the hub; the defaults come from the environment. */
export interface HubOptions {
  /**
   * Access token for the hub; false sends none.
   *
   * Default: HF_TOKEN, then the token file of `hf auth login`. Same as transformers.
   */
  token?: string | false | undefined;
  /**
   * Address of the hub.
   *
   * Default: HF_ENDPOINT, then `https://huggingface.co`. huggingface_hub's `endpoint`.
   */
  endpoint?: string | undefined;
  /**
   * Folder of the cache, which Python shares.
   *
   * Default: HF_HUB_CACHE, then $HF_HOME/hub, then ~/.cache/huggingface/hub. transformers' `cache_dir`.
   */
  cacheDir?: string | undefined;
  /**
   * Use the cache only.
   *
   * Default: HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE). transformers' `local_files_only`.
   */
  offline?: boolean | undefined;
  /**
   * Milliseconds without a byte before a request is retried.
   *
   * Default: HF_HUB_DOWNLOAD_TIMEOUT (seconds), or 30 s. Prefine's own.
   */
  timeoutMs?: number | undefined;
  /**
   * Milliseconds before the first retry; doubles each time.
   *
   * Default: `1000`. Prefine's own.
   */
  retryDelayMs?: number | undefined;
  /**
   * Stops running requests; the call then rejects with code `interrupted`.
   *
   * Default: never stopped. Prefine's own.
   */
  signal?: AbortSignal | undefined;
  /**
   * Receives one line if the call ran differently than requested: the cache was used because there is no network.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onWarning?: ((line: string) => void) | undefined;
}

/** Checks of HubOptions. */
export const HUB_CHECKS: OptionChecks<HubOptions> = {
  token: { ...either(text, oneOf(false)), secret: true },
  endpoint: text,
  cacheDir: text,
  offline: bool,
  timeoutMs: numberAbove0,
  retryDelayMs: numberFrom0,
  signal: abortSignal,
  onWarning: anyFunction,
};

export interface HubSettings {
  /** Without a trailing slash. */
  endpoint: string;
  token: string | undefined;
  cacheDir: string;
  offline: boolean;
  timeoutMs: number;
  retryDelayMs: number;
  /** False if HF_HUB_DISABLE_SYMLINKS requests files instead of links in snapshots. */
  symlinks: boolean;
  signal: AbortSignal | undefined;
  onWarning: (line: string) => void;
}

type Environment = Record<string, string | undefined>;

const DEFAULT_ENDPOINT = "https://huggingface.co";
const DEFAULT_TIMEOUT_MS = 30_000;

/** The settings of one call. @param env the environment, replaceable for tests. */
export function hubSettings(options: HubOptions, env: Environment = process.env): HubSettings {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    endpoint: parseEndpoint(options.endpoint ?? (env.HF_ENDPOINT || DEFAULT_ENDPOINT)),
    token: findToken(options.token, env),
    cacheDir: options.cacheDir ? resolve(options.cacheDir) : hubCacheDir(env),
    offline: options.offline ?? isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    timeoutMs: options.timeoutMs ?? (seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS),
    retryDelayMs: options.retryDelayMs ?? 1000,
    symlinks: !isTrue(env.HF_HUB_DISABLE_SYMLINKS),
    signal: options.signal,
    onWarning: options.onWarning ?? (() => {}),
  };
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    // The value is not shown: it may contain a password.
    throw new PrefineError(
      "hub",
      "HF_ENDPOINT: expected a URL without user or password",
      "A hub's address looks like https://huggingface.co.",
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** $HF_HOME with Python's default. */
function hfHome(env: Environment): string {
  const folder = folderSetting(env.HF_HOME, env);
  return folder ? resolve(folder) : join(env.XDG_CACHE_HOME || join(home(env), ".cache"), "huggingface");
}

function hubCacheDir(env: Environment): string {
  const folder = folderSetting(env.HF_HUB_CACHE, env) ?? folderSetting(env.HUGGINGFACE_HUB_CACHE, env);
  return folder ? resolve(folder) : join(hfHome(env), "hub");
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}

function findToken(given: string | false | undefined, env: Environment): string | undefined {
  if (given === false) return undefined;
  const implicit = () => env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || tokenFromFile(env);
  const token = (given ?? (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : implicit()))?.trim();
  if (token && !/^[\x21-\x7e]+$/.test(token)) {
    const message = "the access token (HF_TOKEN or token) contains spaces or other invalid characters";
    throw new PrefineError("hub", message, "Copy it again from the hub's settings page.");
  }
  return token || undefined;
}

function tokenFromFile(env: Environment): string | undefined {
  const path = resolve(folderSetting(env.HF_TOKEN_PATH, env) ?? join(hfHome(env), "token"));
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // no login, or a file that this user cannot read: the same as no token
  }
}
