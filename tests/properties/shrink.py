"""Makes a failing case small, and prints it as a golden case."""
import copy
import json
import re

import check
import program

TRIES = 1500


def shrink(zsctl, folder, case, name):
    """The smallest case found in which the same property is broken, and how."""
    tries = 0
    best, last, wanted = case, None, set()

    def fails(candidate):
        nonlocal tries, last
        tries += 1
        try:
            broken, _ = check.examine(zsctl, f"{folder}", candidate, only=name, thorough=True)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            return False
        if broken and broken.name == name and (not wanted or kinds(broken) and kinds(broken) <= wanted):
            last = broken
            wanted.update(kinds(broken))
            return True
        return False

    if not fails(case):
        return case, None
    progress = True
    while progress and tries < TRIES:
        progress = False
        for candidate in candidates(best):
            if tries >= TRIES:
                break
            smaller = candidate(best)
            if smaller is not None and fails(smaller):
                best, progress = smaller, True
    return best, last


def kinds(broken):
    """Of a difference of opinions, what it is about: a smaller case must not be about something else."""
    lines = broken.text.splitlines() if broken.name == "second_opinion" else [broken.name]
    if broken.name == "any_prefix":
        lines = [word for word in ("given", "closed", "continued", "planned", "finished") if word in broken.text][:1]
    return {re.sub(r"has \('(\w+)', '.*|has \('\w+@.*", r"has \1", line) for line in lines if not line.startswith("because")}


def candidates(case):
    """Ways to make the case smaller, the largest bites first. Each is a function from a case to a smaller one, or
    None when it does not apply (any more)."""
    for number in range(len(case["steps"]) - 1, -1, -1):
        yield lambda c, n=number: without_step(c, n)
    for address in sorted(set(re.findall(r"[^\"\s]+@[^\"\s]+", json.dumps(case, ensure_ascii=False)))):
        yield lambda c, a=address: without_address(c, a)
    for path in sorted(paths(case), key=len):
        yield lambda c, p=path: without(c, p)
    for path in sorted(paths(case), key=len, reverse=True):
        yield lambda c, p=path: without(c, p)


def without_step(case, number):
    if number >= len(case["steps"]) or len(case["steps"]) == 1:
        return None
    smaller = copy.deepcopy(case)
    gone = smaller["steps"].pop(number)
    # What people did in the portal stays done.
    if gone.get("portal") and number < len(smaller["steps"]):
        later = smaller["steps"][number]
        later["portal"] = gone["portal"] + later.get("portal", [])
    return smaller


def without_address(case, address):
    """Nobody has this address anywhere, as an account."""
    smaller = copy.deepcopy(case)
    for step in smaller["steps"]:
        for document in step["sources"].values():
            for kind in ("users", "functional"):
                document[kind] = [e for e in document.get(kind, ()) if e["address"] != address]
    organization = smaller["organization"]
    organization["users"] = [u for u in organization["users"] if u["userName"] != address]
    organization["groups"] = [g for g in organization["groups"] if g["externalId"] != address]
    return smaller if smaller != case else None


KEEP = {"address", "id", "userName", "externalId", "organization", "provider", "path", "now", "seed", "steps",
        "sources", "config", "users", "groups", "functional", "target", "parallel", "approval", "state"}


def paths(value, path=()):
    """Where something can be left out: list items, and keys that a case can do without."""
    if path == ("config", "sources"):
        return
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in KEEP and path[-1:] != ("sources",) or path[-1:] == ("groups",) or (key == "id" and "now" not in value and path and
                                                               path[0] == "steps" and "portal" not in path):
                yield path + (key,)
            yield from paths(one, path + (key,))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            if path != ("steps",) and not (len(path) > 2 and path[2] == "portal" and len(path) > 3) and \
                    not (len(path) > 2 and path[2] == "options"):
                yield path + (number,)
            yield from paths(one, path + (number,))


def without(case, path):
    smaller = copy.deepcopy(case)
    place = smaller
    try:
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]
        if path[-2] == "claimed" and not place:
            return None  # no domain would mean every domain
    except (KeyError, IndexError, TypeError):
        return None
    return smaller


# --- as a golden case -------------------------------------------------------------------------------------

JQ = {
    "suspend": ".active = false",
    "activate": ".active = true",
    "delegate+": None,
}


def heredoc(name, text):
    return f"-- {name}\n{text}"


def golden(zsctl, folder, case, name):
    """The files of a golden case, one after the other, each under its name."""
    steps = [f"# {name} (seed {case['seed']}): say here what this case is about.", "rm accounts.yaml"]
    files = {"zsctl.yaml": program.config_text(program.config_of(case, case["steps"][0])),
             "organization.json": program.organization_text(case["organization"])}
    place = program.Place(zsctl, f"{folder}/golden")
    place.remove()
    place.begin(case)
    for number, step in enumerate(case["steps"]):
        place.set_up(case, step)
        if number:
            steps += later_step(case, number, files)
        else:
            for source, document in step["sources"].items():
                files[f"{source}.yaml"] = program.declared_text(document)
        if step.get("portal"):
            steps.append("portal " + " ".join(f"'{expression(operation)}'" for operation in step["portal"]))
        seen = check.Seen(case, number)
        done, plan = place.plan(step, number, *seen.options())
        if done.status == 4:
            seen.allowed = check.allow(plan)
            done, plan = place.plan(step, number, *seen.options())
        if plan is not None:
            place.approve(plan)
            place.apply(step, number)
        options = "".join(f" {option}" for option in seen.options())
        steps.append(f"export ZSCTL_NOW={step['now']} ZSCTL_ID=7f3c2a{number:02x}; through p{number}.yaml{options}")
    steps += [f"ZSCTL_NOW={case['steps'][-1]['now']} zsctl plan", "target"]
    place.remove()
    for key in program.KEYS + ("fingerprint",):
        files[f"keys/{key}"] = f"the key {key}, long enough for everybody\n"
    files["steps"] = "\n".join(steps) + "\n"
    return "\n".join(heredoc(name, text) for name, text in files.items())


def later_step(case, number, files):
    """Commands that bring the files of a later step."""
    steps = []
    step, before = case["steps"][number], case["steps"][number - 1]
    for source, document in step["sources"].items():
        if document != before["sources"].get(source):
            files[f"{source}-{number}.yaml"] = program.declared_text(document)
            steps.append(f"cp {source}-{number}.yaml {source}.yaml")
    if program.config_of(case, step) != program.config_of(case, before):
        files[f"zsctl-{number}.yaml"] = program.config_text(program.config_of(case, step))
        steps.append(f"cp zsctl-{number}.yaml zsctl.yaml")
    return steps


def expression(operation):
    """What people do in the portal, in jq."""
    action, address, *rest = operation
    lists = f'.["{program.USER}"]'
    user = f'(.users[] | select(.userName == "{address}"))'
    group = f'(.groups[] | select(.externalId == "{address}"))'
    if action == "suspend":
        return f"{user}.active = false | {group}.members = []"
    if action == "activate":
        return f"{user}.active = true"
    if action == "name":
        return f'{user}.name.formatted = "{rest[0]}" | {group}.displayName = "{rest[0]}"'
    if action in ("alias+", "alias-"):
        sign = action[-1]
        return (f'{user}{lists}.aliases |= . {sign} ["{rest[0]}"] | '
                f'{group}["{program.GROUP}"].aliases |= . {sign} ["{rest[0]}"]')
    if action == "rename":
        return f'{user}.userName = "{rest[0]}" | {group}.externalId = "{rest[0]}"'
    if action in ("delegate+", "delegate-"):
        sign = action[-1]
        who = f'(.users[] | select(.userName == "{rest[0]}") | .id)'
        return (f'{user}{lists}.delegates |= . {sign} ["{rest[0]}"] | '
                f'{group}.members |= . {sign} [{{value: {who}}}]')
    if action == "delete":
        return f'del(.users[] | select(.userName == "{address}")) | del(.groups[] | select(.externalId == "{address}"))'
    part = "users" if "userName" in rest[0] else "groups"
    return f".{part} += [{json.dumps(rest[0], ensure_ascii=False)}]"
