"""Does one call that must fail and tells what the user would see. Exits with 1 if the call succeeds.

Usage: expect_failure.py                     mlflow.search_experiments()
       expect_failure.py create CHARACTERS   an experiment with a tag that is so long
       expect_failure.py upload RUN_ID       a small artifact PUT into that run, whose artifact URI is asked for first
       expect_failure.py upload ARTIFACT_URI the PUT alone, e.g. mlflow-artifacts:/1/<run id>/artifacts
Reads MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN and MLFLOW_HTTP_REQUEST_MAX_RETRIES. The last line printed is a JSON
object with the type and the full text of the exception.
"""

import json
import os
import sys
import tempfile
import time

import mlflow
from mlflow import MlflowClient


def upload(target):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "small.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("small")
        if ":/" in target:
            from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

            get_artifact_repository(target).log_artifact(path)
        else:
            MlflowClient().log_artifact(target, path)


def main(arguments):
    started = time.monotonic()
    try:
        if arguments[:1] == ["upload"]:
            upload(arguments[1])
        elif arguments[:1] == ["create"]:
            MlflowClient().create_experiment("long", tags={"note": "x" * int(arguments[1])})
        else:
            mlflow.search_experiments()
    except Exception as failure:
        return {
            "client": mlflow.__version__,
            "failed": True,
            "type": type(failure).__name__,
            "text": str(failure),
            "error_code": getattr(failure, "error_code", None),
            "seconds": round(time.monotonic() - started, 2),
        }
    return {"client": mlflow.__version__, "failed": False, "seconds": round(time.monotonic() - started, 2)}


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    facts = main(sys.argv[1:])
    print(json.dumps(facts))
    sys.exit(0 if facts["failed"] else 1)
