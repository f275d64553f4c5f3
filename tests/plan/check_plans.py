#!/usr/bin/env python3
"""A plan with any text in its fields is YAML, and a parser finds the same text in it."""

import sys

import yaml
from texts import NASTY, random_texts, samples


def check(text, plan):
    changes = {next(iter(change)): change for change in plan["changes"]}
    assert plan["organization"] == plan["author"] == text, plan["author"]
    assert plan["target"]["provider"] == text
    assert plan["options"]["undo"] == text and plan["options"]["policy_only"] is True
    assert text in plan["options"]["allow"] and text in plan["warnings"] and text in plan["refused"]
    assert text in [entry["problem"] for entry in plan["manual"]]
    assert text in [entry["source"] for entry in plan["held"]]
    assert any(entry.get("from") == text or entry.get("to") == text for entry in plan["policy"])
    assert plan["adopt"][0]["account"] == "user " + text
    assert plan["sources"][0]["name"] == text
    assert changes["update"]["name"] == {"from": text, "to": text}
    assert text in changes["update"]["aliases"]["add"]
    assert text in changes["grant"]["delegates"]["remove"]
    assert text in changes["create"]["delegates"]
    assert len(plan["checks"]) == len(plan["changes"])


texts = list(filter(None, NASTY + random_texts(300, 7)))
plans = samples("plan", texts).split("\0")[:-1]
assert len(plans) == len(texts)
for text, plan in zip(texts, plans):
    try:
        check(text, yaml.load(plan, Loader=yaml.CSafeLoader))
    except Exception:
        print(f"the text is {text!r}", file=sys.stderr)
        raise
