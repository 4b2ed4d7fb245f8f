/** @file The hub's public face: everything that other folders use. */
export { looksLikeRepoId, type RepoKind } from "./repoId.ts";
export {
  type HubProgress,
  listRepo,
  type RepoOptions,
  type ResolvedRepo,
  type ResolveRepoOptions,
  resolveRepo,
} from "./resolveRepo.ts";
export type { HubOptions } from "./settings.ts";
