#!/usr/bin/env python3
"""What `zsctl show --format json` prints is valid by its published schema, which says everything."""

import json
import subprocess
import sys

import jsonschema
from texts import NASTY


def run(what, text=""):
    return subprocess.run([sys.argv[1], what], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout


def close(schema):
    """The schema lets later versions add members; this version must have none that it lacks."""
    for part in [schema, *schema["$defs"].values()]:
        part["additionalProperties"] = False
    return schema


schema = json.loads(run("schema"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(close(schema))
for text in ["a", *NASTY]:
    plan = json.loads(run("json", text))
    validator.validate(plan)
    assert plan["author"] == text and plan["warnings"][0] in (text, "a@example.org")
    assert plan["digest"].startswith("sha256:")
broken = json.loads(run("json", "a"))
del broken["changes"][0]["because"]
assert not validator.is_valid(broken), "the schema takes anything"
print(f"{len(NASTY) + 1} plans")
