"""Tells the root fields of the server's GraphQL schema that stand under Mutation. The last line is a JSON object."""

import json

from mlflow.server.graphql.graphql_schema_extensions import schema

mutation = schema.graphql_schema.mutation_type
subscription = schema.graphql_schema.subscription_type
print(
    json.dumps(
        {
            "mutations": sorted(mutation.fields) if mutation else [],
            "subscription": subscription.name if subscription else None,
        }
    )
)
