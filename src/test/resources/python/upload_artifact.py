"""Uploads one file the way mlflow.log_artifact does, without a run: a single PUT. Tells how that ended; never fails.

Usage: upload_artifact.py ARTIFACT_URI SIZE_IN_BYTES       e.g. mlflow-artifacts:/1/some/folder 5000
Reads MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN, MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES. The
last line printed is a JSON object with the outcome and, when it failed, the type and the full text of the exception.
"""

import json
import os
import random
import sys
import tempfile

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository


def main(uri, size):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file.bin")
        with open(path, "wb") as file:
            file.write(random.Random(size).randbytes(size))
        try:
            get_artifact_repository(uri).log_artifact(path)
        except Exception as failure:
            return {"failed": True, "type": type(failure).__name__, "text": str(failure)}
    return {"failed": False}


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    outcome = main(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"client": mlflow.__version__, **outcome}))
