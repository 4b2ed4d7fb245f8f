"""Loads a parquet file with Python's datasets and maps it as the benchmark does; prints seconds, peak bytes and rows."""

import json
import resource
import sys
import tempfile
import time

from datasets import load_dataset, logging

logging.set_verbosity_error()
logging.disable_progress_bar()


def texts(row):
    return {"prompt": row["prompt"], "chosen": row["chosen"][-1]["content"], "rejected": row["rejected"][-1]["content"]}


started = time.time()
with tempfile.TemporaryDirectory() as cache:
    rows = load_dataset("parquet", data_files=sys.argv[1], split="train", cache_dir=cache)
    rows = rows.map(texts, remove_columns=[name for name in rows.column_names if name != "prompt"])
    count = len(rows)
    seconds = time.time() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peakRssBytes": peak, "rows": count}))
