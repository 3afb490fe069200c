"""Logs a tiny scikit-learn model, registers it, loads it back by its alias and compares the predictions.

Usage: register_model.py MODEL_NAME
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN. The last line printed is a JSON object with what was seen.
"""

import json
import os
import sys
import tempfile
import time

import mlflow
import numpy
import sklearn
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression


def log_model(model):
    """The first argument after the model is named artifact_path up to MLflow 2 and name from MLflow 3 on."""
    place = "name" if int(mlflow.__version__.split(".")[0]) >= 3 else "artifact_path"
    # a fixed list: to infer it the client would start another Python, which takes seconds
    requirements = [f"scikit-learn=={sklearn.__version__}"]
    format = mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE
    return mlflow.sklearn.log_model(
        model, **{place: "model"}, pip_requirements=requirements, serialization_format=format
    )


def main(name):
    started = time.monotonic()
    client = MlflowClient()
    experiment = mlflow.set_experiment(f"{name}-experiment")
    rows = numpy.array([[0.0], [1.0], [2.0], [3.0]])
    model = LogisticRegression().fit(rows, [0, 0, 1, 1])

    with mlflow.start_run() as run:
        mlflow.log_params({"solver": "lbfgs", "rows": len(rows)})
        mlflow.log_metric("score", 0.5, step=1)
        mlflow.log_metrics({"score": 1.0, "loss": 0.25}, step=2)
        logged = log_model(model)
        mlflow.log_text("hello, gateway", "notes/hello.txt")
    run_id = run.info.run_id

    version = mlflow.register_model(logged.model_uri, name)
    client.set_registered_model_alias(name, "champion", version.version)
    client.set_model_version_tag(name, version.version, "checked-by", "torii")
    by_alias = client.get_model_version_by_alias(name, "champion")
    assert by_alias.version == version.version, by_alias
    assert by_alias.tags["checked-by"] == "torii", by_alias.tags
    latest = max(int(v.version) for v in client.search_model_versions(f"name = '{name}'"))
    assert latest == int(version.version), latest
    registered = client.get_registered_model(name)
    assert registered.aliases == {"champion": str(version.version)}, registered.aliases

    loaded = mlflow.sklearn.load_model(f"models:/{name}@champion")
    predictions = loaded.predict(rows).tolist()
    assert predictions == model.predict(rows).tolist(), predictions

    data = client.get_run(run_id).data
    assert data.metrics == {"score": 1.0, "loss": 0.25}, data.metrics
    history = [m.value for m in client.get_metric_history(run_id, "score")]
    assert history == [0.5, 1.0], history
    notes = [f.path for f in client.list_artifacts(run_id, "notes")]
    assert notes == ["notes/hello.txt"], notes
    with tempfile.TemporaryDirectory() as folder:
        run_file = mlflow.artifacts.download_artifacts(
            artifact_uri=f"runs:/{run_id}/notes/hello.txt", dst_path=os.path.join(folder, "run")
        )
        with open(run_file, encoding="utf-8") as file:
            assert file.read() == "hello, gateway"
        model_folder = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{name}/{version.version}", dst_path=os.path.join(folder, "model")
        )
        files = sorted(os.listdir(model_folder))
    assert "MLmodel" in files, files

    return {
        "client": mlflow.__version__,
        "model": name,
        "version": int(version.version),
        "status": version.status,
        "experiment_id": experiment.experiment_id,
        "run_id": run_id,
        "source": version.source,
        "predictions": predictions,
        "files": files,
        "seconds": round(time.monotonic() - started, 2),
    }


if __name__ == "__main__":
    # without an address the client would quietly use a local database
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    facts = main(sys.argv[1])
    print(json.dumps(facts))
