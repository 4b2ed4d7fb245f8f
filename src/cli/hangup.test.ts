/** @file The traces of nohup, one by one; test/invariants/signals.test.ts has real processes. */
import { expect, test } from "vitest";
import { ignoresHangup, type Traces } from "./hangup.ts";

const STATUS = (ignored: string) =>
  `Name:\tsh\nSigBlk:\t0000000000000000\nSigIgn:\t${ignored}\nSigCgt:\t0000000000000001\n`;

/** No trace of nohup: a process on a terminal. */
const plain: Traces = {
  env: { _: "/usr/bin/npx" },
  link: (path) => (path.startsWith("/proc/self/fd/") ? "/dev/pts/3" : undefined),
  read: (path) => (path === "/proc/7/status" ? STATUS("0000000000001000") : "pos:\t0\nflags:\t0100002\n"),
  ppid: 7,
};

test("a process on a terminal, or in a background without nohup, ends on SIGHUP", () => {
  expect(ignoresHangup(plain)).toBe(false);
  expect(ignoresHangup({ ...plain, link: () => "/dev/null" })).toBe(false); // setsid prefine < /dev/null
  expect(ignoresHangup({ ...plain, env: {}, link: () => undefined, read: () => undefined })).toBe(false); // no /proc
});

test.each<[string, Partial<Traces>]>([
  ["the command that the shell started", { env: { _: "/usr/bin/nohup" } }],
  ["the output", { link: (path) => (path.endsWith("/1") ? "/home/me/nohup.out" : "/dev/pts/3") }],
  ["the messages", { link: (path) => (path.endsWith("/2") ? "/home/me/nohup.out" : "/dev/pts/3") }],
  [
    "the input",
    {
      link: (path) => (path.endsWith("/0") ? "/dev/null" : "log"),
      read: (path) => (path === "/proc/self/fdinfo/0" ? "pos:\t0\nflags:\t0100001\n" : STATUS("0000000000000000")),
    },
  ],
  ["a parent that ignores SIGHUP", { read: () => STATUS("0000000000001001") }],
])("nohup shows in %s", (_, traces) => {
  expect(ignoresHangup({ ...plain, ...traces })).toBe(true);
});
