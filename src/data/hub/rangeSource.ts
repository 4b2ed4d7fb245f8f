/** @file A file of the hub as byte ranges, read by HTTP range requests: only what is asked for is downloaded. */
import { PrefineError } from "../../errors.ts";
import type { ByteSource } from "../../formats/byteSource.ts";
import type { RemoteFile } from "./listing.ts";
import { describeSubject, type Subject, TryAgain } from "./refusals.ts";
import { send, withRetries } from "./requests.ts";
import type { HubSettings } from "./settings.ts";

/** A connection that breaks goes on at the byte where it broke. */
export function rangeSource(hub: HubSettings, url: string, { subject, file }: RangeRequest): ByteSource {
  return {
    byteLength: file.size,
    slice: async (start, end = file.size) => {
      const bytes = new Uint8Array(Math.max(0, end - start));
      let received = 0;
      const fetchRest = async () => {
        const range = `bytes=${start + received}-${end - 1}`;
        await send(hub, url, { subject, range }, async (response, alive) => {
          if (response.status !== 206) {
            await response.body?.cancel();
            throw noRanges(hub, subject);
          }
          for await (const chunk of response.body ?? []) {
            alive();
            const some = chunk.subarray(0, bytes.length - received);
            bytes.set(some, received);
            received += some.length;
          }
        });
        if (received < bytes.length) throw new TryAgain("the connection was cut");
      };
      if (bytes.length > 0) await withRetries(hub, subject, fetchRest, () => received);
      return bytes.buffer;
    },
  };
}

interface RangeRequest {
  subject: Subject;
  file: RemoteFile;
}

function noRanges(hub: HubSettings, subject: Subject): PrefineError {
  const message = `${describeSubject(subject)}: expected a part of the file, ${hub.endpoint} sends all of it`;
  return new PrefineError("hub", message, "Load the dataset without streaming: it is then downloaded once.");
}
