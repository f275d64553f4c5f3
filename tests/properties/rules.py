"""A second opinion on zsctl's rules: slow, obvious, and written from the documentation alone.

Given what the sources declare, what the target holds and what earlier runs have left behind, it says what
the organisation must be after the next run, which changes lead there, what only a person can do, and which
limits refuse. Nothing here knows how zsctl computes it: every rule is a function over sets, in the order and
with the words of the documentation ("What becomes of an account"), so that an administrator who reads Python
can hold the two beside each other. It is quadratic and worse: organisations in tests have some 15 accounts.

Left out: the service's refusals (guest aliases), approvals, and the texts of plans. An account key is known by
the reference to it (`{file: keys/jane}`): what lies there does not change here.
"""
import dataclasses
import datetime
import re

USER, FUNCTIONAL = "user", "functional"
LOST = "lost"
KINDS = (USER, FUNCTIONAL)
SETS = ("aliases", "delegates")
SCALARS = ("name", "mobile", "unit", "sso_key", "active")

SCIM_USER = "urn:ietf:params:scim:schemas:zivver:0.1:User"
SCIM_GROUP = "urn:ietf:params:scim:schemas:zivver:0.1:Group"
SCIM_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

DEFAULT_LIMITS = {"create": "10%", "update": "10%", "suspend": "10%", "reactivate": "2%", "keys": "10%",
                  "held": "5%", "grant": 100, "revoke": 200, "source_shrink": "10%", "target_shrink": "5%"}
DEFAULT_FREE = 5
DEFAULT_ACTIONS = {"create": True, "update": True, "suspend": "recorded", "reactivate": "recorded"}


# ---------------------------------------------------------------------------------------------------------
# Where the documentation is silent: one place for all of it. Each is the safest reading that could be found;
# the code below refers to them by their number.
#
# S1. `active` of a declared account has a default. It is an opinion only where it (or `until`) is written; so a later
#   source that says inactive is heard when an earlier one merely lists the account.
# S2. Sources disagree on the kind: the entries of the later kind are held, with what their ids lead to; the first
#   one's go on.
# S3. Two sources claim one address for two accounts: the account whose claim comes from the later source is held, as
#   a whole.
# S4. `was:` counts once: not when an account at the entry's own address is its by now, or was and somebody has
#   deleted it since. Is that one a stranger, and the earlier account listed until now, the rename is meant, and its
#   address taken. One that is another entry's address is an error in one source; in two, both are held. Of two that
#   name the same earlier address the one of the later source is held.
# S5. An entry without id whose account was renamed in the portal is still that account: the record says so, for as
#   long as the source lists it so, unless another entry wants the address the account has now. One that follows to
#   the new address is linked anew.
# S6. An entry that lost its id goes on being the account at its address that is recorded under one: a source that
#   loses its ids must not read as a hundred leavers. A suspended one it does not open: manual, as that may be another
#   person's by now.
# S7. Of an entry whose ids lead to two accounts the first source's id decides; the other account is manual, and
#   stays. Of two entries whose ids lead to one account the one by the first source's id is it; the other is manual.
#   As long as ids do not agree, no new ones are recorded.
# S8. A new account wanted outside the scope counts as absent; one that would leave it is manual. One whose recorded
#   account left the scope is manual: no second one is made, and none taken for it.
# S9. Addresses of accounts outside the scope are taken all the same, and delegates outside the scope stay, as
#   everything else that is not seen. A functional account read by one of them is active.
# S10. `protect` looks at the address an account has and at the one it should get.
# S11. A delegate named by an address is the account of the entry with that address, whatever address that account has
#   now; then of the entry with that alias; then an account of the target that will have it, unless it is an entry's
#   that should not have it. In one source an alias of its own entry means that entry. An entry whose account is not
#   known (held, manual) is nobody, and never whoever has the address meanwhile; but who reads already goes on
#   reading.
# S12. "Is suspended" is one that stays so: a reactivated account is known. The suspension of an account is held while
#   a new entry may be this account renamed; not when both have an id in one source (they are two), nor when their
#   kinds differ, nor when another entry is the account. Nor is such an account deleted; it is manual, too, and stays
#   with all that it can read.
# S13. An address that another account has as alias and keeps is as taken as a primary one. An account whose primary
#   address is taken, or swapped, is manual as a whole.
# S14. `suspend: never` also keeps accounts that are listed as inactive.
# S15. A suspension changes nothing else of the account: names, aliases stay.
# S16. Reactivated, an account gets its managed attributes in the same request; as delegate it regains what unmanaged
#   lists of other accounts still say. Where the list of another account changes anyway, who is in it and comes back
#   is added anew: the service drops suspended delegates that it is sent.
# S17. The current state of a functional account is what the service says: active with members.
# S18. Creates' delegates do not count as grants (there is no mail yet); suspended accounts' delegations do not count
#   as revokes. Those added by a reactivation count, and so does what a reactivated person reads again.
# S19. `update` counts the active accounts of which more changes than delegates, also in a reactivation; `keys` those
#   of accounts that go on being active which the record does not know as sent.
# S20. "revoke" is an update that removes delegates and adds none, whatever else it changes.
# S21. --include and --exclude look at both addresses of an account that is renamed, after it is known who is who.
#   --only leaves accounts alone that would get another action; then all is computed anew. What is manual is so about
#   an action, too, but for a kind that differs.
# S22. What is manual as a whole is not adopted; what gets a change is linked by that change. An entry without id
#   whose account is suspended, and so wanted, is not adopted either, nor one whose account is active against its wish
#   (`suspend: never`). What counts as absent (unclaimed) still tells by its ids whose the account is that a run
#   knows.
# S23. `reactivate: never`: neither a change, nor manual, nor an adoption.
# S24. Percentages are rounded down; `free` does not raise a limit given as a number.
# S25. An account that is only listed as inactive was not "had as desired" by that run; the first that has it so
#   adopts it.
# S26. A delegation past its last day is not listed any more for `source_shrink`.
# S27. A limit on grants or revokes of one kind is judged on that kind alone, beside nothing else.
# S28. An entry is a delegate by its address also where it counts as absent itself, and its account goes on
#   (unmanaged).
# S29. A create that is held for want of a key is one that would be made: not with `create: false`.
# S30. An alias outside the claimed domains that the account does not have yet is manual; the rest of the account goes
#   on.
# S31. `protect` that names nobody who is there is as good as empty: deletes are refused.
# S32. An account that was deleted outside and is created anew keeps the ids that the record has of it.
# S33. A functional account that a run's entry leaves without readers was suspended by that run.
# ---------------------------------------------------------------------------------------------------------


# Words

def address(text):
    """ASCII letters in lower case, the domain as A-labels; everything else is as it is."""
    local, at, domain = str(text).strip().rpartition("@")
    if any(ord(c) > 127 for c in domain):
        domain = domain.encode("idna").decode("ascii")
    return ascii_lower(local + at + domain)


def ascii_lower(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def domain_of(an_address):
    return an_address.rpartition("@")[2]


def matches(pattern, an_address):
    """* and ? stand for anything; @example.org for a domain."""
    pattern = ascii_lower(pattern)
    if pattern.startswith("@"):
        return domain_of(an_address) == domain_of(address("x" + pattern))
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, an_address, re.DOTALL) is not None


def day(text):
    return datetime.date.fromisoformat(str(text)[:10])


def moment(text):
    return datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))


def duration(text):
    number, unit = int(str(text)[:-1]), str(text)[-1]
    return datetime.timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[unit]: number})


@dataclasses.dataclass(eq=False)
class Wanted:
    """One desired account: what all sources together say of one address."""
    kind: str
    address: str
    ids: dict                       # listing source: its id for the account, or None
    was: set
    active: bool = True
    name: str = None                # None: not managed
    mobile: str = None
    unit: str = None
    aliases: set = None
    delegates: set = None           # as addresses
    key: str = None                 # the reference to it
    held: str = None                # why, if so
    entries: int = 1                # that are held, then
    absent: bool = False            # outside the claimed domains, or the scope
    outside: bool = False           # new, and outside the scope
    claims: dict = dataclasses.field(default_factory=dict)     # address: index of the source that says so


@dataclasses.dataclass(eq=False)
class Current:
    """One account as the target holds it."""
    id: str
    kind: str
    address: str
    name: str
    active: bool
    unit: str
    mobile: str
    aliases: set
    delegates: set                  # ids of users
    external: str = None
    visible: bool = True

    def addresses(self):
        return {self.address} | self.aliases


@dataclasses.dataclass
class Recorded:
    """What runs have left behind about one account of the target."""
    kind: str
    address: str
    links: dict                     # source: id or None (linked by its address)
    known_as: dict = dataclasses.field(default_factory=dict)   # source: the address it was linked by
    desired: bool = False           # some run had it as desired
    active: bool = True
    suspended_at: datetime.datetime = None      # by a run, and still so
    key: str = None                 # the one sent last; LOST: suspended without


@dataclasses.dataclass
class Change:
    action: str
    kind: str
    address: str                    # before the change
    key: str                        # id, or "new ADDRESS"
    new_address: str = None
    name: str = None
    unit: str = None
    mobile: str = None
    aliases_added: set = dataclasses.field(default_factory=set)
    aliases_removed: set = dataclasses.field(default_factory=set)
    delegates_added: set = dataclasses.field(default_factory=set)      # keys of accounts
    delegates_removed: set = dataclasses.field(default_factory=set)    # of those that stay active
    key_sent: str = None

    def what(self):
        return self.action, self.kind, self.address


@dataclasses.dataclass
class Verdict:
    now: str
    changes: list = dataclasses.field(default_factory=list)
    adopt: list = dataclasses.field(default_factory=list)      # (kind, address)
    manual: list = dataclasses.field(default_factory=list)     # (kind, address)
    held: list = dataclasses.field(default_factory=list)       # (kind, address)
    refused: list = dataclasses.field(default_factory=list)    # names of limits: "suspend user", "grant"
    errors: list = dataclasses.field(default_factory=list)     # not even a plan
    result: dict = dataclasses.field(default_factory=dict)
    readers: dict = dataclasses.field(default_factory=dict)
    why: dict = dataclasses.field(default_factory=dict)        # (kind, address): reasons for manual and held
    limits: dict = dataclasses.field(default_factory=dict)     # rule: (planned, allowed)
    links: dict = dataclasses.field(default_factory=dict)      # key: {source: id}; for `applied`
    listed: dict = dataclasses.field(default_factory=dict)     # source: (accounts, delegations)
    desired: set = dataclasses.field(default_factory=set)      # keys of accounts that this run has as desired

    def actions(self):
        return {change.what() for change in self.changes}


# The target, read

def read_target(target):
    """Accounts by id. Aliases and delegates of the target's JSON as sets; a group's own id is no member."""
    users = {u["id"]: u for u in target.get("users", [])}
    by_address = {address(u["userName"]): u["id"] for u in users.values()}
    accounts = {}
    for u in users.values():
        extra = u.get(SCIM_USER, {})
        named = {address(d) for d in extra.get("delegates") or []}
        accounts[u["id"]] = Current(
            u["id"], USER, address(u["userName"]), (u.get("name") or {}).get("formatted"), u.get("active", True),
            (u.get(SCIM_ENTERPRISE) or {}).get("division") or "/",
            ((u.get("phoneNumbers") or [{}])[0]).get("value") or None,
            {address(a) for a in extra.get("aliases") or []},
            {by_address[d] for d in named if d in by_address} - {u["id"]}, extra.get("ExternalAccountId"))
    for g in target.get("groups", []):
        extra = g.get(SCIM_GROUP, {})
        members = {m["value"] for m in g.get("members") or []} & set(users)
        accounts[g["id"]] = Current(
            g["id"], FUNCTIONAL, address(g["externalId"]), g.get("displayName"), bool(members),        # S17
            (g.get(SCIM_ENTERPRISE) or {}).get("division") or "/", None,
            {address(a) for a in extra.get("aliases") or []}, members, extra.get("ExternalAccountId"))
    return accounts


def describe(accounts):
    """{key: Current} as the plain `result` of a verdict: delegates are the active users among them."""
    active = {k for k, a in accounts.items() if a.kind == USER and a.active}
    return {k: {"kind": a.kind, "address": a.address,
                "active": a.active if a.kind == USER else bool(a.delegates & active),
                "name": a.name, "unit": a.unit or "/", "mobile": a.mobile or None,
                "aliases": set(a.aliases) - {a.address}, "delegates": a.delegates & active}
            for k, a in accounts.items()}


def observed(target, before=None):
    """What a target holds, in the form of Verdict.result; what it did not hold `before` is "new ADDRESS"."""
    accounts = read_target(target)
    known = read_target(before) if before is not None else accounts
    names = {k: k if k in known else f"new {a.address}" for k, a in accounts.items()}
    for a in accounts.values():
        a.delegates = {names[d] for d in a.delegates}
    return describe({names[k]: a for k, a in accounts.items()})


def readers(result):
    """account: who may read it: the person, while active, and the active delegates."""
    return {k: a["delegates"] | ({k} if a["kind"] == USER and a["active"] else set()) for k, a in result.items()}


# Sources: for each attribute of an account the first source that has an opinion wins

def entries_of(source, documents, today, errors):
    """One yaml source: [(kind, address, entry, opinions)]. What cannot be an account is an error in files."""
    groups = {}
    for document in documents:
        groups.update(document.get("groups") or {})
    found = []
    for document in documents:
        for kind, listed in ((USER, document.get("users")), (FUNCTIONAL, document.get("functional"))):
            for entry in listed or []:
                found.append((kind, address(entry["address"]), entry, opinions(entry, groups, today)))
    for place, (kind, its, entry, said) in enumerate(found):
        for kind2, its2, entry2, said2 in found[:place]:
            if ({its} | (said.get("aliases") or set())) & ({its2} | (said2.get("aliases") or set())):
                errors.append(f"{source}: {its}: duplicate address")
            if entry.get("id") is not None and str(entry.get("id")) == str(entry2.get("id")):
                errors.append(f"{source}: {its}: duplicate id")
            if entry.get("was") and address(entry["was"]) in (its2, address(entry2.get("was") or "@")) \
                    or entry2.get("was") and address(entry2["was"]) == its:
                errors.append(f"{source}: {its}: was is another account's")
    in_its_own_words(found)
    return found


def in_its_own_words(found):
    """An alias in a source is its entry's primary address, where it names delegates (S11)."""
    primaries = {its for _, its, *_ in found}
    own = {alias: its for _, its, _, said in found for alias in said.get("aliases") or () if alias not in primaries}
    for *_, said in found:
        if "delegates" in said:
            said["delegates"] = {own.get(d, d) for d in said["delegates"]}


def opinions(entry, groups, today):
    """What an entry has an opinion on. An empty set is a value, an empty scalar is none."""
    said = {}
    for attribute in ("name", "mobile", "unit", "sso_key"):
        if entry.get(attribute):
            said[attribute] = entry[attribute]
    if entry.get("aliases") is not None:
        said["aliases"] = {address(a) for a in entry["aliases"]}
    if entry.get("delegates") is not None:
        said["delegates"] = {d for one in entry["delegates"] for d in delegate_addresses(one, groups, today)}
    if "active" in entry or "until" in entry:                                                          # S1
        said["active"] = entry.get("active", True) is not False and in_force(entry, today)
    return said


def delegate_addresses(one, groups, today):
    one = one if isinstance(one, dict) else {"address": one}
    if not in_force(one, today):
        return set()
    group = one.get("group")
    if str(one.get("address", "")).startswith("group:"):
        group = one["address"][len("group:"):]
    if group is not None:
        return {d for member in groups[group] for d in delegate_addresses(member, {}, today)}
    return {address(one["address"])}


def in_force(one, today):
    """until: the last day, UTC."""
    return one.get("until") is None or today <= day(one["until"])


def merge_sources(config, declared, today, verdict):
    """The desired accounts, by address."""
    by_address, sources = {}, config["sources"]
    for index, source in enumerate(sources):
        name = source["name"]
        entries = entries_of(name, declared.get(name) or [], today, verdict.errors)
        verdict.listed[name] = (len(entries), sum(len(said.get("delegates") or ()) for *_, said in entries))
        for kind, its, entry, said in entries:
            by_address.setdefault(its, []).append((index, source, kind, entry, said))
    wanted = []
    for its, said_by in by_address.items():
        kinds = dict.fromkeys(kind for _, source, kind, *_ in said_by if "manage" not in source)
        for kind in kinds or ():            # else no source lists it
            same = [one for one in said_by if one[2] == kind]
            wanted.append(merge_account(its, same, config, verdict))
            if kind != next(iter(kinds)):
                wanted[-1].held, wanted[-1].entries = "sources disagree on the kind", len(same)        # S2
                wanted[-1].unit = wanted[-1].aliases = wanted[-1].key = None
        for kind in KINDS:
            same = [one for one in said_by if one[2] == kind]
            if kinds and kind not in kinds and same:
                wanted.append(Wanted(kind, its, {}, set(), held="sources disagree on the kind",        # S2
                                     entries=len(same)))
    claimed = (config.get("domains") or {}).get("claimed") or None
    for w in wanted:
        w.absent = claimed is not None and domain_of(w.address) not in {domain_of(address("x@" + d)) for d in claimed}
    candidates = [w for w in wanted if not w.held]
    hold_duplicates(candidates)
    hold_earlier(candidates)
    return wanted


def merge_account(its, said_by, config, verdict):
    listing = [(i, s, kind, entry, said) for i, s, kind, entry, said in said_by if "manage" not in s]
    account = Wanted(listing[0][2], its,
                     {s["name"]: str(entry["id"]) if entry.get("id") is not None else None
                      for _, s, _, entry, _ in listing},
                     {address(entry["was"]) for _, _, _, entry, _ in listing if entry.get("was")})
    account.claims[its] = listing[0][0]
    for attribute in SCALARS:
        values = [said[attribute] for _, s, _, _, said in said_by if attribute in may_say(s, said)]
        if values:
            if attribute == "sso_key":
                account.key = repr(values[0])
            else:
                setattr(account, attribute, values[0])
    for attribute in SETS:
        merge_set(account, attribute, said_by)
    if account.aliases is not None:
        ignored = {ascii_lower(d) for d in (config.get("domains") or {}).get("ignore_aliases") or []}
        account.aliases = {a for a in account.aliases if domain_of(a) not in ignored} - {its}
        account.claims = {a: i for a, i in account.claims.items() if a == its or a in account.aliases}
    return account


def may_say(source, said):
    """manage: only these attributes."""
    return {a for a in said if "manage" not in source or a in source["manage"]}


def merge_set(account, attribute, said_by):
    """adds: united with what others say."""
    values = [(i, attribute in (s.get("adds") or ()), said[attribute])
              for i, s, _, _, said in said_by if attribute in may_say(s, said)]
    if not values:
        return
    heard = [(i, value) for i, added, value in values if not added][:1] + \
            [(i, value) for i, added, value in values if added]
    setattr(account, attribute, set().union(*(value for _, value in heard)))
    if attribute == "aliases":
        for i, value in heard:
            for alias in value:
                account.claims.setdefault(alias, i)


def hold_duplicates(wanted):
    """An address belongs to one account, over primaries and aliases of both kinds."""
    for one in wanted:
        for other in wanted:
            for shared in set(one.claims) & set(other.claims) if one is not other else ():
                if one.claims[shared] >= other.claims[shared]:                                         # S3
                    one.held = "duplicate address"


def hold_earlier(wanted):
    for one in wanted:
        for other in wanted:
            later = one.claims[one.address] >= other.claims[other.address]
            if one is not other and (one.was & {other.address} or one.address in other.was
                                     or later and one.was & other.was):                                # S4
                one.held = "its earlier address is another one's, too"


def in_scope(scope, its, unit):
    def named(selectors):
        for selector in selectors:
            selector = selector if isinstance(selector, dict) else {"address": selector}
            if "address" in selector and matches(selector["address"], its) \
                    or "domain" in selector and domain_of(its) == domain_of(address("x@" + selector["domain"])) \
                    or "unit" in selector and unit == selector["unit"]:
                return True
        return False
    if scope.get("include") is not None and not named(scope["include"]):
        return False
    return not named(scope.get("exclude") or [])


class Organisation:
    """One organisation over time: its configuration and what runs have left behind."""

    def __init__(self, config):
        self.config = config
        self.record = {}            # id: Recorded
        self.listed = {}            # source: (accounts, delegations) of the last run
        self.seen = set()           # ids of all accounts in scope after the last run

    # -- a plan

    def plan(self, declared, target, now, options=None):
        return Plan(self, declared, target, now, options or {}).verdict

    # -- a run

    def applied(self, verdict, target_after):
        """The run happened. Its accounts are recorded as they are now; of others, what changed is observed."""
        after = read_target(target_after)
        done = {c.key: c.action for c in verdict.changes}
        sent = {c.key: c.key_sent for c in verdict.changes}
        for account in after.values():
            key = account.id if account.id in done or account.id in verdict.links else f"new {account.address}"
            if key not in done and key not in verdict.links:
                continue
            recorded = self.record.setdefault(account.id, Recorded(account.kind, account.address, {}))
            recorded.links = {**recorded.links, **verdict.links.get(key, {})}
            renewed = recorded.links if key in done and done[key] != "suspend" else verdict.links.get(key, {})
            recorded.known_as = {s: account.address for s in recorded.links if s in renewed} \
                | {s: a for s, a in recorded.known_as.items() if s not in renewed}
            if sent.get(key):
                recorded.key = sent[key]
            elif done.get(key) == "suspend" and recorded.key:
                recorded.key = LOST
        for key in list(self.record):
            if key not in after:
                del self.record[key]
        for account in after.values():
            recorded = self.record.get(account.id)
            if recorded is None:
                continue
            action = done.get(account.id) or done.get(f"new {account.address}")
            emptied = account.kind == FUNCTIONAL and action and recorded.active and not recorded.suspended_at   # S33
            if not account.active and (action == "suspend" or emptied):
                recorded.suspended_at = moment(verdict.now)
            elif account.active:
                recorded.suspended_at = None
            if account.id in verdict.desired or f"new {account.address}" in verdict.desired:
                recorded.desired = True
            recorded.kind, recorded.address, recorded.active = account.kind, account.address, account.active
        self.listed = dict(verdict.listed)
        scope = self.config["target"].get("scope") or {}
        self.seen = {c.id for c in after.values() if in_scope(scope, c.address, c.unit)}


class Plan:
    """One reckoning: desired × current × recorded → verdict."""

    def __init__(self, organisation, declared, target, now, options):
        self.organisation, self.config, self.options = organisation, organisation.config, options
        self.record, self.now = organisation.record, moment(now)
        self.verdict = Verdict(now)
        today = self.now.astimezone(datetime.timezone.utc).date()
        settings = self.config["target"]
        scope = settings.get("scope") or {}
        self.current = read_target(target)
        for c in self.current.values():
            c.visible = in_scope(scope, c.address, c.unit)
        self.wanted = merge_sources(self.config, declared, today, self.verdict)
        if settings.get("sign_in", "sso") != "sso":
            for w in self.wanted:
                w.key = None
        self.keys_in_use = settings.get("sign_in", "sso") == "sso" \
            and (any(w.key for w in self.wanted) or any(r.key for r in self.record.values()))
        if options.get("delete") and not settings.get("protect"):
            self.verdict.errors.append("delete: protect is empty")
        if self.verdict.errors:
            return
        self.match = {}             # wanted: id of the current account it is
        self.new_links = {}         # id: {source: id}
        self.blocked = {}           # wanted: why a person must act on the whole of it
        self.kept = {}              # id of a current account: why nothing happens to it
        self.maybe = set()          # ids of accounts that may be a new entry, renamed
        self.leaves_scope = set()   # wanted: its account would leave the scope
        self.disputed = set()       # ids of accounts of which the sources' ids do not agree
        self.no_alias = set()       # (wanted, alias): manual
        self.no_primary = set()     # wanted: the primary address is manual
        self.left_alone = set()     # keys that --only leaves out
        identity(self)
        for w in self.wanted:                                                                          # S8
            c = self.current.get(self.match.get(w))
            inside = in_scope(scope, w.address, w.unit or (c.unit if c else "/"))
            if c is None:
                w.outside = not inside
                w.absent = w.absent or not inside
            elif not inside and w.active and not w.held and c.kind == w.kind:
                self.leaves_scope.add(w)
        self.settle()
        judge(self)

    # -- who is who, the other way round

    def entry_of(self, c):
        return next((w for w, i in self.match.items() if i == c.id), None)

    def key(self, w):
        return self.match.get(w) or (f"held {w.kind} {w.address}" if w.held else f"new {w.address}")

    def action_setting(self, kind, name):
        return ((self.config.get("actions") or {}).get(kind) or {}).get(name, DEFAULT_ACTIONS[name])

    def pairs(self):
        """(current or None, wanted or None): each account once."""
        return [(c, self.entry_of(c)) for c in self.current.values()] + \
               [(None, w) for w in self.wanted if w not in self.match]

    # -- computed anew until nothing new stands in the way

    def settle(self):
        while True:
            self.reckon()
            if not (narrowed(self, True) or looks_like_a_rename(self)
                    or address_conflicts(self) or swaps(self) or narrowed(self, False)):
                return

    def reckon(self):
        """Decide all accounts, people first: whether a functional account is active follows from them."""
        self.decision, self.final = {}, {}
        for kind in KINDS:
            for c, w in self.pairs():
                if (c or w).kind == kind:
                    key = c.id if c else self.key(w)
                    self.decision[key] = (decide(self, c, w), c, w)
            for key, (action, c, w) in self.decision.items():
                if (c or w).kind == kind:
                    after = becomes(self, action, c, w)
                    if after is not None:
                        self.final[key] = after
        for key, (action, c, w) in self.decision.items():
            if key in self.final:
                self.final[key].delegates = delegates_after(self, action, c, w)

    def people_after(self):
        """Keys of the users that will be active."""
        return {k for k, a in self.final.items() if a.kind == USER and a.active}


# Identity, in passes

def identity(plan):
    by_recorded_id(plan)
    by_what_it_was(plan)
    by_recorded_address(plan)
    by_primary_address(plan)
    by_what_left_the_scope(plan)
    by_same_person(plan)


def recorded_ids(plan, account_id):
    recorded = plan.record.get(account_id)
    return {s: i for s, i in recorded.links.items() if i is not None} if recorded else {}


def by_recorded_id(plan):
    """(1) Recorded source ids; and the target's ExternalAccountId, where the record has none."""
    external_of = plan.config["target"].get("external_id")
    known = {(s, i) for account_id in plan.record for s, i in recorded_ids(plan, account_id).items()}
    leads_to = {}
    for w in plan.wanted:
        leads_to[w] = {s: c.id for s, i in w.ids.items() if i is not None
                       for c in plan.current.values() if recorded_ids(plan, c.id).get(s) == i
                       or s == external_of and c.external == i and (s, i) not in known
                       and s not in recorded_ids(plan, c.id)}
    for source in [s["name"] for s in plan.config["sources"]]:                                         # S7
        for w in plan.wanted:
            first = leads_to[w].get(source)
            if first is None or plan.match.get(w) == first:
                continue
            if first in plan.match.values() or w in plan.match:
                plan.disputed |= {first} | ({plan.match[w]} if w in plan.match else set())
            if w in plan.match:
                plan.kept.setdefault(first, "by its ids it is one with another account")
            elif first in plan.match.values():
                plan.blocked[w] = "another entry is this account"
            elif w not in plan.blocked or plan.blocked[w]:
                plan.blocked.pop(w, None)
                plan.match[w] = first
    plan.by_id = set(plan.match)
    for c in plan.match.values():
        plan.kept.pop(c, None)
    for w, c in list(plan.match.items()):
        link(plan, w, plan.current[c])
        if not plan.current[c].visible:                                                                # S8
            del plan.match[w]
            plan.blocked[w] = "its account left the scope"


def is_another_person(plan, w, c):
    """Recorded under another id."""
    return any(w.ids.get(s) not in (None, i) for s, i in recorded_ids(plan, c.id).items())


def same_person(plan, w):
    return w.address in {address(a) for a in plan.options.get("same_person") or []}


def links_missing(plan, w, c):
    """What the record does not know yet of the entry being this account."""
    links = plan.record[c.id].links if c.id in plan.record else {}
    return {s: i for s, i in w.ids.items() if s not in links or i is not None and links[s] != i
            or i is None and links[s] is None and c.address == w.address != plan.record[c.id].known_as.get(s)   # S5
            if i is None or c.id not in plan.disputed}


def link(plan, w, c):
    plan.match[w] = c.id
    new = links_missing(plan, w, c)
    if new:
        plan.new_links[c.id] = new


def free_accounts(plan):
    return [c for c in plan.current.values()
            if c.visible and c.id not in plan.match.values() and c.id not in plan.kept]


def open_entries(plan):
    return [w for w in plan.wanted if w not in plan.match and w not in plan.blocked]


def by_what_it_was(plan):
    """was: OLD@… does it once without an id (S4)."""
    found = True
    while found:
        found = [(w, c) for w in open_entries(plan) for c in free_accounts(plan) if c.address in w.was
                 and c.kind == w.kind and not has_moved(plan, w, c) and not is_another_than_hidden(plan, w, c)]
        for w, c in found[:1]:
            if is_another_person(plan, w, c) and not same_person(plan, w) and not w.held:
                plan.blocked[w] = "the address was another person's"
            else:
                link(plan, w, c)


def has_moved(plan, w, former):
    """The entry has, or had, an account at its own address by now; or one is there and nothing tells them apart."""
    def was_listed(recorded):
        return recorded is not None and set(recorded.links) & set(w.ids)

    if any(was_listed(r) for r in deleted_at_its_address(plan, w)):
        return True
    return any(c.address == w.address and (w.held or was_listed(plan.record.get(c.id))
                                           or not was_listed(plan.record.get(former.id)))
               for c in free_accounts(plan))


def by_recorded_address(plan):
    """An entry without id is the account the record has for it, also when it was renamed in the portal (S5)."""
    asked = {w.address for w in plan.wanted}
    for w in open_entries(plan):
        for c in free_accounts(plan):
            recorded = plan.record.get(c.id)
            if recorded and c.address not in asked and c.kind == w.kind \
                    and any(s in recorded.links and recorded.links[s] is None and recorded.known_as[s] == w.address
                            for s, i in w.ids.items() if i is None):
                link(plan, w, c)
                break


def by_primary_address(plan):
    """(2) Primary addresses, among accounts not yet matched that have no recorded id of that source."""
    for w in sorted(open_entries(plan), key=lambda w: w.held is not None):
        for c in free_accounts(plan):
            if c.address != w.address or w.absent and c.kind != w.kind or is_another_than_hidden(plan, w, c):
                continue
            if w.held or same_person(plan, w) or not is_another_person(plan, w, c):
                link(plan, w, c)            # what exists for a held entry stays: better once too often
            else:
                plan.blocked[w] = "the address was another person's"


def by_what_left_the_scope(plan):
    """An account of the entry that is out of scope by now is there all the same (S8)."""
    for w in open_entries(plan):
        if has_left_the_scope(plan, w):
            plan.blocked[w] = "its account left the scope"


def has_left_the_scope(plan, w):
    for c in plan.current.values():
        recorded = plan.record.get(c.id)
        if recorded and not c.visible and w.address in {recorded.address, *recorded.known_as.values()} and c.kind == w.kind \
                and set(recorded.links) & set(w.ids) and not is_another_person(plan, w, c):
            return True
    return False


def is_another_than_hidden(plan, w, c):
    """The entry's own account left the scope, so this one is another, whatever its address (S8)."""
    return w.active and not w.held and links_missing(plan, w, c) and has_left_the_scope(plan, w)


def by_same_person(plan):
    """--same-person makes of a create that looks like a rename an ordinary change; also where the account has an
    entry that does not want it active, and does not know it by an id. Each one found may leave another with one
    possibility only."""
    found = True
    while found:
        found = False
        for w in sorted(open_entries(plan), key=lambda w: (KINDS.index(w.kind), w.address)):
            leaving = [c for other, i in plan.match.items() for c in plan.current.values() if c.id == i and c.visible
                       and not other.active and not other.held and other not in plan.by_id]
            alike = [c for c in free_accounts(plan) + leaving if c.kind == w.kind and c.addresses() & set(w.claims)]
            if not (same_person(plan, w) and w.active and not w.held and len(alike) == 1):
                continue
            for other in [other for other, i in plan.match.items() if i == alike[0].id]:
                del plan.match[other]
                plan.new_links.pop(alike[0].id, None)
            for other in [other for other in plan.blocked if alike[0].address in {other.address} | other.was]:
                if plan.blocked[other] == "the address was another person's":
                    del plan.blocked[other]     # it is free now
            link(plan, w, alike[0])
            found = True


# What becomes of each account: the table

def decide(plan, c, w):
    """One row of the table: None, create, update, suspend, reactivate or delete."""
    if c is not None and not c.visible or c is not None and c.id in plan.kept:
        return None
    if is_protected(plan, c, w) or is_narrowed_out(plan, c, w):
        return None
    if w is not None and (w.held or w in plan.blocked):
        return None
    if w is not None and w.absent:
        w = None
    if c is not None and w is not None and c.kind != w.kind:
        return None
    active = w is not None and will_be_active(plan, c, w)
    if active and w in plan.leaves_scope:
        return None
    if c is None:
        if not active or not plan.action_setting(w.kind, "create"):
            return None
        return "create" if w.name is not None and not lacks_key(plan, c, w) else None
    if active and c.active:
        return "update" if plan.action_setting(c.kind, "update") and not lacks_key(plan, c, w) \
            and w not in plan.no_primary else None                                                     # S13
    if active:
        return "reactivate" if may_reactivate(plan, c) and not lost_its_id(plan, c, w) and w not in plan.no_primary \
            and not lacks_key(plan, c, w) else None                                                    # S13
    if c.active:
        return "suspend" if may_suspend(plan, c, w) else None
    return "delete" if may_delete(plan, c, w) else None


def lacks_key(plan, c, w):
    """A create needs a key, where keys are in use; a change does when the account had one."""
    if w.kind != USER or w.key:
        return False
    return plan.keys_in_use if c is None else c.id in plan.record and plan.record[c.id].key is not None


def is_protected(plan, c, w):
    """visible, never changed (S10)"""
    patterns = plan.config["target"].get("protect") or []
    return any(matches(p, a.address) for p in patterns for a in (c, w) if a is not None)


def is_narrowed_out(plan, c, w):
    """--include, --exclude and the kinds of --only; then the actions of --only (S21)"""
    addresses = {a.address for a in (c, w) if a is not None}
    include, exclude = plan.options.get("include") or [], plan.options.get("exclude") or []
    if include and not any(matches(p, a) for p in include for a in addresses):
        return True
    if any(matches(p, a) for p in exclude for a in addresses):
        return True
    return (c.id if c else plan.key(w)) in plan.left_alone


def will_be_active(plan, c, w):
    """A functional account is active when it has a delegate that will be active; with none it is inactive."""
    if not w.active:
        return False
    return w.kind == USER or bool(delegates_wanted(plan, c, w)) \
        or c is not None and any(not plan.current[k].visible for k in c.delegates)                    # S9


def lost_its_id(plan, c, w):
    """By its address alone, though the account is recorded under ids of its sources (S6)."""
    known = recorded_ids(plan, c.id)
    return any(s in known for s in w.ids) and not any(i is not None and known.get(s) == i for s, i in w.ids.items()) \
        and not w.was & {c.address} and not same_person(plan, w)


def may_reactivate(plan, c):
    setting = plan.action_setting(c.kind, "reactivate")
    return setting == "always" or setting == "recorded" and suspended_by_a_run(plan, c)


def suspended_by_a_run(plan, c):
    return c.id in plan.record and plan.record[c.id].suspended_at is not None


def may_suspend(plan, c, w):
    if c.id in plan.maybe:                                                                    # S12
        return False
    setting = plan.action_setting(c.kind, "suspend")
    if w is not None:
        return setting != "never"                                                                      # S14
    return setting == "always" or setting == "recorded" and c.id in plan.record and plan.record[c.id].desired


def may_delete(plan, c, w):
    return is_asked_to_delete(plan, c, w) and c.id not in plan.maybe


def is_asked_to_delete(plan, c, w):
    """Only when asked for: suspended for that long by the record, absent if asked so."""
    asked = plan.options.get("delete")
    if not asked or not suspended_by_a_run(plan, c):
        return False
    since = plan.now - plan.record[c.id].suspended_at
    if plan.options.get("suspended_for") and since < duration(plan.options["suspended_for"]):
        return False
    return w is None or asked == "suspended"


def becomes(plan, action, c, w):
    """The account after its change, but for its delegates. Only managed attributes change."""
    if action == "delete" or c is None and action is None:
        return None
    after = Current(c.id, c.kind, c.address, c.name, c.active, c.unit, c.mobile, set(c.aliases), set(c.delegates)) \
        if c else Current(plan.key(w), w.kind, w.address, None, True, "/", None, set(), set())
    if action == "suspend":
        after.active = False                                                                           # S15
    if action not in ("create", "update", "reactivate"):
        return after
    after.active = True
    if w not in plan.no_primary:
        after.address = w.address
    for attribute in ("name", "mobile", "unit"):
        if getattr(w, attribute) is not None:
            setattr(after, attribute, getattr(w, attribute))
    if w.aliases is not None:
        after.aliases = w.aliases | {a for a in after.aliases if is_ignored(plan, a)}
    after.aliases -= {alias for entry, alias in plan.no_alias if entry is w} | unclaimed(plan, c, w)
    if w in plan.no_primary:
        after.aliases -= {w.address}
    after.aliases -= {after.address}
    return after


def is_ignored(plan, alias):
    """ignored on both sides"""
    return domain_of(alias) in {ascii_lower(d) for d in (plan.config.get("domains") or {}).get("ignore_aliases") or []}


def delegates_wanted(plan, c, w):
    """The accounts that should read it: active users; unmanaged: those it has. Others stay out of sight."""
    people = plan.people_after()
    has = c.delegates if c else set()
    if w.delegates is None:
        return has & people
    meant = {k for d in w.delegates for k in meant_by(plan, d, has)} | plan.maybe & has       # S12
    unseen = {k for k in has if not plan.current[k].visible}                                           # S9
    return (meant | unseen) & people - {plan.key(w)}


def meant_by(plan, d, has):
    """A delegate is an account, not an address (S11)."""
    entries = [w for w in plan.wanted if w.address == d and not w.held] or \
        [w for w in plan.wanted if w.address == d] or [w for w in plan.wanted if d in (w.aliases or set())]
    if entries:
        found = {plan.key(w) for w in entries if w.kind == USER and w not in plan.blocked and not w.held
                 and (w not in plan.match or plan.current[plan.match[w]].kind == USER)}
        return found | {plan.match.get(w) for w in entries} & has
    waiting = {i for w, i in plan.match.items() if w.held or w in plan.leaves_scope or plan.current[i].kind != w.kind}
    others = {i for w, i in plan.match.items() if w in plan.no_primary}    # an entry's that does not have it
    seen = {k: a for k, a in plan.final.items() if k not in plan.current or plan.current[k].visible}
    seen = {k: a for k, a in seen.items() if k not in others and k not in waiting - has}
    return {k for k, a in seen.items() if a.address == d} or {k for k, a in seen.items() if d in a.aliases}


def delegates_after(plan, action, c, w):
    """Suspending a functional account removes its delegates."""
    if action == "suspend" and c.kind == FUNCTIONAL:
        return set()
    if action in ("create", "update", "reactivate"):
        return delegates_wanted(plan, c, w)
    return c.delegates & set(plan.final)


# What stands in the way. Each notes what is new, and says whether there was anything

def note(plan_set, facts):
    new = [f for f in facts if f not in plan_set]
    plan_set.update(new)
    return bool(new)


def narrowed(plan, coming_and_going):
    """--only user|functional|ACTION[:KIND]; who is active or not at the end comes first"""
    out = {key: change for key in plan.decision
           if (change := change_of(plan, key)) and not asked_for(plan, change.action, change.kind)}
    coming = [key for key, change in out.items() if change.action not in ("update", "grant", "revoke")]
    people = [key for key in coming if out[key].kind == USER]
    return note(plan.left_alone, people or coming if coming_and_going else out)


def asked_for(plan, action, kind):
    only = [o for value in plan.options.get("only") or [] for o in str(value).split(",")]
    return not only or any(o in (kind, action, f"{action}:{kind}") for o in only)


def asked_about(plan, key, c, reasons):
    """What is manual is so about an action, too (S21)."""
    kind = plan.decision[key][1 if c is not None else 2].kind
    if reasons in (["kind differs"], ["it would leave the scope"]) or c is not None and c.id in plan.kept:
        return asked_at_all(plan, kind)
    if c is None:
        return asked_for(plan, "create", kind)
    if key in plan.maybe:
        return asked_for(plan, "suspend", kind)
    if not c.active:
        return asked_for(plan, "reactivate", kind)
    return any(asked_for(plan, action, kind) for action in ("update", "grant", "revoke"))


def asked_at_all(plan, kind):
    return any(asked_for(plan, action, kind) for action in ("create", "update", "suspend", "reactivate", "grant",
                                                            "revoke", "delete"))


def looks_like_a_rename(plan):
    """A create that shares any address with an account that is or would be suspended is manual. People come
    first, and among them, as functional accounts live by them."""
    return any(looks_like_a_rename_of(plan, kind, others)
               for kind, others in ((USER, (USER,)), (USER, (FUNCTIONAL,)), (FUNCTIONAL, KINDS)))


def looks_like_a_rename_of(plan, kind, others):
    found = False
    for key, (action, new, w) in plan.decision.items():
        if action != "create" or w in plan.blocked or w.kind != kind:
            continue
        for c in plan.current.values():
            goes = plan.decision[c.id][0] == "suspend" or c.id in plan.maybe
            stays = not c.active and plan.decision[c.id][0] != "reactivate"                            # S12
            if not c.visible or c.kind not in others or not goes and not stays or not c.addresses() & set(w.claims):
                continue
            plan.blocked[w] = "looks like a rename"
            found = True
            of = plan.entry_of(c)
            deleted = plan.decision[c.id][0] == "delete"
            if (of is None or of.absent or deleted) and c.kind == w.kind and not is_another_person(plan, w, c):    # S12
                plan.maybe.add(c.id)
    return found


def unclaimed(plan, c, w):
    """Aliases that the service would not give: outside the organisation's domains, and not there yet (S30)."""
    claimed = (plan.config.get("domains") or {}).get("claimed")
    if claimed is None:
        return set()
    ours = {domain_of(address("x@" + d)) for d in claimed}
    return {a for a in (w.aliases or set()) - (c.addresses() if c else set()) if domain_of(a) not in ours}


def address_conflicts(plan):
    """An address belongs to one account. Who has it and keeps it, has it; deletes' serve the next plan."""
    holds = {k: a.aliases | {a.address} for k, a in plan.final.items()}
    for k, (action, c, w) in plan.decision.items():
        if action == "delete":
            holds[k] = c.addresses()
    found = False
    for k, (action, c, w) in plan.decision.items():
        for a in holds.get(k, set()) - (c.addresses() if c else set()):
            if not any(a in others for other, others in holds.items() if other != k):
                continue
            if a != plan.final[k].address:
                found |= note(plan.no_alias, [(w, a)])
            elif c is not None:
                found |= note(plan.no_primary, [w])
            elif w not in plan.blocked:
                plan.blocked[w] = "the address is another account's"
                found = True
    return found


def swaps(plan):
    """Swaps of primaries, of two or more accounts: manual."""
    def takes_from(k):
        """the account whose primary address k gets, and that gets another one itself"""
        a = plan.final[k].address
        return next((j for j, c in plan.current.items() if j != k and c.address == a and j in plan.final), None)
    cycle = set()
    for start in plan.final:
        seen, k = [], start if start in plan.current else None
        while k is not None and k not in seen and k in plan.current \
                and plan.final[k].address != plan.current[k].address:
            seen.append(k)
            k = takes_from(k)
        if k == start and seen:
            cycle |= {start}
    return note(plan.no_primary, [plan.decision[k][2] for k in cycle])


# The verdict

def change_of(plan, key):
    """The entry of the plan, or None when nothing changes."""
    action, c, w = plan.decision[key]
    if action is None:
        return None
    if action in ("suspend", "delete"):
        return Change(action, c.kind, c.address, key, key_sent=w.key if w and action == "suspend" else None)
    after = plan.final[key]
    change = Change(action, after.kind, c.address if c else after.address, key)
    change.aliases_added = after.aliases - (c.aliases if c else set())
    change.delegates_added = after.delegates - (c.delegates if c else set())
    change.key_sent = w.key
    if c is None:
        change.name, change.unit, change.mobile = after.name, after.unit, after.mobile
        return change
    change.new_address = after.address if after.address != c.address else None
    for attribute in ("name", "unit", "mobile"):
        if (getattr(after, attribute) or None) != (getattr(c, attribute) or None):
            setattr(change, attribute, getattr(after, attribute))
    change.aliases_removed = c.aliases - after.aliases - {after.address}
    change.delegates_removed = (c.delegates - after.delegates) & plan.people_after()
    if change.delegates_added or change.delegates_removed:                                             # S16
        change.delegates_added |= c.delegates & after.delegates & coming_back(plan)
    if action == "reactivate":
        return change
    rotated = w.key and c.id in plan.record and plan.record[c.id].key not in (None, w.key) or refreshed(plan, c, w)
    attributes = change.new_address or change.name or change.unit or change.mobile or change.aliases_added \
        or change.aliases_removed or rotated
    if change.delegates_added:
        change.action = "grant"
    elif change.delegates_removed:                                                                     # S20
        change.action = "revoke"
    elif not attributes:
        return None
    return change


def refreshed(plan, c, w):
    """--refresh-keys[=PATTERN]"""
    pattern = plan.options.get("refresh_keys")
    return bool(pattern and w.key and any(matches("*" if pattern is True else pattern, a.address) for a in (c, w)))


def manual_of(plan, key):
    """Why a person must act on this account, or nothing."""
    action, c, w = plan.decision[key]
    if is_protected(plan, c, w) or is_narrowed_out(plan, c, w):
        return []
    if c is not None and c.id in plan.maybe and (c.active or is_asked_to_delete(plan, c, w)):
        return ["may be a new entry, renamed"]
    if c is not None and plan.kept.get(c.id):
        return [plan.kept[c.id]]
    if w is None or w.held or w.absent:
        return []
    if w in plan.blocked:
        active = w.active and (w.kind == USER or w.delegates is not None and bool(delegates_wanted(plan, c, w)))
        return [plan.blocked[w]] if plan.blocked[w] and active else []
    if c is not None and c.kind != w.kind:
        return ["kind differs"]
    if w in plan.leaves_scope and will_be_active(plan, c, w):
        return ["it would leave the scope"]
    if not will_be_active(plan, c, w):
        return []
    reasons = [f"alias {a} is taken" for entry, a in plan.no_alias if entry is w]
    waits = action is None and c is not None and c.active and lacks_key(plan, c, w) \
        and plan.action_setting(c.kind, "update")
    if action in ("create", "update", "reactivate") or waits:
        reasons += [f"alias {a} is unclaimed" for a in sorted(unclaimed(plan, c, w))]
    if w in plan.no_primary:
        reasons.append("the address is taken, or a swap")
    elif c is not None and action is None:
        if c.active:
            if lacks_key(plan, c, w) and plan.action_setting(c.kind, "update") and differs(plan, key, c, w):
                reasons.append("no key for a change")
        elif not may_reactivate(plan, c):
            if plan.action_setting(c.kind, "reactivate") == "recorded":                                # S23
                reasons.append("suspended outside zsctl")
        elif lost_its_id(plan, c, w):
            reasons.append("the account is recorded under an id, the entry has none")
        elif lacks_key(plan, c, w):
            reasons.append("no key for a change")
    return reasons


def differs(plan, key, c, w):
    """Would there be an update, of those that are asked for, but for what stands in the way of it?"""
    before = plan.decision[key], plan.final[key]
    plan.decision[key] = "update", c, w
    plan.final[key] = becomes(plan, "update", c, w)
    plan.final[key].delegates = delegates_after(plan, "update", c, w)
    change = change_of(plan, key)
    plan.decision[key], plan.final[key] = before
    return change is not None and asked_for(plan, change.action, change.kind)


def judge(plan):
    verdict = plan.verdict
    for key, (action, c, w) in plan.decision.items():
        name = (c or w).kind, (c or w).address
        change = change_of(plan, key)
        if change:
            verdict.changes.append(change)
        reasons = manual_of(plan, key)
        if reasons and asked_about(plan, key, c, reasons):
            verdict.manual.append(name)
            verdict.why[name] = reasons
        if w is not None:
            note_held(plan, c, w)
            whole = w.held or w in plan.blocked or c is not None and c.kind != w.kind \
                or is_protected(plan, c, w) or is_narrowed_out(plan, c, w) or (reasons and action is None)
            if c is None and change:
                verdict.links[key] = {**links_of_the_deleted(plan, w), **w.ids}
            elif c is not None and not whole and (key in plan.new_links or is_first_wish(plan, c, w)):  # S22
                rests = not c.active and not change
                if w.absent and not change and not known_of(plan, c):
                    continue
                wished = not w.absent and will_be_active(plan, c, w)
                if c.active and not change and not wished or rests and wished:                         # S22, S23
                    continue
                if not change and not asked_for(plan, "adopt", c.kind):     # --only with kinds, at most
                    continue
                noted = {s: i for s, i in plan.new_links.get(key, {}).items() if not rests or i is not None}
                if noted or not rests:
                    verdict.links[key] = noted
                    if not change:
                        verdict.adopt.append(name)
            recorded = change or c is not None and asked_for(plan, "adopt", c.kind)
            if not whole and not w.absent and recorded and will_be_active(plan, c, w):                 # S25
                verdict.desired.add(key)
    verdict.result = describe(plan.final)
    verdict.readers = readers(verdict.result)
    limits(plan)


def is_first_wish(plan, c, w):
    """It is as desired now, and was not before: linked when it was listed as inactive (S25)."""
    return c.active and not w.absent and will_be_active(plan, c, w) and not plan.record[c.id].desired


def deleted_accounts(plan):
    return [r for key, r in plan.record.items() if key not in plan.current]


def deleted_at_its_address(plan, w):
    """Recorded accounts at the entry's address that somebody has deleted since; by their ids nobody else's."""
    others = [i for other in plan.wanted if other is not w for i in other.ids.items() if i[1] is not None]
    return [r for r in deleted_accounts(plan) if r.kind == w.kind and w.address in {r.address, *r.known_as.values()}
            and not any(w.ids.get(s) not in (None, i) for s, i in r.links.items() if i is not None)
            and not any(one in r.links.items() for one in others)]


def links_of_the_deleted(plan, w):
    """Of the account that the entry had, and that somebody has deleted since the last run: by its id, then by the
    address. What other sources call it stays known (S32)."""
    by_id = [r for r in deleted_accounts(plan) if any(i is not None and r.links.get(s) == i for s, i in w.ids.items())]
    return next((r.links for r in by_id + deleted_at_its_address(plan, w)), {})


def known_of(plan, c):
    """Suspended by a run, or had as desired by one."""
    return c.id in plan.record and (plan.record[c.id].desired or suspended_by_a_run(plan, c))


def note_held(plan, c, w):
    """Listed, but cannot become an account."""
    reason = w.held
    if w.outside or w.absent and not w.held or is_protected(plan, c, w) or is_narrowed_out(plan, c, w) or not asked_at_all(plan, (c or w).kind):
        return
    if not reason and c is None and w not in plan.blocked and (w.name is None or lacks_key(plan, c, w)) \
            and w.active and plan.action_setting(w.kind, "create") and not is_protected(plan, c, w) \
            and not is_narrowed_out(plan, c, w) and asked_for(plan, "create", w.kind):                 # S29
        reason = "no name, or no key, for a create"
    if reason:
        plan.verdict.held += [(w.kind, w.address)] * w.entries
        plan.verdict.why[w.kind, w.address] = [reason]


# Limits: how much one plan may do

def allowed(limit, free, of):
    """N or N% of those there are; so many as `free` pass always, but never more than half (S24)."""
    if limit == "none":
        return None
    if not str(limit).endswith("%"):
        return int(limit)
    return max(of * int(limit[:-1]) // 100, min(free, of // 2))


def limits(plan):
    verdict, settings = plan.verdict, plan.config.get("limits") or {}
    free = settings.get("free", DEFAULT_FREE)
    allow = plan.options.get("allow") or {}
    active = {kind: len([c for c in plan.current.values() if c.visible and c.kind == kind and c.active]) for kind in KINDS}

    def check(rule, planned, limit, of, *overrides):
        most = allowed(limit, free, of)
        for name in overrides:
            if name in allow and most is not None:
                most = max(most, int(allow[name]))
        verdict.limits[rule] = planned, most
        if most is not None and planned > most and rule not in verdict.refused:
            verdict.refused.append(rule)

    for name in ("create", "update", "suspend", "reactivate", "held"):
        for kind in KINDS:
            limit = (settings.get(kind) or {}).get(name, settings.get(name, DEFAULT_LIMITS[name]))
            check(f"{name} {kind}", planned_of(verdict, name, kind), limit, active[kind], f"{name}:{kind}", name)
    first = [c for c in verdict.changes if c.key_sent and c.action in ("update", "grant", "revoke")         # S19
             and (c.key not in plan.record or plan.record[c.key].key != c.key_sent)]
    check("keys", len(first), settings.get("keys", DEFAULT_LIMITS["keys"]), active[USER], "keys")
    regained = {kind: regained_by(plan, kind) for kind in KINDS}
    for name in ("grant", "revoke"):
        apart = [kind for kind in KINDS if name in (settings.get(kind) or {})]
        for kind in apart:                                                                             # S27
            check(f"{name} {kind}", pairs_of(verdict, name, [kind], regained), settings[kind][name], active[kind],
                  f"{name}:{kind}", name)
        rest = [kind for kind in KINDS if kind not in apart]
        if rest:
            check(name, pairs_of(verdict, name, rest, regained), settings.get(name, DEFAULT_LIMITS[name]),
                  sum(active.values()), name)
    shrink = settings.get("source_shrink", DEFAULT_LIMITS["source_shrink"])
    for source, (accounts, delegations) in verdict.listed.items():
        rule = f"source_shrink {source}"
        if accounts == 0:
            verdict.refused.append(rule)        # a source with nothing refuses
        if source in plan.organisation.listed:
            before = plan.organisation.listed[source]
            check(rule, max(0, before[0] - accounts), shrink, before[0], f"source_shrink:{source}")
            check(f"{rule} delegations", max(0, before[1] - delegations), shrink, before[1],
                  f"source_shrink:{source}:delegations")
    seen = plan.organisation.seen
    there = [c for c in plan.current.values() if c.visible]
    if any(c.action == "delete" for c in verdict.changes) and not any(is_protected(plan, c, None) for c in there):
        verdict.refused.append("delete")                                                               # S31
    check("target_shrink", len(seen - set(plan.current)), settings.get("target_shrink", DEFAULT_LIMITS["target_shrink"]),
          len(seen), "target_shrink")


def planned_of(verdict, name, kind):
    if name == "held":
        return len([k for k, _ in verdict.held if k == kind])
    if name == "update":                                                                               # S19
        return len([c for c in verdict.changes if c.kind == kind and c.action in ("update", "grant", "revoke", "reactivate")
                    and (c.action == "update" or c.new_address or c.name or c.unit or c.mobile or c.aliases_added or c.aliases_removed)])
    return len([c for c in verdict.changes if c.kind == kind and c.action == name])


def pairs_of(verdict, name, kinds, regained):
    """One (account, delegate) pair added or removed (S18)."""
    counted = [c for c in verdict.changes if c.kind in kinds and c.action not in ("create", "suspend", "delete")]
    if name == "revoke":
        return sum(len(c.delegates_removed) for c in counted)
    return sum(len(c.delegates_added) for c in counted) + sum(regained[kind] for kind in kinds)


def regained_by(plan, kind):
    """What people that this plan reactivates read again: they are delegates there all the time."""
    anew = {c.key: c.delegates_added for c in plan.verdict.changes}
    return sum(len((plan.current[k].delegates & a.delegates & coming_back(plan)) - anew.get(k, set()))
               for k, a in plan.final.items() if k in plan.current and plan.current[k].visible and a.kind == kind)


def coming_back(plan):
    return {key for key, (action, *_) in plan.decision.items() if action == "reactivate"}
