#!/usr/bin/env python3
"""What `zsctl show --format json` prints is valid by its published schema, which says everything."""

import json

import jsonschema
from texts import NASTY, samples


def close(schema):
    """The schema lets later versions add members; this version must have none that it lacks."""
    for part in [schema, *schema["$defs"].values()]:
        part["additionalProperties"] = False
    return schema


schema = json.loads(samples("schema"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(close(schema))
texts = ["a", *NASTY]
plans = samples("json", texts).split("\0")[:-1]
assert len(plans) == len(texts)
for text, plan in zip(texts, map(json.loads, plans)):
    validator.validate(plan)
    assert plan["author"] == text and plan["warnings"][0] in (text, "a@example.org")
    assert plan["digest"].startswith("sha256:")
broken = json.loads(plans[0])
del broken["changes"][0]["because"]
assert not validator.is_valid(broken), "the schema takes anything"
print(f"{len(plans)} plans")
