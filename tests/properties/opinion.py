"""zsctl's plans beside the second opinion's (rules.py): what becomes of each account, who is manual or held, what is
adopted, which limits refuse, and the organisation afterwards."""
import re

import rules

REFUSED = re.compile(r"((?:create|update|suspend|reactivate|held) (?:user|functional)|keys"
                     r"|source_shrink [^ :]+(?: delegations)?|target_shrink|delete|(?:grant|revoke)(?: (?:user|functional))?):")


class Opinion:
    """Goes through the same steps as zsctl, on the same organisation."""

    def __init__(self):
        self.organisation = rules.Organisation(None)
        self.verdict = None

    def plan(self, config, step, target):
        self.organisation.config = config
        declared = {source: [document] for source, document in step["sources"].items()}
        self.verdict = self.organisation.plan(declared, target, step["now"], options_of(step))

    def applied(self, after):
        self.organisation.applied(self.verdict, after)

    def differences(self, plan):
        """In words; `plan` is zsctl's, or None when it made none."""
        verdict = self.verdict
        if plan is None:
            return []  # wrong files: their messages are tested elsewhere
        if verdict.errors:
            return [f"errors of the second opinion: {verdict.errors}"]
        found = sets("change", verdict.actions(), {(c["action"], c["kind"], c["address"]) for c in plan["changes"]})
        for what, mine in (("manual", verdict.manual), ("held", verdict.held)):
            found += sets(what, mine, {tuple(one["account"].split(" ", 1)) for one in plan[what]})
        found += sets("adopt", verdict.adopt, {(one["kind"], one["address"]) for one in plan["adopt"]})
        refused = [(REFUSED.match(text), text) for text in plan["refused"]]
        found += sets("refused", verdict.refused, {match[1] if match else text for match, text in refused})
        return found + [f"because: {who}: {why}" for who, why in verdict.why.items() if found]

    def different_result(self, before, after):
        mine, real = self.verdict.result, rules.observed(after, before)
        return [f"{key}: should be {mine.get(key)}, is {real.get(key)}"
                for key in sorted(set(mine) | set(real)) if mine.get(key) != real.get(key)]


def sets(what, mine, its):
    mine, its = set(mine), set(its)
    return [f"{what}: the second opinion alone has {one}" for one in sorted(mine - its)] + \
           [f"{what}: zsctl alone has {one}" for one in sorted(its - mine)]


def options_of(step):
    """The options of a step as rules.py takes them."""
    options = {"same_person": step.get("same_person", []), "only": [], "include": [], "exclude": []}
    words = iter(step.get("options", ()))
    for word in words:
        if word.startswith("--refresh-keys"):
            options["refresh_keys"] = word.partition("=")[2] or True
        elif word in ("--only", "--include", "--exclude"):
            options[word[2:]].append(next(words))
        else:
            options[word[2:].replace("-", "_")] = next(words)
    return options
