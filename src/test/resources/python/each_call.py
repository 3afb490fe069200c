"""Makes one call of each kind and tells which failed and with what text; exits with 0.

Usage: each_call.py RUN_ID EXPERIMENT_ID
Reads MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN and MLFLOW_HTTP_REQUEST_MAX_RETRIES. The last line printed is a JSON
object: the name of each call, and the text of its exception or null.
"""

import json
import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository


def upload(target):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("small")
        get_artifact_repository(target).log_artifact(path)


def main(run_id, experiment_id):
    client = MlflowClient()
    artifacts = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    calls = {
        "search_experiments": lambda: client.search_experiments(),
        "search_runs": lambda: client.search_runs([experiment_id]),
        "get_run": lambda: client.get_run(run_id),
        "list_artifacts": lambda: get_artifact_repository(artifacts).list_artifacts(),
        "search_registered_models": lambda: client.search_registered_models(),
        "create_run": lambda: client.create_run(experiment_id),
        "log_metric": lambda: client.log_metric(run_id, "m", 1.0),
        "upload": lambda: upload(artifacts),
        "create_registered_model": lambda: client.create_registered_model("m-" + os.urandom(8).hex()),
        "delete_artifacts": lambda: get_artifact_repository(artifacts).delete_artifacts("small.txt"),
        "restore_run": lambda: client.restore_run(run_id),
        "delete_run": lambda: client.delete_run(run_id),
    }
    seen = {}
    for name, call in calls.items():
        try:
            call()
            seen[name] = None
        except Exception as failure:
            seen[name] = f"{type(failure).__name__}: {failure}"
    return seen


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    print(json.dumps(main(*sys.argv[1:])))
