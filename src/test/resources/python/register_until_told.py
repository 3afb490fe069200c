"""Registers one model after another and reads each back, until it is told to stop.

Usage: register_until_told.py PREFIX
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN. Prints a JSON object when the first model is registered and then
after every ten; ends at the end of its input, with one that counts what was asked and what failed: writes (registering)
apart from reads.
"""

import json
import os
import sys
import threading

import mlflow
from mlflow import MlflowClient


def tell(**facts):
    print(json.dumps(facts), flush=True)


def main(prefix):
    client = MlflowClient()
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    registered, lost, failed_writes, failed_reads, reads = 0, 0, [], [], 0
    number = 0
    while not done.is_set():
        name = f"{prefix}-{number}"
        number += 1
        try:
            client.create_registered_model(name)
            registered += 1
        except Exception as e:
            failed_writes.append(str(e))
            continue
        try:
            reads += 2
            client.get_registered_model(name)
            client.search_registered_models(max_results=1)
        except Exception as e:
            failed_reads.append(str(e))
        if registered % 10 == 1:
            tell(registered=registered)
    names = set()
    token = None
    while True:
        page = client.search_registered_models(max_results=1000, page_token=token)
        names.update(model.name for model in page)
        token = page.token
        if not token:
            break
    lost = registered - len({n for n in names if n.startswith(prefix + "-")})
    tell(
        client=mlflow.__version__,
        registered=registered,
        reads=reads,
        lost=lost,
        failed_writes=failed_writes,
        failed_reads=failed_reads,
    )


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    main(sys.argv[1])
