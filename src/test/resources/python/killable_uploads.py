"""Uploads a file as often as it is told to, each time in a process of its own, so that somebody can kill that.

Usage: killable_uploads.py SIZE_IN_MIB
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN. Prints a JSON object with the file's name, size and SHA-256, then
for each line it reads, an artifact URI, one object with the id of the process that uploads there now and, when that has
ended, one that tells how: an exit code, or minus the number of a signal. Ends with its input.
"""

import hashlib
import json
import os
import random
import sys
import tempfile
import traceback

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

MIB = 1024 * 1024


def tell(**facts):
    print(json.dumps(facts), flush=True)


def write_random(path, mib):
    digest = hashlib.sha256()
    source = random.Random(mib)
    with open(path, "wb") as file:
        for _ in range(mib):
            block = source.randbytes(MIB)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def upload(uri, path):
    try:
        get_artifact_repository(uri).log_artifact(path)
        return 0
    except BaseException:
        traceback.print_exc()
        return 1


def main(mib):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "big.bin")
        digest = write_random(path, mib)
        tell(client=mlflow.__version__, name="big.bin", bytes=os.path.getsize(path), sha256=digest)
        for line in sys.stdin:
            # a fork, because to import mlflow anew takes seconds
            child = os.fork()
            if child == 0:
                os._exit(upload(line.strip(), path))
            tell(pid=child)
            tell(ended=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    # on macOS the look for proxies breaks a forked process
    os.environ["no_proxy"] = "*"
    main(int(sys.argv[1]))
