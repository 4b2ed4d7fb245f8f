/** @file Readable memory sizes. */

/** 1,500,000,000 -> `1.5 GB`. */
export function formatBytes(bytes: number): string {
  const gigabytes = bytes / 1e9;
  return gigabytes >= 100 ? `${Math.round(gigabytes)} GB` : `${gigabytes.toFixed(1)} GB`;
}
