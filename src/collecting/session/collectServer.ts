/** @file The server of `prefine collect`: a record, what to judge, models that answer, and the page over them. */
import type { ShapeOptions } from "../../data/shapes/shape.ts";
import { PrefineError } from "../../errors.ts";
import { shellWord } from "../../phrases.ts";
import { type HttpServer, openHttpServer } from "../../serving/http/httpServer.ts";
import { type LoadedModels, loadModels } from "../../serving/loadModels.ts";
import { PreferenceRecord } from "../record.ts";
import type { PreferenceStatistics } from "../statistics.ts";
import { countWins, type WinRate } from "../winCounts.ts";
import { type AnswerSource, type Sampling, servedSource, urlSource } from "./answerSource.ts";
import { readPageFiles } from "./pageFiles.ts";
import { type PageFacts, pageRoutes } from "./routes.ts";
import { CollectingSession, type Work } from "./session.ts";
import { type PromptForm, readJudged, readPrompts } from "./work.ts";

export interface CollectOptions {
  /** The file of pairs. */
  file: string;
  annotator: string | null;
  /** One model, which answers twice, or two: hub ids, folders, runs, MODEL@URL. None: all pairs have answers. */
  models: readonly string[];
  /** A file or a dataset of prompts; undefined: prompts are typed. */
  prompts: string | undefined;
  /** A dataset of pairs to judge again. */
  pairs: string | undefined;
  split: string | undefined;
  /** How its rows are read. */
  shape: ShapeOptions;
  limit: number | undefined;
  system: string | undefined;
  sampling: Sampling;
  repeats: number;
  port: number;
  token: string | undefined;
  /** For models behind URLs. */
  apiKey: string | undefined;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

export interface CollectServer {
  url: string;
  port: number;
  /** Ends answers, saves verdicts that wait, and frees the models. */
  close(): Promise<{ statistics: PreferenceStatistics; winRate: WinRate | undefined }>;
}

/** @throws PrefineError for models, prompts, pairs, a record or a port that can't be used */
export async function openCollectServer(options: CollectOptions): Promise<CollectServer> {
  checkTogether(options);
  const record = await PreferenceRecord.open(options.file);
  const files = await readPageFiles();
  for (const note of record.notes) options.onLine(note);
  const { sources, isChat, loaded } = await openSources(options);
  try {
    const work = await readWork(options, { isChat, system: options.system });
    const { annotator, repeats } = options;
    const session = new CollectingSession({ record, annotator, work, sources, repeats });
    const facts = factsOf(options, { isChat, work, canAsk: sources !== undefined });
    const server = await listen(options, session, facts, files);
    return {
      url: `http://127.0.0.1:${server.port}`,
      port: server.port,
      close: async () => {
        await server.close(0);
        await session.close();
        await loaded?.dispose();
        return { statistics: session.statistics(), winRate: winRateIn(record, sources) };
      },
    };
  } catch (error) {
    await loaded?.dispose();
    throw error;
  }
}

function listen(
  { port, onLine }: CollectOptions,
  session: CollectingSession,
  facts: PageFacts,
  files: Awaited<ReturnType<typeof readPageFiles>>,
): Promise<HttpServer> {
  const onFailure = (error: unknown) => onLine(`a request failed: ${error instanceof Error ? error.message : error}`);
  const routes = pageRoutes(session, facts, files);
  return openHttpServer({ host: "127.0.0.1", port, origins: [], routes, onFailure });
}

/** @throws PrefineError("config") */
function checkTogether({ models, prompts, pairs, system }: CollectOptions): void {
  const fault = (expected: string, found: string, hint?: string) =>
    new PrefineError("config", `collect: expected ${expected}, found ${found}`, hint);
  if (models.length > 2) throw fault("one model or two", `${models.length}`);
  if (pairs !== undefined && prompts !== undefined) throw fault("--prompts or --pairs", "both");
  if (pairs !== undefined && models.length > 0) throw fault("--model or --pairs", "both", "Pairs have their answers.");
  if (pairs === undefined && models.length === 0)
    throw fault("--model", "none", "Name a model that answers, or --pairs FILE with answers to judge.");
  if (pairs !== undefined && system !== undefined) throw fault("no --system with --pairs", "both");
}

async function readWork(options: CollectOptions, form: PromptForm): Promise<Work[]> {
  const { prompts, pairs } = options;
  if (pairs !== undefined) return readJudged(pairs, options);
  return prompts === undefined ? [] : readPrompts(prompts, form, options);
}

function factsOf(
  { file, models, prompts }: CollectOptions,
  { isChat, work, canAsk }: { isChat: boolean; work: readonly Work[]; canAsk: boolean },
): PageFacts {
  const isUrl = models[0] === undefined || URL_MODEL.test(models[0]);
  const model = isUrl ? "MODEL" : shellWord(models[0]);
  const flags = `--use_peft --dataset_name ${shellWord(file)} --output_dir dpo`;
  const trainCommand = `prefine train --model_name_or_path ${model} ${flags}`;
  const total = prompts === undefined && canAsk ? null : work.length;
  return { title: file, canAsk, isChat, total, trainCommand };
}

/** How often the first of two models won over the second; undefined: there are no two, or no verdicts. */
function winRateIn({ preferences }: PreferenceRecord, sources: Sources["sources"]): WinRate | undefined {
  const [one, other] = (sources ?? []).map(({ name }) => name);
  if (one === other) return undefined;
  const rate = countWins(preferences.pairGroups(), one, other);
  return rate.rate.n > 0 ? rate : undefined;
}

/** `NAME@http://127.0.0.1:8000/v1`. */
const URL_MODEL = /^(.+)@(https?:\/\/.+?)\/*$/;

interface Sources {
  sources: [AnswerSource, AnswerSource] | undefined;
  isChat: boolean;
  loaded: LoadedModels | undefined;
}

async function openSources({
  models: places,
  sampling,
  apiKey,
  token,
  signal,
  onLine,
}: CollectOptions): Promise<Sources> {
  if (places.length === 0) return { sources: undefined, isChat: false, loaded: undefined };
  const local = [...new Set(places.filter((place) => !URL_MODEL.test(place)))];
  const given = local.map((model) => ({ model, name: model }));
  const loaded = local.length > 0 ? await loadModels(given, { token, signal, onWarning: onLine }) : undefined;
  const models = loaded?.models ?? new Map();
  const sourceAt = (place: string) => {
    const [, model, url] = URL_MODEL.exec(place) ?? [];
    return url ? urlSource({ url, model, apiKey }, sampling) : servedSource(models, place, sampling);
  };
  const isChat = local.every((name) => models.get(name)?.tokenizer.chat_template !== null);
  const [one, other = one] = places.map(sourceAt);
  return { sources: [one, other], isChat, loaded };
}
