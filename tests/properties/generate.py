"""Small, nasty organisations: a seed gives a case (see program.py), always the same one.

The world consists of people and shared mailboxes ("persons") as they truly are; each step something happens to
some of them, and the declared files are written from what is then true. So a history hangs together: an
address moves from somebody to somebody, whoever leaves can come back.
"""
import copy
import datetime
import random

import program

FIRST_DAY = datetime.date(2026, 11, 20)
LOCALS = ("bob", "jane", "kim", "lena", "mia", "nina", "omar", "piet", "b.vos", "j.doe", "info", "desk", "team", "x", "y")
DOMAINS = ("example.org",) * 6 + ("example.com", "xn--bcher-kva.example.org", "example.net")
LOOKS = {"bob@example.org": "b\u043eb@example.org", "x@example.org": "\u0445@example.org"}
UNITS = ("Cardiology", "Surgery", "/")
MOBILES = ("+31612345678", "+31687654321")
NAMES = ("Jane Doe", "Bob Vos", "Kim Jansen", "Lena Smit", "O'Neill, \"Pat\"", "Zo\u00eb \u00c5berg", "Info", "Desk")


class Person:
    """One of them as it truly is. `sources` list it; `ids` are what they call it."""

    def __init__(self, number, kind, address):
        self.number = number
        self.kind = kind
        self.address = address
        self.name = NAMES[number % len(NAMES)]
        self.aliases = None      # a set, or None: no source has an opinion
        self.delegates = None    # a list of numbers of persons, likewise
        self.unit = None
        self.mobile = None
        self.key = None
        self.active = None
        self.until = None
        self.was = None          # for one step
        self.ids = {}
        self.sources = set()     # empty: left


class World:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.seed = seed
        self.persons = []
        self.used = []           # every address that somebody ever had
        self.same_person = []
        self.portal = []
        self.override = {}       # configuration of this step
        self.options = []
        self.day = FIRST_DAY
        self.ids = 100

    # --- chances ---

    def chance(self, part):
        return self.rng.random() < part

    def pick(self, items):
        items = list(items)
        return self.rng.choice(items) if items else None

    def some(self, items, most):
        items = list(items)
        return self.rng.sample(items, min(len(items), self.rng.randint(1, most)))

    def listed(self, kind=None):
        return [p for p in self.persons if p.sources and kind in (None, p.kind)]

    def gone(self):
        return [p for p in self.persons if not p.sources]

    def taken(self):
        return {a for p in self.listed() for a in {p.address} | (p.aliases or set())}

    def new_address(self):
        if self.used and self.chance(0.25):
            address = self.pick(self.used)
        else:
            address = f"{self.pick(LOCALS)}@{self.pick(DOMAINS)}"
        if address in LOOKS and self.chance(0.1):
            address = LOOKS[address]
        self.used.append(address)
        return address

    def free_address(self):
        taken = self.taken()
        for _ in range(20):
            address = self.new_address()
            if address not in taken:
                return address
        self.ids += 1
        self.used.append(f"n{self.ids}@example.org")
        return self.used[-1]

    def new_id(self):
        self.ids += 1
        return str(self.ids)

    # --- the beginning ---

    def begin(self):
        layout = self.pick(("one", "one", "one", "two", "overlay", "adds", "three"))
        self.listing = {"one": ["declared"], "overlay": ["declared"], "two": ["declared", "second"],
                        "adds": ["declared", "second"], "three": ["declared", "second"]}[layout]
        self.overlay = {"overlay": ["delegates", "aliases", "unit"][:self.rng.randint(1, 3)],
                        "three": ["delegates", "active", "mobile"][:self.rng.randint(1, 3)]}.get(layout)
        self.adds = self.pick((["delegates"], ["aliases"], ["aliases", "delegates"])) if layout == "adds" else None
        self.with_ids = self.pick((0.0, 0.5, 0.9, 1.0))
        self.with_keys = self.chance(0.35)
        for _ in range(self.rng.randint(1, 9)):
            self.add_person()
        for person in self.persons:
            self.give_attributes(person)

    def add_person(self, address=None):
        kind = "user" if self.chance(0.65) else "functional"
        person = Person(len(self.persons), kind, address or self.free_address())
        person.sources = {self.listing[0]}
        if len(self.listing) > 1:
            person.sources = set(self.some(self.listing, 2))
        for source in self.listing:
            if self.chance(self.with_ids):
                person.ids[source] = self.new_id()
        if kind == "user" and self.with_keys and self.chance(0.9):
            person.key = self.pick(program.KEYS)
        self.persons.append(person)
        if kind == "functional":
            person.delegates = self.choose_delegates(person)
        return person

    def choose_delegates(self, person):
        users = [p.number for p in self.listed("user") if p is not person]
        return self.some(users, 3) if users else []

    def give_attributes(self, person):
        if self.chance(0.5):
            person.aliases = {self.free_address() for _ in range(self.rng.randint(0, 2))}
        if self.chance(0.5 if person.kind == "user" else 0.9):
            person.delegates = self.choose_delegates(person) if self.chance(0.8) else []
        if self.chance(0.3):
            person.unit = self.pick(UNITS)
        if person.kind == "user" and self.chance(0.2):
            person.mobile = self.pick(MOBILES)

    def organization(self):
        """The target at first: some of them, a little different; and strangers."""
        users, groups, taken, there = [], [], set(), {}
        for person in self.persons:
            if not self.chance(self.adopted) or person.address in taken:
                continue
            aliases = {a for a in person.aliases or () if a not in taken and self.chance(0.8)}
            address = person.address
            taken |= aliases | {address}
            there[person.number] = (address, aliases)
        for _ in range(self.rng.randint(0, 2)):
            address = self.free_address()
            if address not in taken:
                taken.add(address)
                there[1000 + len(there)] = (address, set())
        numbers = {n: f"a0000000-0000-4000-8000-{n:012d}" for n in there}
        active_users = []
        for number, (address, aliases) in sorted(there.items()):
            person = self.persons[number] if number < 1000 else None
            if (person.kind if person else self.pick(("user", "functional"))) == "user":
                active = self.chance(0.85)
                users.append(program.user(number, address, person.name if person and self.chance(0.8) else "Somebody",
                                          aliases=aliases, active=active,
                                          unit=person and person.unit or (self.chance(0.1) and "Old")))
                if active:
                    active_users.append((numbers[number], address))
        for one in users:
            others = [a for _, a in active_users if a != one["userName"]]
            if others and self.chance(0.3):
                one[program.USER]["delegates"] = sorted(self.some(others, 2))
        for number, (address, aliases) in sorted(there.items()):
            person = self.persons[number] if number < 1000 else None
            if any(one["userName"] == address for one in users):
                continue
            members = [i for i, _ in (self.some(active_users, 3) if active_users and self.chance(0.8) else ())]
            groups.append(program.group(number, address, person.name if person else "Room", members, aliases=aliases))
        organization = {"users": users, "groups": groups}
        if self.chance(0.05):
            organization["guests"] = [self.free_address()]
        return organization

    def config(self):
        sources = [{"name": name, "provider": "yaml", "path": f"{name}.yaml"} for name in self.listing]
        if self.adds:
            sources[1]["adds"] = self.adds
        if self.overlay:
            sources.insert(self.rng.randint(0, len(sources)),
                           {"name": "extra", "provider": "yaml", "path": "extra.yaml", "manage": self.overlay})
        target = {"provider": "file", "path": "organization.json", "parallel": self.pick((1, 2, 8))}
        config = {"organization": "example.org", "target": target, "sources": sources}
        if self.chance(0.7):
            config["domains"] = {"claimed": ["example.org", "example.com", "b\u00fccher.example.org"]}
            if self.chance(0.3):
                config["domains"]["ignore_aliases"] = ["example.com"]
        if self.chance(0.2):
            config["actions"] = self.actions()
        config["limits"] = self.limits()
        if self.chance(0.3):
            target["protect"] = [self.pick(self.used) for _ in range(self.rng.randint(1, 2))]
        if self.chance(0.1):
            target["scope"] = self.scope()
        if not self.with_keys and self.chance(0.2):
            target["sign_in"] = "password"
        config["approval"] = {"method": "local"}
        config["state"] = {"path": "state", "fingerprint_key": {"file": "keys/fingerprint"}}
        return config

    def limits(self):
        rules = ("create", "update", "suspend", "reactivate", "keys", "held", "grant", "revoke",
                 "source_shrink", "target_shrink")
        if self.chance(0.7):
            return {rule: "none" for rule in rules}
        limits = {}
        for rule in rules:
            limits[rule] = self.pick(("none", "none", 0, 1, 2, "10%", "50%", "100%"))
        if self.chance(0.5):
            limits["free"] = self.pick((0, 1, 5))
        return limits

    def actions(self):
        return {kind: {"create": self.chance(0.8), "update": self.chance(0.8),
                       "suspend": self.pick(("never", "recorded", "recorded", "always")),
                       "reactivate": self.pick(("never", "recorded", "recorded", "always"))}
                for kind in ("user", "functional")}

    def scope(self):
        what = [self.pick(("*@example.com", "@example.net", {"unit": "Old"}, {"unit": "Surgery"},
                           self.pick(self.used)))]
        return {self.pick(("exclude", "exclude", "include")): what + (["*@example.org"] if self.chance(0.5) else [])}

    # --- what happens ---

    def happen(self):
        """One event; which ones there are is said by the names of the methods."""
        event = self.pick(EVENTS)
        getattr(self, event)()

    def event_leave(self):
        for person in self.some(self.listed(), 2):
            person.sources = set()

    def event_leave_once(self):
        person = self.pick(p for p in self.listed() if len(p.sources) > 1)
        if person:
            person.sources.discard(self.pick(sorted(person.sources)))

    def event_return(self):
        person = self.pick(self.gone())
        if person:
            person.sources = set(self.some(self.listing, 2))
            if self.chance(0.2):
                person.address = self.free_address()
            if self.chance(0.2):
                person.ids = {}

    def event_successor(self):
        """Another person under a leaver's address."""
        person = self.pick(self.gone()) or self.pick(self.listed())
        if person:
            person.sources = set()
            successor = self.add_person(person.address)
            successor.kind = person.kind if self.chance(0.8) else successor.kind
            if person.aliases and self.chance(0.3):
                successor.address = self.pick(sorted(person.aliases))

    def event_join(self):
        for _ in range(self.rng.randint(1, 2)):
            self.give_attributes(self.add_person())

    def event_join_together(self):
        """New accounts that are each other's delegates."""
        new = [self.add_person() for _ in range(self.rng.randint(2, 3))]
        for person in new:
            person.delegates = [p.number for p in new if p is not person and p.kind == "user"]

    def event_rename(self):
        person = self.pick(self.listed())
        if person:
            before, person.address = person.address, self.free_address()
            if self.chance(0.4):
                person.aliases = (person.aliases or set()) | {before}
            if self.chance(0.4):
                person.was = before

    def event_rename_round(self):
        """A chain, or a circle: each gets the next one's address."""
        persons = self.some(self.listed(self.pick(("user", None))), 4)
        addresses = [p.address for p in persons[1:]] + [persons[0].address if self.chance(0.5) else self.free_address()
                                                        for _ in persons[:1]]
        for person, address in zip(persons, addresses):
            before, person.address = person.address, address
            if self.chance(0.1):
                person.was = before
            if self.chance(0.2):
                person.aliases = (person.aliases or set()) - {address}

    def event_alias_to_primary(self):
        person = self.pick(p for p in self.listed() if p.aliases)
        if person:
            alias = self.pick(sorted(person.aliases))
            person.aliases.discard(alias)
            if self.chance(0.7):
                person.aliases.add(person.address)
            person.address = alias

    def event_alias_round(self):
        persons = self.some([p for p in self.listed() if p.aliases], 3)
        if persons:
            moving = [self.pick(sorted(p.aliases)) for p in persons]
            for person, alias in zip(persons, moving):
                person.aliases.discard(alias)
            for person, alias in zip(persons, moving[1:] + moving[:1]):
                person.aliases.add(alias)

    def event_alias_moves(self):
        giver = self.pick(p for p in self.persons if p.aliases)
        taker = self.pick(p for p in self.listed() if p is not giver)
        if giver and taker:
            alias = self.pick(sorted(giver.aliases))
            if self.chance(0.9):
                giver.aliases.discard(alias)
            taker.aliases = (taker.aliases or set()) | {alias}

    def event_alias_of_primary(self):
        """Somebody's primary address is another's alias."""
        owner = self.pick(self.persons)
        taker = self.pick(p for p in self.listed() if p is not owner)
        if owner and taker:
            taker.aliases = (taker.aliases or set()) | {owner.address}
            if self.chance(0.6):
                owner.address = self.free_address()

    def event_alias_becomes_primary_of_other(self):
        owner = self.pick(p for p in self.persons if p.aliases)
        if owner:
            alias = self.pick(sorted(owner.aliases))
            owner.aliases.discard(alias)
            taker = self.pick(p for p in self.listed() if p is not owner)
            if taker and self.chance(0.6):
                taker.address = alias
            else:
                self.add_person(alias)

    def event_aliases(self):
        person = self.pick(self.listed())
        if person:
            person.aliases = self.pick((None, set(), {self.free_address()}, {self.free_address(), self.free_address()}))

    def event_delegates(self):
        for person in self.some(self.listed(), 2):
            person.delegates = self.choose_delegates(person) if self.chance(0.8) else self.pick((None, []))

    def event_only_delegate_leaves(self):
        shared = self.pick(p for p in self.listed("functional") if p.delegates)
        if shared:
            for number in shared.delegates:
                if self.chance(0.7):
                    self.persons[number].sources = set()
                elif self.chance(0.5):
                    self.persons[number].active = False

    def event_inactive(self):
        person = self.pick(self.listed())
        if person:
            person.active = self.pick((False, False, True, None))

    def event_until(self):
        person = self.pick(self.listed())
        if person:
            person.until = self.day + datetime.timedelta(days=self.pick((-1, 0, 0, 1)))

    def event_kind(self):
        person = self.pick(self.listed())
        if person:
            person.kind = "functional" if person.kind == "user" else "user"

    def event_ids(self):
        person = self.pick(self.listed())
        if person:
            other = self.pick(p for p in self.listed() if p is not person)
            change = self.pick(("swap", "drop", "new", "give", "double"))
            if change == "swap" and other:
                person.ids, other.ids = other.ids, person.ids
            elif change == "drop":
                person.ids = {}
            elif change == "new":
                person.ids = {source: self.new_id() for source in self.listing}
            elif change == "give" and self.gone():
                person.ids = dict(self.pick(self.gone()).ids)
            elif change == "double" and other and len(self.listing) > 1:
                # In one source this one, in the other one somebody else's.
                person.ids[self.listing[0]] = other.ids.get(self.listing[0], "100")
                person.sources.add(self.listing[1])

    def event_attributes(self):
        for person in self.some(self.listed(), 3):
            change = self.pick(("name", "unit", "mobile", "key"))
            if change == "name":
                person.name = self.pick(NAMES)
            elif change == "unit":
                person.unit = self.pick(UNITS + (None,))
            elif change == "mobile":
                person.mobile = self.pick(MOBILES + (None,))
            elif self.with_keys:
                person.key = self.pick(program.KEYS + (None,))

    def event_other_source(self):
        person = self.pick(self.listed())
        if person:
            person.sources = {self.pick(self.listing)}

    def event_same_address(self):
        """Two persons claim one address (in different sources it can be said)."""
        person, other = self.pick(self.persons), self.pick(self.listed())
        if person and other and person is not other:
            other.address = person.address

    def event_empty_source(self):
        self.empty = self.pick(self.listing)

    def event_portal(self):
        for _ in range(self.rng.randint(1, 3)):
            address = self.pick(self.used)
            action = self.pick(("suspend", "suspend", "activate", "name", "alias+", "alias-", "rename", "delegate+",
                                "delegate-", "delete", "create", "create"))
            if action in ("suspend", "activate", "delete"):
                operation = [action, address]
            elif action == "name":
                operation = [action, address, "By hand"]
            elif action == "create":
                self.ids += 1
                if self.chance(0.7):
                    made = program.user(self.ids, address, "By hand", active=self.chance(0.8))
                else:
                    made = program.group(self.ids, address, "By hand")
                operation = [action, address, made]
            else:
                operation = [action, address, self.pick(self.used)]
            self.portal.append(operation)

    def event_same_person(self):
        self.same_person = [p.address for p in self.some(self.listed(), 3)]

    def event_options(self):
        """What narrows a plan, or adds to it."""
        option = self.pick(("only", "include", "exclude", "delete", "refresh"))
        if option == "only":
            self.options = ["--only", self.pick(("user", "functional", "suspend", "create:user", "grant", "revoke",
                                                 "update", "reactivate"))]
        elif option in ("include", "exclude"):
            self.options = [f"--{option}", self.pick((self.pick(self.used), "*@example.com", "b*"))]
        elif option == "delete" and self.protected:
            self.options = ["--delete", self.pick(("suspended", "suspended-and-missing")),
                            "--suspended-for", self.pick(("1d", "1d", "2d"))]
        elif option == "refresh" and self.with_keys:
            self.options = ["--refresh-keys=" + self.pick(("*", "b*", self.pick(self.used)))]

    def event_domains(self):
        claimed = self.pick((["example.org"], ["example.org", "example.com", "example.net"], ["example.com"]))
        self.override["domains"] = {"claimed": claimed}

    def event_actions(self):
        self.override["actions"] = self.actions()

    # --- what is written of it ---

    def spelling(self, address):
        """Another spelling of the same address."""
        if self.chance(0.05):
            local, _, domain = address.partition("@")
            if address.isascii():
                return f"{local.title()}@{domain.title() if not domain.startswith('xn--') else domain}"
        return address.replace("xn--bcher-kva", "b\u00fccher") if self.chance(0.5) else address

    def document(self, source):
        """A valid one: in one source an address is one account's, and so is an id."""
        taken, ids, formers, entries, rows = set(), set(), set(), [], {"user": [], "functional": []}
        for person in sorted(self.listed(), key=lambda p: p.number):
            if source in person.sources and person.address not in taken:
                taken.add(person.address)
                entries.append(person)
        primaries = {p.address for p in entries}
        groups = {}
        for person in entries:
            entry = {"address": self.spelling(person.address)}
            known = person.ids.get(source)
            if known and (person.kind, known) not in ids and known not in {i for _, i in ids}:
                entry["id"] = known
                ids.add((person.kind, known))
            if person.was and person.was not in primaries | formers:
                entry["was"] = person.was
                formers.add(person.was)
            entry["name"] = person.name
            if person.aliases is not None:
                aliases = sorted(a for a in person.aliases if a not in taken)
                taken |= set(aliases)
                entry["aliases"] = [self.spelling(a) for a in aliases]
            self.describe(person, entry, groups)
            rows[person.kind].append(entry)
        document = {"users": rows["user"], "functional": rows["functional"]}
        if groups:
            document["groups"] = groups
        return document

    def describe(self, person, entry, groups):
        if person.delegates is not None:
            entry["delegates"] = self.delegate_list(person, groups)
        if person.unit:
            entry["unit"] = person.unit
        if person.kind == "user" and person.mobile:
            entry["mobile"] = person.mobile
        if person.kind == "user" and person.key:
            entry["sso_key"] = {"file": f"keys/{person.key}"}
        if person.active is not None:
            entry["active"] = person.active
        if person.until:
            entry["until"] = person.until.isoformat()

    def delegate_list(self, person, groups):
        found, seen = [], {person.address} | (person.aliases or set())
        for number in person.delegates:
            delegate = self.persons[number]
            address = delegate.address
            if delegate.aliases and self.chance(0.05):
                address = self.pick(sorted(delegate.aliases))
            if address in seen or delegate is person or delegate.address in seen:
                continue
            seen |= {address, delegate.address}
            if self.chance(0.1):
                found.append({"address": address, "until": str(self.day + datetime.timedelta(days=self.pick((-1, 0, 1))))})
            elif self.chance(0.05):
                found.append({"address": address, "why": "TOPdesk 1"})
            elif self.chance(0.05):
                name = f"g{len(groups)}"
                groups[name] = [address]
                found.append(f"group:{name}")
            else:
                found.append(self.spelling(address))
        if self.chance(0.05):
            found.append("nobody@example.org")
        return found

    def overlay_document(self):
        """Of a source that only manages: some accounts, and one that nobody lists."""
        rows = {"user": [], "functional": []}
        seen = set()
        for person in self.persons:
            if person.address in seen or not self.chance(0.5):
                continue
            seen.add(person.address)
            entry = {"address": person.address}
            if "delegates" in self.overlay and self.chance(0.7):
                users = [p.address for p in self.listed("user") if p.address != person.address]
                entry["delegates"] = sorted(set(self.some(users, 2))) if users and self.chance(0.8) else []
            if "aliases" in self.overlay and self.chance(0.3):
                entry["aliases"] = []
            if "unit" in self.overlay and self.chance(0.5):
                entry["unit"] = self.pick(UNITS)
            if "active" in self.overlay and self.chance(0.2):
                entry["active"] = self.chance(0.5)
            if "mobile" in self.overlay and person.kind == "user" and self.chance(0.5):
                entry["mobile"] = self.pick(MOBILES)
            rows[person.kind].append(entry)
        return {"users": rows["user"], "functional": rows["functional"]}

    def step(self):
        sources = {}
        for name in self.listing:
            sources[name] = {"users": [], "functional": []} if name == self.empty else self.document(name)
        if self.overlay:
            sources["extra"] = self.overlay_document()
        step = {"now": f"{self.day}T10:15:00Z", "sources": sources}
        for name, value in (("portal", self.portal), ("config", self.override), ("same_person", self.same_person),
                            ("options", self.options)):
            if value:
                step[name] = copy.deepcopy(value)
        return step

    def case(self):
        self.begin()
        self.adopted = self.pick((0.0, 0.5, 1.0, 1.0))
        self.empty = None
        case = {"seed": self.seed, "config": self.config(), "organization": self.organization(), "steps": []}
        self.base = case["config"]
        self.protected = bool(case["config"]["target"].get("protect"))
        case["steps"].append(self.step())
        for _ in range(self.rng.randint(1, 3)):
            self.day += datetime.timedelta(days=self.rng.randint(0, 2))
            self.same_person, self.portal, self.options, self.empty = [], [], [], None
            if self.chance(0.8):
                self.override = {}
            for person in self.persons:
                person.was = None
            for _ in range(self.rng.randint(1, 5)):
                self.happen()
            if self.chance(0.1):
                self.event_options()
            if self.chance(0.1):
                self.event_same_person()
            case["steps"].append(self.step())
        return case


EVENTS = sorted(name for name in vars(World) if name.startswith("event_"))


def generate(seed):
    return World(seed).case()
