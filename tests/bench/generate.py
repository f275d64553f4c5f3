#!/usr/bin/env python3
"""Writes an organisation of any size: zsctl.yaml, declared accounts and the target's file.

    generate.py [--accounts N] [--changes K | --adopted] [--seed S] DIR

DIR/accounts/*.yaml is what should be (10,000 accounts a file), DIR/target.json what is: the
same, except for 3 % of the accounts, or exactly K. Of the changed accounts

    a user       is missing (create), has another name, mobile number or unit, one alias more or
                 less (update), or is declared inactive (suspend);
    a functional account   lacks a delegate (grant), has one too many (revoke), or both.

Users that are created or suspended are nobody's delegates, so a change of one account never makes
a change of another. The same arguments give the same bytes.
"""

import argparse
import os
import random
import sys

FIRST = """Anna Bas Carla Daan Eva Femke Gerrit Hanna Ilse Jan Kees Lotte Maarten Nina Olga Pieter
Quirine Ruben Sanne Thomas Ursula Vera Willem Xander Yvonne Zoë Fatima Mohammed Ayşe José Chloé
Jürgen Søren Agnieszka Emma Noah Lucas Mila Sem Tess""".split()
LAST = """Jansen Visser Smit Meijer Bakker Mulder Peters Hendriks Dekker Brouwer Dijkstra Kramer
Vos Schouten Willems Hoekstra Koster Prins Blom Postma Martens Kuipers Veenstra Boer Scholten
Özdemir Müller Öberg Nowak García Yılmaz Kaya Petrov Ferreira Lambert Dubois""".split()
UNITS = """Cardiology Radiology Surgery Neurology Oncology Paediatrics Pharmacy Psychiatry Urology
Reception Finance Legal Personnel Facilities Procurement Archive Communication Research
Laboratory Transport""".split()
PLACES = """Information desk|Outpatient clinic|Admissions|Complaints|Planning|Invoices|Referrals
Privacy officer|Press|Service desk""".replace("\n", "|").split("|")

ASCII = str.maketrans("ëéèüøşóÖöíığç", "eeeuosoooiigc")

SCHEMAS = {
    "User": '["urn:ietf:params:scim:schemas:core:2.0:User",'
            '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",'
            '"urn:ietf:params:scim:schemas:zivver:0.1:User"]',
    "Group": '["urn:ietf:params:scim:schemas:core:2.0:Group",'
             '"urn:ietf:params:scim:schemas:zivver:0.1:Group",'
             '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]',
}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

USER_CHANGES = ["name", "create", "alias+", "unit", "suspend", "alias-", "mobile"]
GROUP_CHANGES = ["grant", "revoke", "grant+revoke"]

FILE_SIZE = 10_000
TEAM_SIZE = 10


def uuid(number):
    """Looks like any other UUID, and is another one for every number."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1
    text = f"{mixed:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{number:012x}"


class Organisation:
    """All accounts by number. Numbers 0 … functional-1 are functional accounts, the rest users."""

    def __init__(self, count, changes, seed):
        self.random = random.Random(seed)
        self.count = count
        self.functional = round(count * 0.08)
        self.users = count - self.functional
        # Three users of four may be delegates; the others come and go freely.
        self.delegate_pool = max(1, self.users * 3 // 4)
        self.changes = self.choose_changes(changes)

    def choose_changes(self, changes):
        """{number: what}: a fifth functional accounts, the rest users by turns."""
        # Somebody must be left who is no delegate yet.
        groups = min(changes // 5, self.functional) if self.delegate_pool > 64 else 0
        chosen = {}
        free = list(range(self.functional + self.delegate_pool, self.count))
        bound = list(range(self.functional, self.functional + self.delegate_pool))
        for pool in free, bound:
            self.random.shuffle(pool)
        for turn, number in enumerate(self.random.sample(range(self.functional), groups)):
            chosen[number] = GROUP_CHANGES[turn % len(GROUP_CHANGES)]
        turn = 0
        while len(chosen) < changes:
            what = USER_CHANGES[turn % len(USER_CHANGES)]
            turn += 1
            if what in ("create", "suspend"):
                if free:
                    chosen[free.pop()] = what
            elif bound or free:
                chosen[(bound or free).pop()] = what
            else:
                sys.exit(f"generate.py: {self.count} accounts cannot have {changes} changes")
        return chosen

    def user_address(self, index):
        first = FIRST[index % len(FIRST)]
        last = LAST[index // len(FIRST) % len(LAST)]
        return f"{first}.{last}.{index}@example.org".lower().translate(ASCII)

    def delegate(self):
        return int(self.random.random() * self.delegate_pool)


def yaml_list(key, items):
    if not items:
        return f"    {key}: []\n"
    return f"    {key}:\n" + "".join([f"      - {item}\n" for item in items])


def json_list(items):
    return "[" + ",".join([f'"{item}"' for item in items]) + "]"


def user_json(number, address, name, active, mobile, unit, aliases, delegates):
    ident = uuid(number)
    phones = f'"phoneNumbers":[{{"value":"{mobile}"}}],' if mobile else ""
    return (
        f'{{"id":"{ident}","userName":"{address}","name":{{"formatted":"{name}"}},'
        f'"active":{"true" if active else "false"},{phones}'
        f'"meta":{{"created":"2024-06-13","location":"/scim/v2/Users/{ident}",'
        f'"resourceType":"User"}},"schemas":{SCHEMAS["User"]},'
        f'"{ENTERPRISE}":{{"division":"{unit}"}},'
        f'"urn:ietf:params:scim:schemas:zivver:0.1:User":'
        f'{{"aliases":{json_list(aliases)},"delegates":{json_list(delegates)}}}}}'
    )


def group_json(number, address, name, unit, aliases, members):
    ident = uuid(number)
    listed = ",".join([f'{{"value":"{uuid(member)}"}}' for member in members])
    return (
        f'{{"id":"{ident}","externalId":"{address}","displayName":"{name}",'
        f'"members":[{listed}],'
        f'"meta":{{"created":"2024-06-13","location":"/scim/v2/Groups/{ident}",'
        f'"resourceType":"Group"}},"schemas":{SCHEMAS["Group"]},'
        f'"{ENTERPRISE}":{{"division":"{unit}"}},'
        f'"urn:ietf:params:scim:schemas:zivver:0.1:Group":{{"aliases":{json_list(aliases)}}}}}'
    )


def make_user(org, index):
    """(YAML entry, JSON resource or None) of one user."""
    rnd = org.random.random
    number = org.functional + index
    change = org.changes.get(number)
    first = FIRST[index % len(FIRST)]
    last = LAST[index // len(FIRST) % len(LAST)]
    address = org.user_address(index)
    name = f"{first} {last}"
    short = f"{first[0]}.{last}".lower().translate(ASCII)
    aliases = [
        f"{short}.{index}@example.org",
        f"p{index:07d}@example.org",
        f"{short}.{index}@example.com",
        f"p{index:07d}@example.com",
        f"{short}.{index}@mail.example.org",
        f"{short}.{index}@example.net",
    ][:2 + int(rnd() * 5)]
    mobile = f"+316{10_000_000 + int(rnd() * 89_999_999)}" if rnd() < 0.85 else None
    unit = UNITS[int(rnd() * len(UNITS))] if rnd() < 0.95 else "/"
    delegates = None
    if rnd() < 0.05:
        delegates = sorted({org.delegate() for _ in range(1 + int(rnd() * 2))} - {index})
    is_name, is_mobile, is_unit = name, mobile, unit
    is_aliases = aliases
    if change == "name":
        is_name = f"{first} {LAST[(index + 7) % len(LAST)]}-{last}"
    elif change == "mobile":
        mobile = mobile or "+31600000000"
        is_mobile = "+31611111111"
    elif change == "unit":
        is_unit = "Former department"
    elif change == "alias+":
        is_aliases = aliases[:-1]
    elif change == "alias-":
        is_aliases = aliases + [f"old.{index}@example.org"]

    text = f"  - address: {address}\n    id: {number}\n    name: {name}\n"
    text += yaml_list("aliases", aliases)
    shared = [org.user_address(delegate) for delegate in delegates or []]
    if delegates is not None:
        text += yaml_list("delegates", shared)
    if mobile:
        text += f'    mobile: "{mobile}"\n'
    text += f"    unit: {unit}\n"
    if change == "suspend":
        text += "    active: false\n"
    if change == "create":
        return text, None
    return text, user_json(number, address, is_name, True, is_mobile, is_unit, is_aliases, shared)


def make_group(org, index):
    """The same of a functional account."""
    rnd = org.random.random
    change = org.changes.get(index)
    place = PLACES[index % len(PLACES)]
    address = f"{place.split()[0].lower()}.{index}@example.org"
    name = f"{place} {index}"
    unit = UNITS[int(rnd() * len(UNITS))]
    aliases = [
        f"{place.split()[0].lower()}.{index}@example.com",
        f"desk{index:06d}@example.org",
    ][:int(rnd() * 3)]
    wanted = {org.delegate() for _ in range(1 + int(rnd() * 30))}
    team = int(rnd() * org.teams) if org.teams and rnd() < 0.1 else None
    if change:
        wanted |= {org.delegate(), org.delegate()}
    members = set(wanted)
    if team is not None:
        members.update(org.team_members[team])
    if change in ("grant", "grant+revoke") and len(members) > 1:
        members.discard(min(wanted) if team is None else min(members))
    if change in ("revoke", "grant+revoke"):
        extra = (max(members) + 1) % org.delegate_pool
        while extra in members or extra in wanted:
            extra = (extra + 1) % org.delegate_pool
        members.add(extra)

    listed = []
    for delegate in sorted(wanted):
        text = org.user_address(delegate)
        if rnd() < 0.03:
            text = f"{{address: {text}, until: 2099-12-31, why: TOPdesk W{delegate:06d}}}"
        listed.append(text)
    if team is not None:
        listed.append(f"group:team-{team}")
    text = f"  - address: {address}\n    id: {index}\n    name: {name}\n"
    text += yaml_list("aliases", aliases) + yaml_list("delegates", listed) + f"    unit: {unit}\n"
    return text, group_json(index, address, name, unit, aliases,
                            [org.functional + member for member in sorted(members)])


CONFIGURATION = """\
zsctl: 1
organization: example.org
domains:
  claimed: [example.org, mail.example.org, example.com, example.net]
target:
  provider: file
  path: target.json
  sign_in: password
sources:
  - {name: declared, provider: yaml, path: accounts/*.yaml}
limits: {create: none, update: none, suspend: none, reactivate: none, keys: none, held: none,
  grant: none, revoke: none, source_shrink: none, target_shrink: none}
approval: {method: local}
state: {path: state}
"""


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(text)


def write_accounts(directory, target, org, kind, count, make):
    """Account files of one kind, and the target's array. `target` is an open file."""
    first = True
    for start in range(0, count, FILE_SIZE):
        declared, current = [], []
        for index in range(start, min(start + FILE_SIZE, count)):
            text, resource = make(org, index)
            declared.append(text)
            if resource:
                current.append(resource)
        write(f"{directory}/accounts/{kind}-{start // FILE_SIZE + 1:04d}.yaml",
              f"zsctl_accounts: 1\n{kind}:\n" + "".join(declared))
        if current:
            target.write(("" if first else ",\n") + ",\n".join(current))
            first = False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--accounts", type=int, default=1000, metavar="N")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--changes", type=int, metavar="K", help="changed accounts (default 3 %%)")
    what.add_argument("--adopted", action="store_true", help="no changes: target equals desired")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("directory")
    args = parser.parse_args()
    changes = args.changes
    if changes is None:
        changes = 0 if args.adopted else round(args.accounts * 0.03)

    os.makedirs(f"{args.directory}/accounts", exist_ok=True)
    for name in os.listdir(f"{args.directory}/accounts"):
        if name.endswith(".yaml"):
            os.remove(f"{args.directory}/accounts/{name}")
    org = Organisation(args.accounts, changes, args.seed)
    org.teams = org.functional // 50
    org.team_members = [sorted({org.delegate() for _ in range(TEAM_SIZE)})
                        for _ in range(org.teams)]
    write(f"{args.directory}/zsctl.yaml", CONFIGURATION)
    teams = "".join(f"  team-{team}:\n" +
                    "".join(f"    - {org.user_address(member)}\n" for member in members)
                    for team, members in enumerate(org.team_members))
    if teams:
        write(f"{args.directory}/accounts/groups.yaml", "zsctl_accounts: 1\ngroups:\n" + teams)
    with open(f"{args.directory}/target.json", "w", encoding="utf-8", newline="\n") as target:
        target.write('{"users":[\n')
        write_accounts(args.directory, target, org, "users", org.users, make_user)
        target.write('\n],\n"groups":[\n')
        write_accounts(args.directory, target, org, "functional", org.functional, make_group)
        target.write("\n]}\n")
    print(f"{args.directory}: {org.users} users, {org.functional} functional accounts, "
          f"{len(org.changes)} changed")


if __name__ == "__main__":
    main()
