/**
 * @file Errors in a job of several ranks: one that a rank meets alone (a row that only it reads, a full disk, a
 * callback) ends the work of all at their next exchange, so that they save what they have, and one message reports it.
 */
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import { Stopped } from "./run.ts";

/** Errors that all ranks have. */
const joint = new WeakSet<object>();

/** Marks an error that all ranks end with. */
export function asJoint<E>(error: E): E {
  if (typeof error === "object" && error !== null) joint.add(error);
  return error;
}

/** The error that all ranks end with: that of the first one that met one. All of them call it. */
export async function jointError(ranks: DeviceRanks | undefined, error: unknown): Promise<unknown> {
  if (!ranks || joint.has(error as object)) return error;
  const own = error instanceof Stopped ? new PrefineError("interrupted", error.message) : error;
  return asJoint(await ranks.fail(own).catch(() => own)); // the job is gone: no rank is left to hear it
}
