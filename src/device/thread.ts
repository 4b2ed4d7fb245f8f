/** @file The program of Node's compute threads, with the table of kernels. Started by openDevice.ts. */
import { runThread } from "../engine/node/thread.ts";
import { kernels } from "./kernels.ts";

runThread(kernels, new URL(import.meta.url));
