"""Prints every route that this MLflow serves, one a line: method, template, name of its handler, separated by tabs.

Argument: "auth" for the basic-auth app. A static prefix is taken from _MLFLOW_STATIC_PREFIX, as the server does it.
"""

import inspect
import sys

from mlflow.server import app as flask_app


def flask_routes(app):
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, rule.rule, rule.endpoint


def asgi_routes(routes):
    for route in routes:
        if hasattr(route, "effective_candidates"):
            # FastAPI keeps an included router as one route since 0.16x.
            yield from asgi_routes(route.effective_candidates())
        elif getattr(route, "methods", None):
            for method in route.methods - {"HEAD", "OPTIONS"}:
                yield method, route.path, route.name
        elif type(route).__name__ == "Mount" and route.path == "":
            # The Flask application, asked for its routes above.
            continue
        else:
            raise SystemExit(f"a route of an unheard-of kind: {route!r}")


def served(with_auth):
    rows = set()
    try:
        from mlflow.server.fastapi_app import app as asgi_app
    except ImportError:
        # MLflow 2 and 3.0 to 3.4 are Flask alone.
        asgi_app = None
    if with_auth:
        from mlflow.server.auth import create_app

        made = create_app(flask_app) if inspect.signature(create_app).parameters else create_app()
        asgi_app = made if hasattr(made, "routes") else asgi_app
    rows.update(flask_routes(flask_app))
    if asgi_app is not None:
        rows.update(asgi_routes(asgi_app.routes))
    return rows


for row in sorted(served("auth" in sys.argv[1:]), key=lambda row: (row[1], row[0], row[2])):
    print("\t".join(row))
