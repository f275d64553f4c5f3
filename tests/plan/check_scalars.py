#!/usr/bin/env python3
"""Every text comes back from a YAML 1.1 parser as the same string, in every place it can stand."""

import yaml
from texts import NASTY, all_texts, samples, unseen


def check(place, texts, got):
    assert len(got) == len(texts), f"{place}: {len(got)} of {len(texts)}"
    for text, value in zip(texts, got):
        assert isinstance(value, str) and value == text, f"{place}: {text!r} became {value!r}"


def check_all(texts, loader):
    root = yaml.load(samples("scalars", texts), Loader=loader)
    check("block", texts, root["block"])
    check("flow", texts, [item["before"][1] for item in root["flow"]])
    check("values", texts, [item["key"] for item in root["values"]])
    check("keys", texts, [next(iter(item)) for item in root["keys"]])
    check("flow_keys", texts, [list(item)[1] if len(item) > 1 else "a" for item in root["flow_keys"]])


texts = all_texts()
bad = sorted({f"U+{ord(char):04X}" for char in samples("scalars", texts) if unseen(char) and char != "\n"})
assert not bad, f"written as they are: {bad}"
# libyaml and PyYAML's own parser are two programs; the second is slow.
check_all(texts, yaml.CSafeLoader)
check_all(NASTY + texts[-1000:], yaml.SafeLoader)
print(f"{len(texts)} texts in 5 places")
