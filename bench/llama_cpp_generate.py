"""llama.cpp on a GGUF file: python llama_cpp_generate.py MODEL PROMPT_IDS PREFILL_TOKENS (ids with commas).

Prints {"one", "prefill"}: greedy tokens per second after the prompt, and seconds for a prompt of so many tokens.
"""

import json
import os
import sys
import time

from llama_cpp import Llama

TOKENS = 40
RUNS = 3


def best(work):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    path, ids, prefill = sys.argv[1], [int(word) for word in sys.argv[2].split(",")], int(sys.argv[3])
    threads = len(os.sched_getaffinity(0))
    model = Llama(path, n_ctx=2048, n_batch=1024, n_threads=threads, n_threads_batch=threads, verbose=False)

    def answer(prompt, tokens):
        model.reset()
        stream = model.generate(prompt, temp=0.0, top_k=1)
        for _ in range(tokens):
            next(stream)

    answer(ids, 4)
    first = best(lambda: answer(ids, 1))
    one = TOKENS / (best(lambda: answer(ids, TOKENS + 1)) - first)
    long = [ids[i % len(ids)] for i in range(prefill)]
    print(json.dumps({"one": one, "prefill": best(lambda: answer(long, 1))}))


main()
