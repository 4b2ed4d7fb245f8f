/** @file The program of threads with all kernels and a few odd ones, which report their thread, throw, or exit. */
import { kernels } from "../../src/device/kernels.ts";
import { runThread } from "../../src/engine/node/thread.ts";
import { die, double } from "./oddKernels.ts";

runThread(new Map([...kernels, [double.name, double], [die.name, die]]), new URL(import.meta.url));
