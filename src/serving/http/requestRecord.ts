/** @file What a server says of a request that has ended: a type of the API, which needs none of Node's. */

/** A request that has ended, for a log: no part of its body or its answer. */
export interface RequestRecord {
  method: string;
  path: string;
  /** 499: the client hung up before the answer. */
  status: number;
  seconds: number;
}
