"""An organisation with a history, and a plan of some 350 changes of every kind upon it.

Three stages of declared accounts: as adopted, after people left, and the one whose plan is carried out under
faults. What must stand at the end is computed here from the declared accounts alone.
"""
import copy
import hashlib
import json

USER_URN = "urn:ietf:params:scim:schemas:zivver:0.1:User"
GROUP_URN = "urn:ietf:params:scim:schemas:zivver:0.1:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DOMAIN = "example.org"
UNITS = ["Cardiology", "Neurology"]


def at(name):
    return f"{name}@{DOMAIN}"


def key_of(number):
    return f"key of number {number}"


class Account:
    """What is declared of one account; None: not managed."""

    def __init__(self, kind, number, name, prefix=None):
        prefix = prefix or ("u" if kind == "user" else "f")
        self.kind, self.number = kind, number
        self.address = at(f"{prefix}{number:03d}")
        self.name = name
        self.aliases = [at(f"{prefix}{number:03d}.alias")]
        self.delegates = [] if kind == "functional" else None
        self.unit = None

    def declared(self):
        entry = {"address": self.address, "id": f"{self.kind[0]}{self.number}", "name": self.name,
                 "aliases": self.aliases}
        if self.delegates is not None:
            entry["delegates"] = self.delegates
        if self.unit is not None:
            entry["unit"] = self.unit
        if self.kind == "user":
            entry["sso_key"] = {"file": f"keys/{self.number}"}
        return entry


def first_stage():
    accounts = {}
    for number in range(260):
        account = accounts["user", number] = Account("user", number, f"Person {number}")
        if number % 3 == 0:
            account.unit = UNITS[number % 2]
    for number in range(70):
        account = accounts["functional", number] = Account("functional", number, f"Desk {number}")
        account.delegates = [at(f"u{(number * 7 + i * 31) % 260:03d}") for i in range(1 + number % 5)]
        if number >= 40:
            # The only ones who read these stay, so that the stages say when they are suspended.
            account.delegates = [at(f"u{230 + number % 30:03d}")]
    return accounts


def second_stage(before):
    """People leave: some for ever, some come back in the third stage."""
    accounts = copy.deepcopy(before)
    for number in range(200, 230):
        leave(accounts, number)
    for number in range(40, 50):
        accounts["functional", number].delegates = []
    return accounts


def leave(accounts, number):
    gone = accounts.pop(("user", number))
    for account in accounts.values():
        if account.delegates:
            account.delegates = [d for d in account.delegates if d != gone.address]


def rename(accounts, number, address):
    account = accounts["user", number]
    for other in accounts.values():
        if other.delegates:
            other.delegates = [address if d == account.address else d for d in other.delegates]
    account.address = address


def third_stage(first, second):
    accounts = copy.deepcopy(second)
    user, functional = (lambda number: accounts["user", number]), (lambda number: accounts["functional", number])
    for number in range(0, 30):
        leave(accounts, number)
    for number in range(30, 90):
        user(number).name = f"Person {number} renamed"
        if number % 4 == 0:
            user(number).unit = UNITS[1]
    for number in range(90, 110):
        old = user(number).address
        rename(accounts, number, at(f"u{number:03d}.new"))
        if number % 2:
            user(number + 20).aliases = user(number + 20).aliases + [old]
    # Aliases that change hands: a ring and pairs.
    ring = [user(number) for number in range(130, 140)]
    held = [account.aliases for account in ring]
    for account, aliases in zip(ring, held[1:] + held[:1]):
        account.aliases = aliases
    for number in range(140, 150):
        user(number + 10).aliases = user(number + 10).aliases + user(number).aliases
        user(number).aliases = []
    for number in range(160, 190):
        user(number).delegates = [user(number + 1).address, user(number - 60).address, at(f"n{number - 160:03d}")]
    for number in range(200, 220):
        accounts["user", number] = copy.deepcopy(first["user", number])
    for number in range(60):
        account = accounts["user", 1000 + number] = Account("user", 1000 + number, f"New person {number}")
        account.address = at(f"n{number:03d}")
        account.aliases = [at(f"n{number:03d}.alias")] if number % 2 else []
        # Circles of new accounts.
        account.delegates = [at(f"n{(number + 1) % 60:03d}")] if number % 3 else None
        account.unit = UNITS[number % 2] if number % 5 == 0 else None
    for number in range(25):
        account = accounts["functional", 1000 + number] = Account("functional", 1000 + number, f"New desk {number}")
        account.address = at(f"g{number:03d}")
        account.aliases = [at(f"g{number:03d}.alias")] if number % 2 else []
        account.delegates = [at(f"n{number:03d}"), at(f"u{30 + number:03d}")]
    for number in range(0, 30):
        functional(number).delegates = sorted({*functional(number).delegates[1:], at(f"u{230 + number:03d}"),
                                               at(f"n{number:03d}")})
    for number in range(40, 50):
        functional(number).delegates = [at(f"u{200 + number - 40:03d}"), at(f"u{240:03d}")]
    for number in range(50, 60):
        functional(number).delegates = []
    return accounts


def declared_file(accounts):
    lines = ["zsctl_accounts: 1"]
    for kind, heading in (("user", "users"), ("functional", "functional")):
        lines.append(f"{heading}:")
        lines += ["  - " + json.dumps(a.declared()) for a in accounts.values() if a.kind == kind]
    return "\n".join(lines) + "\n"


def key_files(*stages):
    """{file name: content} of the account keys."""
    return {str(number): key_of(number) + "\n" for stage in stages for kind, number in stage if kind == "user"}


def key_digests(accounts):
    """{address: what the service remembers of the account's key}"""
    return {a.address: key_digest(number) for (kind, number), a in accounts.items() if kind == "user"}


def key_digest(number):
    return "sha256:" + hashlib.sha256(key_of(number).encode()).hexdigest()


def target_state(accounts):
    """The organisation as the service holds it at first, with members that nothing declares."""
    ids = {}
    for (kind, number), account in accounts.items():
        ids[account.address] = f"{'a' if kind == 'user' else 'b'}0000000-0000-4000-8000-{number:012d}"
    users, groups, keys = [], [], []
    for (kind, number), account in accounts.items():
        resource = {"id": ids[account.address], ENTERPRISE_URN: {"division": account.unit or "/"}}
        if number % 7 == 0:
            resource["x-later"] = {"added": ["by", "the service", number], "large": 12345678901234567890}
        extension = {"aliases": account.aliases}
        if number % 5 == 0:
            extension["ExternalAccountId"] = f"external-{number}"
        if kind == "user":
            extension["delegates"] = [at("u250")] if number % 11 == 0 and number < 120 else []
            resource |= {"userName": account.address, "name": {"formatted": account.name}, "active": True,
                         "phoneNumbers": [{"value": f"+3161234{number:04d}"}] if number % 2 else [],
                         USER_URN: extension}
            keys.append({"id": resource["id"], "key": key_digest(number)})
            users.append(resource)
        else:
            resource |= {"externalId": account.address, "displayName": account.name,
                         "members": [{"value": ids[d]} for d in account.delegates], GROUP_URN: extension}
            groups.append(resource)
    return {"users": users, "groups": groups, "keys": keys, "domains": [DOMAIN], "units": UNITS}


# --- what stands in the end ----------------------------------------------------------------------------------

# What the service keeps of an account that nothing declares; lost members are found by comparing these.
KEPT = ("nickName", "phoneNumbers", "x-later", "x-note")


def read_target(state):
    """{address: what matters of the account}. Who reads it: only active users do."""
    address_of = {u["id"]: u["userName"] for u in state["users"]}
    active = {u["userName"] for u in state["users"] if u["active"]}
    seen = {}
    for resource in state["users"] + state["groups"]:
        is_user = "userName" in resource
        address = resource["userName"] if is_user else resource["externalId"]
        extension = resource.get(USER_URN if is_user else GROUP_URN) or {}
        readers = extension.get("delegates", []) if is_user else [
            address_of[m["value"]] for m in resource.get("members", []) if m["value"] in address_of]
        if address in seen:
            raise AssertionError(f"{address} is there twice")
        unit = (resource.get(ENTERPRISE_URN) or {}).get("division", "/")
        kept = {name: resource[name] for name in KEPT if resource.get(name) not in (None, [])}
        kept["ExternalAccountId"] = extension.get("ExternalAccountId")
        seen[address] = {
            "kind": "user" if is_user else "functional",
            "active": resource["active"] if is_user else bool(active.intersection(readers)),
            "name": resource["name"]["formatted"] if is_user else resource["displayName"],
            "unit": unit, "aliases": sorted(extension.get("aliases", [])),
            "readers": sorted(active.intersection(readers)), "kept": kept}
    return seen


def expected(state, stages, deleted):
    """What read_target() must give after the last stage, from what stood at first."""
    first, last = stages[0], stages[-1]
    start = read_target(state)
    start_of = {(a.kind, a.number): start[a.address] for a in first.values()}
    end = {}
    for key, account in last.items():
        was = start_of.get(key)
        end[account.address] = {
            "kind": account.kind, "name": account.name,
            "unit": account.unit or (was["unit"] if was else "/"), "aliases": sorted(account.aliases),
            "readers": account.delegates if account.delegates is not None else (was["readers"] if was else []),
            "active": account.kind == "user", "kept": was["kept"] if was else {"ExternalAccountId": None}}
    for (kind, number), account in first.items():
        if (kind, number) not in last and (kind, number) not in deleted:
            end[account.address] = dict(start_of[kind, number], active=False)
    active = {address for address, account in end.items() if account["kind"] == "user" and account["active"]}
    for account in end.values():
        account["readers"] = sorted(active.intersection(account["readers"]))
        if account["kind"] == "functional":
            account["active"] = bool(account["readers"])
    return end


def make():
    """(stages, state, what is deleted, what must stand in the end)."""
    one = first_stage()
    two = second_stage(one)
    three = third_stage(one, two)
    deleted = {("user", number) for number in range(220, 230)}
    state = target_state(one)
    return [one, two, three], state, deleted, expected(state, [one, two, three], deleted)
