"""What must hold for every organisation: each property a function, its docstring the statement.

`examine()` walks through a case's steps: plan, approve, apply, plan again. LOOKING properties judge what was
seen in a step; TRYING properties run something more on a copy made before the step was applied.
"""
import copy
import json
import random
import re

import opinion
import program

ORDER = ("delete", "suspend", "revoke", "grant", "reactivate", "update", "create")
TAKING = ("delete", "suspend", "revoke")


class Broken(Exception):
    """A property does not hold."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class Seen:
    """A step, as it went. Worlds are what program.accounts() makes of an organisation."""

    def __init__(self, case, number):
        self.case = case
        self.number = number
        self.step = case["steps"][number]
        self.config = program.config_of(case, self.step)
        self.before = self.plan = self.result = self.after = self.again = None
        self.allowed = []    # --allow …, as the refused plan asked for it
        self.opinion = None  # opinion.Opinion, where there is one
        self.faults = 0      # durable steps of the run, when the program counts them
        self.links = {}      # (target id, source): digest of the id it was linked to before this step

    @property
    def world(self):
        return program.accounts(self.before)

    @property
    def world_after(self):
        return program.accounts(self.after)

    def options(self):
        options = list(self.step.get("options", ())) + self.allowed
        for address in self.step.get("same_person", ()):
            options += ["--same-person", address]
        return options


def canonical(address):
    """As zsctl compares addresses: ASCII in lower case, domains as A-labels."""
    local, _, domain = address.rpartition("@")
    domain = domain.encode("idna").decode() if not domain.isascii() else domain
    return "".join(c.lower() if c.isascii() else c for c in f"{local}@{domain}")


def matches(pattern, text):
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern.lower())
    return re.fullmatch(expression, text.lower(), re.S) is not None


def demand(condition, name, text):
    if not condition:
        raise Broken(name, text() if callable(text) else text)


# --- what is seen in each step ----------------------------------------------------------------------------


def applied_is_plan(seen):
    """What is different after apply is what the plan says, to the delegate and the alias: nothing
    happens that was not reviewed, and all of what was reviewed happens."""
    world, after = seen.world, seen.world_after
    at = {one["address"]: key for key, one in world.items()}
    at_after = {one["address"]: key for key, one in after.items()}
    refused = {change: text for change, outcome, text in seen.result if outcome != "done"}
    wanted = copy.deepcopy(world)
    for change in seen.plan["changes"]:
        if f"{change['action']}: {change['kind']} {change['address']}" in refused:
            return
        if change["action"] == "create":
            key = at_after.get(change["address"])
            demand(key and key not in world, "applied_is_plan", f"{change['address']} was not created")
            wanted[key] = {"kind": change["kind"], "address": change["address"], "active": True, "name": None,
                           "unit": None, "mobile": None, "aliases": set(), "delegates": set(),
                           "key": after[key]["key"]}
    for change in seen.plan["changes"]:
        foresee(change, wanted, at, at_after, after)
    # Whom the target does not count may be left out of a list that is sent.
    for key, one in wanted.items():
        if one["kind"] == "functional":
            one["active"] = bool({d for d in one["delegates"] if d in wanted} & after.get(key, one)["delegates"])
        one["delegates"] = {d for d in one["delegates"] if wanted.get(d, {}).get("active")}
    for one in after.values():
        one["delegates"] = {d for d in one["delegates"] if after[d]["active"]}
    compare_worlds("applied_is_plan", wanted, after)


def foresee(change, wanted, at, at_after, after):
    """Does to the world what the entry says."""
    action, kind = change["action"], change["kind"]
    key = (at_after if action == "create" else at).get(change["address"])
    demand(key is not None, "applied_is_plan", f"{action} of {change['address']}, which is not there")
    one = wanted[key]
    demand(one["kind"] == kind, "applied_is_plan", f"{change['address']} is no {kind}")
    if action == "delete":
        del wanted[key]
        return
    if action == "suspend" and kind == "user":
        one["active"] = False
        if (change.get("sso_key") or "").startswith("hmac:"):
            one["key"] = after[key]["key"] if key in after else None
        return
    if action == "suspend":
        one["delegates"] = set()
        return
    if action == "reactivate":
        one["active"] = True
    for name in ("name", "unit", "mobile"):
        if change.get(name):
            one[name] = None if change[name]["to"] == "/" else change[name]["to"]
    if change.get("new_address"):
        one["address"] = change["new_address"]["to"]
    one["aliases"] |= set(change["aliases"]["add"])
    one["aliases"] -= set(change["aliases"]["remove"])
    for pair in change["delegates"]["remove"]:
        one["delegates"].discard(at.get(pair["address"]))
    for pair in change["delegates"]["add"]:
        demand(pair["address"] in at_after, "applied_is_plan", f"{pair['address']} is nobody")
        one["delegates"].add(at_after[pair["address"]])
    if change.get("sso_key"):
        one["key"] = after[key]["key"] if key in after else None


def compare_worlds(name, wanted, after):
    for key in sorted(set(wanted) | set(after)):
        demand(wanted.get(key) == after.get(key), name,
               lambda key=key: f"{key} should be {wanted.get(key)}, is {after.get(key)}")


def settled(seen):
    """A plan after apply is empty but for recorded refusals and manual work; and for what waited for an address
    of an account that was deleted."""
    again = seen.again
    freed = {address for change in seen.plan["changes"] if change["action"] == "delete"
             for one in seen.world.values() if one["address"] == change["address"]
             for address in {one["address"]} | one["aliases"]}
    claimed = [{c["address"], (c["new_address"] or {}).get("to"), *c["aliases"]["add"]} for c in again["changes"]
               if c["action"] != "suspend"]
    if any(freed & addresses for addresses in claimed):
        return
    # With `update: false` an alias stays that a reactivation takes away: whoever needs it comes after a suspension.
    kept = {kind for kind, one in seen.config.get("actions", {}).items() if not one.get("update", True)}
    gone = {c["address"] for c in seen.plan["changes"] if c["action"] == "suspend" and c["kind"] in kept}
    if any(c["action"] == "reactivate" and c["address"] in gone and c["aliases"]["remove"] for c in again["changes"]):
        return
    demand(not again["changes"], "settled", lambda: f"changes again: {json.dumps(again['changes'], indent=1)}")
    demand(not again["adopt"], "settled", lambda: f"adopts again: {again['adopt']}")
    demand(not again["policy"], "settled", lambda: f"policy again: {again['policy']}")


def all_done(seen):
    """Nothing is refused by the target: addresses are free and delegates exist when they are needed."""
    guests = seen.before.get("guests")
    for change, outcome, text in seen.result:
        demand(outcome == "done" or guests and "guest" in text, "all_done", f"{change}: {outcome} {text}")


def taken_first(seen):
    """Entries that only take away are never behind ones that give."""
    ranks = [ORDER.index(change["action"]) for change in seen.plan["changes"]]
    demand(ranks == sorted(ranks), "taken_first", [c["action"] for c in seen.plan["changes"]])
    for change in seen.plan["changes"]:
        gives = change["delegates"]["add"] or change["reads"]
        demand(not (gives and change["action"] in TAKING), "taken_first", f"{change['action']} that gives")
        takes = change["action"] in TAKING or change["action"] == "grant"
        demand(takes or change["action"] in ("create", "reactivate") or not change["delegates"]["remove"],
               "taken_first", f"{change['action']} that takes away")


def visible(config, one):
    """In scope."""
    scope = config["target"].get("scope", {})

    def among(patterns):
        for pattern in patterns:
            if isinstance(pattern, dict) and "unit" in pattern:
                if one["unit"] == pattern["unit"]:
                    return True
            elif matches("*" + pattern if pattern.startswith("@") else pattern, one["address"]):
                return True
        return False
    return not among(scope.get("exclude", ())) and ("include" not in scope or among(scope["include"]))


def same_account(seen, key, name, why):
    """Equal but for what others' deletion and renaming does in the target."""
    world, after = seen.world, seen.world_after
    one, now = world[key], after.get(key)
    demand(now is not None, name, f"{why} {one['address']} is gone")
    one["delegates"] = {d for d in one["delegates"] if d in after}
    # A functional account falls asleep with its last delegate.
    one["active"] = now["active"] if one["kind"] == "functional" else one["active"]
    demand(one == now, name, f"{why} {one} became {now}")


def protected_stays(seen):
    """A protected account never changes."""
    for key, one in seen.world.items():
        if any(matches(p, one["address"]) for p in seen.config["target"].get("protect", ())):
            same_account(seen, key, "protected_stays", "protected")


def invisible_stays(seen):
    """An account outside the scope never changes, and nothing of it is in the plan."""
    for key, one in seen.world.items():
        if not visible(seen.config, one):
            same_account(seen, key, "invisible_stays", "out of scope")


def held_stays(seen):
    """Whatever exists for a held entry stays as it is; what needs a person is not done without one."""
    at = {(one["kind"], one["address"]): key for key, one in seen.world.items()}
    # Accounts that are some other entry's, by the id that is recorded.
    others = {change["id"] for change in seen.plan["changes"] for link in change["links"]
              if link["digest"] and seen.links.get((change["id"], link["source"])) == link["digest"]}
    for held in seen.plan["held"]:
        kind, address = held["account"].split(" ", 1)
        key = at.get((kind, address))
        if key and key not in others and known_by_id(seen, kind, address) in (None, key):
            same_account(seen, key, "held_stays", "held")


def known_by_id(seen, kind, address):
    """The account that an entry is by the id that is recorded for it; None."""
    record = seen.opinion.organisation.record if seen.opinion else {}
    for source, document in seen.step["sources"].items():
        for entry in document.get("users" if kind == "user" else "functional", ()):
            for key, one in record.items() if canonical(entry["address"]) == address and "id" in entry else ():
                if one.links.get(source) == str(entry["id"]):
                    return key
    return None


def stranger_stays(seen):
    """An account that no source ever listed never changes, but where suspend is `always`."""
    mentioned = set()
    for step in seen.case["steps"][:seen.number + 1]:
        for document in step["sources"].values():
            mentioned |= set(re.findall(r'"([^" ]+@[^" ]+)"', json.dumps(document, ensure_ascii=False)))
    mentioned = {canonical(address) for address in mentioned}
    for key, one in seen.world.items():
        always = seen.config.get("actions", {}).get(one["kind"], {}).get("suspend") == "always"
        if not always and not ({one["address"]} | one["aliases"]) & mentioned and key in seen.never_managed:
            same_account(seen, key, "stranger_stays", "unmanaged")


def unmanaged_stays(seen):
    """An attribute that no source has an opinion on is in no update."""
    opinions = {}
    for source in seen.config["sources"]:
        document = seen.step["sources"].get(source["name"], {})
        for kind in ("users", "functional"):
            for entry in document.get(kind, ()):
                keys = set(entry) & set(source["manage"]) if "manage" in source else set(entry)
                opinions.setdefault((kind == "users", canonical(entry["address"])), set()).update(keys)
    for change in seen.plan["changes"]:
        if change["action"] in ("delete", "suspend"):
            continue
        address = (change.get("new_address") or {}).get("to") or change["address"]
        known = opinions.get((change["kind"] == "user", address), set())
        leaving = {pair["address"] for pair in change["delegates"]["remove"] if pair["why"] != "suspended by this plan"}
        for name, differs in (("aliases", change["aliases"]["add"] or set(change["aliases"]["remove"]) - {address}),
                              ("delegates", change["delegates"]["add"] or leaving),
                              ("unit", change.get("unit")), ("mobile", change.get("mobile")),
                              ("sso_key", change.get("sso_key"))):
            demand(not differs or name in known, "unmanaged_stays",
                   f"{change['action']} {change['address']}: {name} is nobody's opinion")


def predecessors_mail(seen):
    """Nobody reads the mail of a predecessor without --same-person: an account that a run has recorded
    under one id of a source gives nothing to an entry of that source with another id, unless another source
    still knows it by the id it had."""
    confirmed = {canonical(address) for address in seen.step.get("same_person", ())}
    world = seen.world
    at = {one["address"]: key for key, one in world.items()}
    was = {canonical(e["was"]) for d in seen.step["sources"].values() for kind in ("users", "functional")
           for e in d.get(kind, ()) if "was" in e}
    for change in seen.plan["changes"]:
        if change["action"] in TAKING or change["action"] == "create":
            continue
        known = {link["source"]: seen.links.get((at[change["address"]], link["source"])) for link in change["links"]}
        if any(link["digest"] and link["digest"] == known[link["source"]] for link in change["links"]):
            continue
        for link in change["links"]:
            before = known[link["source"]]
            address = (change.get("new_address") or {}).get("to") or change["address"]
            demand(not (before and link["digest"] and before != link["digest"]) or address in confirmed
                   or change["address"] in was,
                   "predecessors_mail", f"{change['action']} {change['address']} for another person")


def requests_as_stated(seen):
    """A suspend, an update and a delete are one request; a create two, or one without aliases and delegates;
    more only where addresses or delegates go round."""
    least, round_ = 0, 0
    claims, frees = {}, {}
    reading = {}  # account: who reads it again
    for change in seen.plan["changes"]:
        for account in change["reads"]:
            reading.setdefault(account, set()).add((change.get("new_address") or {}).get("to") or change["address"])
    for number, change in enumerate(seen.plan["changes"]):
        create = change["action"] == "create"
        least += 2 if create and (change["aliases"]["add"] or change["delegates"]["add"]) else 1
        renamed = change.get("new_address")
        claims[number] = set(change["aliases"]["add"]) | ({renamed["to"]} if renamed else set())
        claims[number] |= {change["address"]} if create else set()
        frees[number] = set(change["aliases"]["remove"]) | ({change["address"]} if renamed else set())
        # A new address, or an account that comes, is something its delegations wait for.
        if renamed or change["action"] in ("create", "reactivate"):
            frees[number] |= {"as " + (renamed["to"] if renamed else change["address"])}
        claims[number] |= {"as " + pair["address"] for pair in change["delegates"]["add"]}
        # A list that is sent drops who is suspended: who reads again comes first.
        if change["action"] != "create" and (change["aliases"]["add"] or change["delegates"]["add"]):
            claims[number] |= {"as " + reader for reader in reading.get(change["address"], ())}
    for number, change in enumerate(seen.plan["changes"]):
        # Who comes back must not find access that another entry takes away.
        back = [n for pair in change["delegates"]["remove"] for n, other in enumerate(seen.plan["changes"])
                if other["action"] == "reactivate" and other["address"] == pair["address"]]
        for other in back:
            frees[number] |= {f"not at {change['address']}"}
            claims[other] |= {f"not at {change['address']}"}
    round_ = len(going_round(claims, frees))
    writes = seen.plan["requests"]["writes"]
    demand(least <= writes <= least + round_, "requests_as_stated",
           f"{writes} requests, not {least}" + (f" to {least + round_}" if round_ else ""))


def going_round(claims, frees):
    """Entries that wait for themselves."""
    waits = {a: {b for b in frees if a != b and claims[a] & frees[b]} for a in claims}
    # What waits for nothing, or is waited for by nobody, is not in a circle.
    changed = True
    while changed:
        awaited = set().union(*waits.values()) if waits else set()
        done = {a for a in waits if not waits[a] or a not in awaited}
        changed = bool(done)
        waits = {a: b - done for a, b in waits.items() if a not in done}
    return waits


def second_opinion(seen):
    """zsctl's plan says of each account what the second opinion (rules.py) says: what becomes of it, who is
    manual or held, what is adopted, and which limits refuse."""
    found = seen.opinion.differences(seen.plan)
    demand(not found, "second_opinion", "\n".join(found))


def as_reviewed(seen):
    """The organisation after apply is the one that the second opinion (rules.py) foresees."""
    if seen.opinion:
        found = seen.opinion.different_result(seen.before, seen.after)
        demand(not found, "as_reviewed", "\n".join(found))


LOOKING = (all_done, applied_is_plan, as_reviewed, settled, taken_first, protected_stays, invisible_stays, held_stays,
           stranger_stays, unmanaged_stays, predecessors_mail, requests_as_stated)


# --- what is tried on a copy ------------------------------------------------------------------------------


def any_order(seen, place, rng):
    """The plan does not depend on the order of sources' entries, of the target's list, or of files."""
    other = place.copy("order")
    organization = copy.deepcopy(seen.before)
    rng.shuffle(organization["users"])
    rng.shuffle(organization["groups"])
    other.write_organization(organization)
    for source, document in seen.step["sources"].items():
        shuffled = {key: rng.sample(rows, len(rows)) for key, rows in document.items() if isinstance(rows, list)}
        if "groups" in document:
            shuffled["groups"] = dict(rng.sample(list(document["groups"].items()), len(document["groups"])))
        other.write(f"{source}.yaml", program.declared_text(dict(rng.sample(list(shuffled.items()), len(shuffled)))))
    done, _ = other.plan(seen.step, seen.number, *seen.options())
    demand(done.status == 0, "any_order", f"ends with {done.status}: {done.err}")
    wanted, got = place.read("plan.yaml"), other.read("plan.yaml")
    other.remove()
    demand(wanted == got, "any_order", lambda: difference(wanted, got))


def difference(wanted, got):
    import difflib
    return "\n".join(difflib.unified_diff(wanted.splitlines(), got.splitlines(), "plan", "the other", lineterm=""))


def any_parallel(seen, place, rng):
    """The organisation afterwards does not depend on how many requests are under way at once, and
    none of them is refused."""
    for parallel in (1, 2, 8):
        if parallel == seen.config["target"]["parallel"]:
            continue
        other = place.copy("parallel")
        config = copy.deepcopy(seen.config)
        config["target"]["parallel"] = parallel
        other.write("zsctl.yaml", program.config_text(config))
        done, plan = other.plan(seen.step, seen.number, *seen.options())
        demand(done.status == 0, "any_parallel", f"at {parallel}: the plan ends with {done.status}: {done.err}")
        other.approve(plan)
        done = other.apply(seen.step, seen.number)
        result, after = other.result(), program.accounts(other.organization())
        other.remove()
        demand(result == seen.result, "any_parallel", lambda: f"at {parallel}: {done.err}{result}, not {seen.result}")
        compare_worlds("any_parallel", seen.world_after, after)


def any_prefix(seen, place, rng, at=None):
    """Killed at any durable step, then continued, or closed and planned anew, it ends in the same organisation;
    and as long as anything that only takes away is not done, nothing is given."""
    at = at or rng.randint(1, max(seen.faults, 1))
    # Where updates or reactivations are switched off or left out, a closed run's half-made create stays half-made;
    # and what waits for a deleted account's address comes with the next plan.
    kept = any(not kind.get("update", True) or kind.get("reactivate") == "never"
               for kind in seen.config.get("actions", {}).values()) or "--only" in seen.step.get("options", ()) \
        or any(change["action"] == "delete" for change in seen.plan["changes"])
    close = rng.random() < 0.5 and not kept
    other = place.copy("prefix")
    other.approve(seen.plan)
    try:
        killed = other.apply(seen.step, seen.number, ZSCTL_FAULT_AT=str(at))
        if killed.status >= 0:
            return
        partly_given(seen, program.accounts(other.organization()), at)
        begun = other.exists("plan.result.yaml")
        done = other.apply(seen.step, seen.number, *(["--close"] if close else []))
        demand(done.status in (0, 3, 5, 6), "any_prefix", f"continued after {at}: {done.status} {done.err}")
        if close:
            finish(seen, other, at)
        compare_settled("any_prefix", f"killed at {at}, {'closed' if close else 'continued'}", seen.world_after,
                        program.accounts(other.organization()))
    finally:
        other.remove()


def finish(seen, other, at):
    """A new plan after a closed run, and its execution. What a limit allowed, it allows again."""
    options = seen.options()
    done, plan = other.plan(seen.step, seen.number + 16, *options, file="rest.yaml")
    if done.status == 4:
        options += allow(plan)
        done, plan = other.plan(seen.step, seen.number + 16, *options, file="rest.yaml")
    demand(done.status == 0, "any_prefix", f"planned after {at}: {done.status} {done.err}")
    if plan["changes"] or plan["adopt"] or plan["policy"]:
        other.approve(plan, file="rest.yaml")
        done = other.apply(seen.step, seen.number + 16, file="rest.yaml")
        demand(done.status == 0 or seen.before.get("guests"), "any_prefix",
               f"finished after {at}: {done.status} {done.err}")


def compare_settled(name, what, wanted, got):
    """By address: a create that was begun twice has an id of its own."""
    def by_address(world):
        return {one["address"]: {**one, "delegates": {world[d]["address"] for d in one["delegates"]
                                                      if world[d]["active"]}} for one in world.values()}
    wanted, got = by_address(wanted), by_address(got)
    for address in sorted(set(wanted) | set(got)):
        demand(wanted.get(address) == got.get(address), name,
               f"{what}: {address} should be {wanted.get(address)}, is {got.get(address)}")


def partly_given(seen, now, at):
    """A prefix of the execution: somebody can read what he could not, only when all is taken that is to be."""
    before, end = program.readers(seen.world), program.readers(seen.world_after)
    given = program.readers(now) - before
    leaving = {c["address"] for c in seen.plan["changes"] if c["action"] == "suspend"}
    # One that claims an address, too, does not only take away: it waits until that is free.
    emptied = leaving | {c["address"] for c in seen.plan["changes"] if c["action"] == "revoke"
                         and not c["aliases"]["add"] and not c.get("new_address")}
    if not given:
        return
    still = {(key, reader) for key, reader in (program.readers(now) & before) - end
             if seen.world[key]["address"] in emptied or seen.world[reader]["address"] in leaving}
    demand(not still, "any_prefix", f"killed at {at}: given {given}, and not yet taken {still}")


def allow_is_exact(seen, place, rng):
    """What a refused plan asks to add lets it pass, and nothing less does."""
    if not seen.allowed:
        return
    which = rng.randrange(1, len(seen.allowed), 2)
    rule, _, number = seen.allowed[which].partition("=")
    if int(number) < 1:
        return
    options = seen.options()
    options[options.index(seen.allowed[which])] = f"{rule}={int(number) - 1}"
    done, _ = place.plan(seen.step, seen.number, *options, file="less.yaml")
    demand(done.status == 4, "allow_is_exact", f"with {rule}={int(number) - 1} it ends with {done.status}")


TRYING = (any_order, any_parallel, any_prefix, allow_is_exact)
PROPERTIES = LOOKING + TRYING


def allow(plan):
    """The options that the refusals ask for."""
    most = {}
    for text in plan["refused"]:
        for rule, number in re.findall(r"--allow ([^ =]+)=(\d+)", text):
            most[rule] = max(most.get(rule, 0), int(number))
    return [word for rule, number in most.items() for word in ("--allow", f"{rule}={number}")]


# --- a whole case -----------------------------------------------------------------------------------------


class Examination:
    """A case, walked through. `only`: the one property that matters; `thorough`: it is tried in every way."""

    def __init__(self, zsctl, folder, case, only=None, thorough=False):
        self.place = program.Place(zsctl, f"{folder}/case")
        self.case = case
        self.only = only
        self.thorough = thorough
        self.rng = random.Random(case["seed"])
        self.links = {}
        # What the service refuses for good is beyond the second opinion.
        self.opinion = None if case["organization"].get("guests") else opinion.Opinion()
        self.ever = set()        # target ids that a plan has touched or adopted
        self.counts = {"steps": 0, "invalid": 0, "refused": 0, "changes": 0, "nothing": 0}

    def run(self):
        """Raises Broken."""
        try:
            self.place.remove()
            self.place.begin(self.case)
            tries = self.rng.randrange(len(self.case["steps"]))
            for number in range(len(self.case["steps"])):
                self.step(number, self.thorough or number == tries)
        finally:
            self.place.remove()
        return self.counts

    def step(self, number, trying):
        seen = Seen(self.case, number)
        self.place.set_up(self.case, seen.step)
        seen.before = self.place.organization()
        seen.links = dict(self.links)
        seen.opinion = self.opinion
        self.counts["steps"] += 1
        if not self.plan(seen):
            self.counts["invalid"] += 1
            demand(self.place.organization() == seen.before, "exit_status", "a failed plan changed something")
            return
        if not (seen.plan["changes"] or seen.plan["adopt"] or seen.plan["policy"]) and number:
            self.counts["nothing"] += 1
            return
        start = self.place.copy("start") if trying else None
        self.place.approve(seen.plan)
        self.apply(seen)
        touched = {c["id"] for c in seen.plan["changes"]} | {a["id"] for a in seen.plan["adopt"]}
        seen.never_managed = set(seen.world) - self.ever - {None}
        self.ever |= touched | (set(seen.world_after) - set(seen.world))
        for look in LOOKING:
            if self.only in (None, look.__name__):
                look(seen)
        for attempt in TRYING if trying else ():
            if self.only in (None, attempt.__name__):
                self.attempt(attempt, seen, start)
        self.note_links(seen)
        if self.opinion and self.opinion.verdict:
            self.opinion.applied(seen.after)

    def plan(self, seen):
        """False when the step cannot be planned: its files are wrong, which the messages say."""
        done, seen.plan = self.place.plan(seen.step, seen.number, *seen.options())
        if seen.opinion and self.only in (None, "second_opinion", "as_reviewed"):
            seen.opinion.plan(seen.config, seen.step, seen.before)
            second_opinion(seen)
        if done.status == 4:
            self.counts["refused"] += 1
            if any(text.startswith("delete: ") for text in seen.plan["refused"]):
                return False         # no --allow helps, only another configuration
            seen.allowed = allow(seen.plan)
            demand(seen.allowed or "--allow" not in done.out, "exit_status", "refused without a way out")
            done, seen.plan = self.place.plan(seen.step, seen.number, *seen.options())
            demand(done.status != 4, "allow_is_exact", lambda: f"{seen.allowed}: still {seen.plan['refused']}")
        demand(done.status in (0, 1, 64) and "Sanitizer" not in done.err, "exit_status",
               lambda: f"plan ends with {done.status}: {done.err}")
        demand(done.status == 0 or "error" in done.err, "exit_status", "a plan fails without a word")
        return done.status == 0

    def apply(self, seen):
        log = f"{self.place.path}/faults"
        done = self.place.apply(seen.step, seen.number, ZSCTL_FAULT_LOG=log)
        demand(done.status in (0, 6), "exit_status", f"apply ends with {done.status}: {done.err}")
        if self.place.exists("faults"):
            seen.faults = len(self.place.read("faults").split())
            self.place.write("faults", "")
        seen.result, seen.after = self.place.result(), self.place.organization()
        self.counts["changes"] += len(seen.result)
        options = [o for o in seen.options() if not o.startswith("--refresh")]
        done, seen.again = self.place.plan(seen.step, seen.number + 8, *options, file="again.yaml")
        demand(done.status in (0, 4), "exit_status", f"the plan after apply ends with {done.status}: {done.err}")

    def attempt(self, attempt, seen, start):
        if attempt is not any_prefix or not self.thorough:
            attempt(seen, start, self.rng)
            return
        for at in range(1, seen.faults + 1):
            for _ in range(4):
                any_prefix(seen, start, self.rng, at)

    def note_links(self, seen):
        at = {one["address"]: key for key, one in seen.world.items()}
        at_after = {one["address"]: key for key, one in seen.world_after.items()}
        for adopt in seen.plan["adopt"]:
            if adopt["link"]:
                self.links[adopt["id"], adopt["source"]] = adopt["link"]
        for change in seen.plan["changes"]:
            key = (at_after if change["action"] == "create" else at).get(change["address"])
            for link in change["links"]:
                if link["digest"]:
                    self.links[key, link["source"]] = link["digest"]


def examine(zsctl, folder, case, only=None, thorough=False):
    """None and what was counted, or how it is broken."""
    examination = Examination(zsctl, folder, case, only, thorough)
    try:
        return None, examination.run()
    except Broken as broken:
        return broken, examination.counts
