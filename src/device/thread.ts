/** @file The program of Node's threads that compute, with the kernels they run. Started by openDevice.ts. */
import { runThread } from "../engine/node/thread.ts";
import { kernels } from "./kernels.ts";

runThread(kernels, new URL(import.meta.url));
