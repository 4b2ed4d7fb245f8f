/** @file A reference that follows the policy now and then: TR-DPO (arXiv 2404.09656), TRL's SyncRefModelCallback. */
import { type Run, splitsOf } from "../run.ts";

/**
 * Every ref_model_sync_steps steps, after the step and before what is logged and evaluated of it:
 * reference = (1 - ref_model_mixup_alpha) reference + ref_model_mixup_alpha policy.
 * What was known of the old reference is forgotten. Cost: a pass over the trained weights.
 */
export async function syncReference(run: Run): Promise<void> {
  const { args, state, learner } = run;
  if (!args.sync_ref_model || state.global_step % args.ref_model_sync_steps !== 0) return;
  await learner.mixReference(args.ref_model_mixup_alpha);
  for (const [, { reference }] of splitsOf(run)) reference.forget();
}
