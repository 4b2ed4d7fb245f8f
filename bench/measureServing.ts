/**
 * @file A process that serves; prints { one, eight }: generated tokens per second of one client, and of eight at once,
 * greedy, after a warm-up.
 */
import { createServer } from "../src/index.ts";

const [folder, newTokens] = [process.argv[2], Number(process.argv[3])];
const server = await createServer({ models: [{ model: folder, name: "model" }], port: 0 });

async function ask(client: number, max_tokens: number): Promise<number> {
  const prompt = `Is a higher octane gasoline better for car ${client}?`;
  const bias = { 50256: -100 }; // no answer ends earlier
  const body = JSON.stringify({ model: "model", prompt, max_tokens, temperature: 0, logit_bias: bias });
  const headers = { "content-type": "application/json" };
  const reply = await fetch(`${server.url}/completions`, { method: "POST", headers, body });
  const { usage } = (await reply.json()) as { usage: { completion_tokens: number } };
  return usage.completion_tokens;
}

/** Tokens per second of so many clients. */
async function speed(clients: number): Promise<number> {
  const before = performance.now();
  const counts = await Promise.all(Array.from({ length: clients }, (_, client) => ask(client, newTokens)));
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  if (tokens !== clients * newTokens) throw new Error(`internal: ${tokens} tokens instead of ${clients * newTokens}`);
  return tokens / ((performance.now() - before) / 1000);
}

await ask(0, 4);
const [one, eight] = [await speed(1), await speed(8)];
await server.close(0);
process.stdout.write(`${JSON.stringify({ one, eight })}\n`);
