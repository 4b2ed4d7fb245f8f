/** @file Ends a text before its first stop sequence; text that may be the beginning of one is held back. */
import { largest, smallest } from "../lists.ts";

export class StopFilter {
  private readonly stops: readonly string[];
  private held = "";

  constructor(stops: readonly string[]) {
    this.stops = stops.filter((stop) => stop !== "");
  }

  /** @returns the text that is certain now, and whether a stop sequence ended it. */
  push(text: string): { text: string; isStopped: boolean } {
    this.held += text;
    const places = this.stops.map((stop) => this.held.indexOf(stop)).filter((place) => place >= 0);
    const isStopped = places.length > 0;
    const end = isStopped ? smallest(places, this.held.length) : this.held.length - this.beginning();
    const certain = this.held.slice(0, end);
    this.held = isStopped ? "" : this.held.slice(end);
    return { text: certain, isStopped };
  }

  /** What was held back, once no more text comes. */
  end(): string {
    const rest = this.held;
    this.held = "";
    return rest;
  }

  /** Characters at the end that a stop sequence may begin with. */
  private beginning(): number {
    const longest = largest(
      this.stops.map((stop) => stop.length - 1),
      0,
    );
    for (let length = Math.min(longest, this.held.length); length > 0; length--) {
      const end = this.held.slice(-length);
      if (this.stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
