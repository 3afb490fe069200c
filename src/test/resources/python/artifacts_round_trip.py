"""Logs a big file, an empty one and files with unusual names into a run, downloads all of them, compares SHA-256.

Usage: artifacts_round_trip.py SIZE_OF_THE_BIG_FILE_IN_MIB
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN. The last line printed is a JSON object with what was seen.
"""

import hashlib
import json
import os
import random
import sys
import tempfile
import time

import mlflow
from mlflow import MlflowClient

MIB = 1024 * 1024
# no '%' before two hex digits: MLflow decodes names until they are stable and stores percent%41.txt as percentA.txt
UNUSUAL_NAMES = [
    "with space.txt",
    "模型 ü.txt",
    "100% sure.txt",
    "semi;colon.txt",
    "plus+sign.txt",
    "a=b&c,d.txt",
]


def write_random(path, mib):
    """A reproducible file, written a MiB at a time so that it is never in memory as a whole."""
    source = random.Random(mib)
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(source.randbytes(MIB))


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(MIB):
            digest.update(chunk)
    return digest.hexdigest()


def write_files(folder, mib):
    write_random(os.path.join(folder, "big.bin"), mib)
    open(os.path.join(folder, "empty.txt"), "wb").close()
    for name in UNUSUAL_NAMES:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(f"the content of {name}\n")
    return {name: sha256(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


def main(mib):
    client = MlflowClient()
    mlflow.set_experiment("artifacts-round-trip")
    with tempfile.TemporaryDirectory() as folder:
        sent, received = os.path.join(folder, "sent"), os.path.join(folder, "received")
        os.mkdir(sent)
        os.mkdir(received)
        digests = write_files(sent, mib)
        seconds = {}
        with mlflow.start_run() as run:
            for name in digests:
                started = time.monotonic()
                mlflow.log_artifact(os.path.join(sent, name))
                seconds[name] = time.monotonic() - started
                if name != "big.bin":
                    mlflow.log_artifact(os.path.join(sent, name), "a folder")
        run_id = run.info.run_id

        # the server leaves out a size of 0
        listed = {f.path: f.file_size or 0 for f in client.list_artifacts(run_id) if not f.is_dir}
        assert listed == {n: os.path.getsize(os.path.join(sent, n)) for n in digests}, listed
        in_folder = {f.path for f in client.list_artifacts(run_id, "a folder")}
        assert in_folder == {f"a folder/{n}" for n in digests if n != "big.bin"}, in_folder

        started = time.monotonic()
        client.download_artifacts(run_id, "", received)
        download_seconds = time.monotonic() - started
        for name, digest in digests.items():
            for place in [name] if name == "big.bin" else [name, f"a folder/{name}"]:
                assert sha256(os.path.join(received, place)) == digest, f"{place} came back changed"

    return {
        "client": mlflow.__version__,
        "run_id": run_id,
        "experiment_id": run.info.experiment_id,
        "big_file_mib": mib,
        "sha256": digests,
        "upload_seconds": round(seconds["big.bin"], 2),
        "download_seconds": round(download_seconds, 2),
    }


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    facts = main(int(sys.argv[1]))
    print(json.dumps(facts))
