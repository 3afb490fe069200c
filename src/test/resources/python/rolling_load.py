"""Registers models over and over, by several threads, until it is told to stop; counts calls and remembers failures.

Usage: rolling_load.py THREADS
Reads MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN and MLFLOW_HTTP_REQUEST_MAX_RETRIES. Prints a JSON object when every thread
has registered its first model; at the first line it reads, another one: how many calls, registrations and failures.
"""

import json
import os
import sys
import tempfile
import threading
import uuid

import mlflow
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository


class Load:
    def __init__(self):
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.calls = 0
        self.registered = 0
        self.failures = []

    def call(self, name, function, *arguments, **named):
        try:
            result = function(*arguments, **named)
        except Exception as failure:
            with self.lock:
                self.failures.append(f"{name}: {type(failure).__name__}: {failure}")
            raise
        with self.lock:
            self.calls += 1
        return result

    def register(self, client, path):
        name = f"rolling-{uuid.uuid4()}"
        self.call("create_registered_model", client.create_registered_model, name)
        run = self.call("create_run", client.create_run, "0")
        target = f"mlflow-artifacts:/0/{run.info.run_id}/artifacts"
        artifacts = get_artifact_repository(target)
        self.call("log_metric", client.log_metric, run.info.run_id, "score", 1.0)
        self.call("log_artifact", artifacts.log_artifact, path)
        version = self.call(
            "create_model_version", client.create_model_version, name, target, run.info.run_id
        ).version
        self.call("set_alias", client.set_registered_model_alias, name, "champion", version)
        found = self.call("get_by_alias", client.get_model_version_by_alias, name, "champion")
        assert found.version == version, found
        with tempfile.TemporaryDirectory() as folder:
            copy = self.call("download", artifacts.download_artifacts, os.path.basename(path), folder)
            with open(copy, encoding="utf-8") as file:
                assert file.read() == "a small model"
        self.call("terminate", client.set_terminated, run.info.run_id)

    def run(self, started):
        client = MlflowClient()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("a small model")
            while not self.stop.is_set():
                try:
                    self.register(client, path)
                    with self.lock:
                        self.registered += 1
                except Exception as failure:
                    with self.lock:
                        self.failures.append(f"registration: {type(failure).__name__}: {failure}")
                started.release()


def main(count, out):
    load = Load()
    started = threading.Semaphore(0)
    threads = [threading.Thread(target=load.run, args=(started,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for _ in threads:
        started.acquire()
    print(json.dumps({"started": count}), file=out, flush=True)
    sys.stdin.readline()
    load.stop.set()
    for thread in threads:
        thread.join()
    facts = {"calls": load.calls, "registered": load.registered, "failures": load.failures[:20]}
    print(json.dumps(facts), file=out, flush=True)


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    # the client prints where to look at a run that has ended
    out, sys.stdout = sys.stdout, sys.stderr
    main(int(sys.argv[1]), out)
