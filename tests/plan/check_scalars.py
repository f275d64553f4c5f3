#!/usr/bin/env python3
"""Every text comes back from a YAML 1.1 parser as the same string, in every place it can stand."""

import subprocess
import sys

import yaml
from texts import all_texts, unseen

texts = all_texts()
data = b"".join(text.encode() + b"\0" for text in texts)
out = subprocess.run([sys.argv[1], "scalars"], input=data, stdout=subprocess.PIPE, check=True).stdout
written = out.decode()
bad = sorted({f"U+{ord(char):04X}" for char in written if unseen(char) and char != "\n"})
assert not bad, f"written as they are: {bad}"
root = yaml.load(written, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
slow = yaml.load(written, Loader=yaml.SafeLoader)
assert root == slow, "libyaml and PyYAML disagree"


def check(place, got):
    assert len(got) == len(texts), f"{place}: {len(got)} of {len(texts)}"
    for text, value in zip(texts, got):
        assert isinstance(value, str) and value == text, f"{place}: {text!r} became {value!r}"


check("block", root["block"])
check("flow", [item["before"][1] for item in root["flow"]])
check("values", [item["key"] for item in root["values"]])
check("keys", [next(iter(item)) for item in root["keys"]])
check("flow_keys", [list(item)[1] if len(item) > 1 else "a" for item in root["flow_keys"]])
print(f"{len(texts)} texts in 5 places")
