#!/usr/bin/env python3
"""The second opinion itself, on cases by hand: the documentation's table row by row, and what goes with it."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rules

BEFORE, NOW = "2026-11-01T08:00:00Z", "2026-11-20T10:15:00Z"
NO_LIMITS = {name: "none" for name in rules.DEFAULT_LIMITS}


def user(local, active=True, aliases=(), delegates=(), name=None):
    return {"id": f"id-{local}", "userName": f"{local}@example.org", "name": {"formatted": name or local},
            "active": active, rules.SCIM_USER: {"aliases": [f"{a}@example.org" for a in aliases],
                                                "delegates": [f"{d}@example.org" for d in delegates]}}


def group(local, *members, aliases=()):
    return {"id": f"id-{local}", "externalId": f"{local}@example.org", "displayName": local,
            "members": [{"value": f"id-{m}"} for m in members],
            rules.SCIM_GROUP: {"aliases": [f"{a}@example.org" for a in aliases]}}


def entry(local, **more):
    for attribute in ("aliases", "delegates"):
        if attribute in more:
            more[attribute] = [f"{a}@example.org" if isinstance(a, str) and ":" not in a else a for a in more[attribute]]
    return {"address": f"{local}@example.org", "name": more.pop("name", local), **more}


class Case(unittest.TestCase):
    """declared() is what the sources say, self.target what the target holds."""

    def setUp(self):
        self.config = {"organization": "example.org", "target": {"provider": "file", "protect": ["admin@example.org"]},
                       "sources": [{"name": "declared", "provider": "yaml"}], "limits": dict(NO_LIMITS)}
        self.organisation = rules.Organisation(self.config)
        self.target = {"users": [], "groups": []}

    def plan(self, users=(), functional=(), now=NOW, groups=None, more=None, **options):
        document = {"users": list(users), "functional": list(functional), "groups": groups or {}}
        return self.organisation.plan({"declared": [document], **(more or {})}, self.target, now, options)

    def run_first(self, users=(), functional=(), now=BEFORE, **more):
        """A run that found everything as declared."""
        verdict = self.plan(users, functional, now, **more)
        self.assertEqual(verdict.changes, [])
        self.organisation.applied(verdict, self.target)

    def has(self, verdict, *changes, manual=(), held=(), adopt=None, refused=()):
        def short(pairs):
            return sorted(f"{k} {a.partition('@')[0]}" for k, a in pairs)
        self.assertEqual(verdict.errors, [])
        self.assertEqual(sorted(f"{a} {k} {at.partition('@')[0]}" for a, k, at in verdict.actions()), sorted(changes))
        self.assertEqual(short(verdict.manual), sorted(manual))
        self.assertEqual(short(verdict.held), sorted(held))
        self.assertEqual(verdict.refused, list(refused))
        if adopt is not None:
            self.assertEqual(short(verdict.adopt), sorted(adopt))
        return verdict


class Table(Case):
    """What becomes of an account."""

    def test_active_absent(self):
        verdict = self.has(self.plan([entry("bob")]), "create user bob")
        self.assertEqual(verdict.result["new bob@example.org"]["name"], "bob")

    def test_inactive_absent(self):
        self.has(self.plan([entry("bob", active=False)]))

    def test_same(self):
        self.target["users"] = [user("bob")]
        self.has(self.plan([entry("bob")]), adopt=["user bob"])
        self.run_first([entry("bob")])
        self.has(self.plan([entry("bob")]), adopt=[])

    def test_differs(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.has(self.plan([entry("bob", name="B"), entry("jane")]), "update user bob", adopt=["user jane"])

    def test_grant_and_revoke(self):
        self.target = {"users": [user("bob"), user("jane")], "groups": [group("info", "bob")]}
        both = [entry("bob"), entry("jane")]
        verdict = self.has(self.plan(both, [entry("info", delegates=["jane"])]), "grant functional info")
        self.assertEqual(verdict.changes[0].delegates_added, {"id-jane"})
        self.assertEqual(verdict.changes[0].delegates_removed, {"id-bob"})
        self.assertEqual(verdict.readers["id-info"], {"id-jane"})
        self.target["groups"] = [group("info", "bob", "jane")]
        self.has(self.plan(both, [entry("info", delegates=["jane"])]), "revoke functional info")

    def test_reactivate_what_a_run_suspended(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob"), entry("jane")])
        gone = self.has(self.plan([entry("jane")]), "suspend user bob")
        self.target["users"][0]["active"] = False
        self.organisation.applied(gone, self.target)
        self.has(self.plan([entry("bob"), entry("jane")]), "reactivate user bob")

    def test_suspended_otherwise(self):
        self.target["users"] = [user("bob", active=False)]
        self.has(self.plan([entry("bob")]), manual=["user bob"])
        self.config["actions"] = {"user": {"reactivate": "always"}}
        self.has(self.plan([entry("bob")]), "reactivate user bob")

    def test_listed_as_inactive(self):
        self.target["users"] = [user("bob")]
        self.has(self.plan([entry("bob", active=False)]), "suspend user bob")

    def test_absent(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.has(self.plan([entry("jane")]))
        self.run_first([entry("bob"), entry("jane")])
        self.has(self.plan([entry("jane")]), "suspend user bob")
        self.config["actions"] = {"user": {"suspend": "never"}}
        self.has(self.plan([entry("jane")]))

    def test_absent_and_always(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.config["actions"] = {"user": {"suspend": "always"}}
        self.has(self.plan([entry("jane")]), "suspend user bob")

    def test_outside_the_claimed_domains(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob"), entry("jane")])
        self.config["domains"] = {"claimed": ["example.com"]}
        self.has(self.plan([entry("bob"), entry("kim")]), "suspend user bob", "suspend user jane")

    def test_kind_differs(self):
        self.target["users"] = [user("bob"), user("info")]
        self.has(self.plan([entry("bob")], [entry("info", delegates=["bob"])]), manual=["user info"])

    def test_protected(self):
        self.target["users"] = [user("admin")]
        self.has(self.plan([entry("admin", name="Else", active=False)]), adopt=[])

    def test_deleted_outside(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob", id=1), entry("jane", id=2)])
        self.target["users"] = [user("jane")]
        self.has(self.plan([entry("bob", id=1), entry("jane", id=2)]), "create user bob")

    def test_delete(self):
        self.target["users"] = [user("bob"), user("jane"), user("admin")]
        self.run_first([entry("bob"), entry("jane")])
        gone = self.plan([entry("jane")], now=BEFORE)
        self.target["users"][0]["active"] = False
        self.organisation.applied(gone, self.target)
        self.has(self.plan([entry("jane")]))
        self.has(self.plan([entry("jane")], delete="suspended-and-missing", suspended_for="19d"), "delete user bob")
        self.has(self.plan([entry("jane")], delete="suspended-and-missing", suspended_for="20d"))
        listed = [entry("bob", active=False), entry("jane")]
        self.has(self.plan(listed, delete="suspended-and-missing"))
        self.has(self.plan(listed, delete="suspended"), "delete user bob")
        self.config["target"]["protect"] = ["amdin@example.org"]
        self.has(self.plan(listed, delete="suspended"), "delete user bob", refused=["delete"])
        self.config["target"]["protect"] = []
        self.assertTrue(self.plan(listed, delete="suspended").errors)


class Identity(Case):
    def test_id_keeps_the_account(self):
        self.target["users"] = [user("bob")]
        self.run_first([entry("bob", id=1)])
        verdict = self.has(self.plan([entry("rob", id=1, name="bob")]), "update user bob")
        self.assertEqual(verdict.result["id-bob"]["address"], "rob@example.org")

    def test_was(self):
        self.target["users"] = [user("bob")]
        self.has(self.plan([entry("rob", was="bob@example.org", name="bob")]), "update user bob")

    def test_another_person(self):
        self.target["users"] = [user("bob")]
        self.run_first([entry("bob", id=1)])
        self.has(self.plan([entry("bob", id=2)]), "suspend user bob", manual=["user bob"])
        self.has(self.plan([entry("bob", id=2)], same_person=["bob@example.org"]), adopt=["user bob"])

    def test_looks_like_a_rename(self):
        self.target["users"] = [user("bob")]
        self.run_first([entry("bob")])
        renamed = [entry("rob", aliases=["bob"])]
        self.has(self.plan(renamed), manual=["user bob", "user rob"])   # bob stays meanwhile
        self.has(self.plan(renamed, same_person=["rob@example.org"]), "update user bob")

    def test_address_passed_on(self):
        self.target["users"] = [user("bob")]
        self.run_first([entry("bob", id=1)])
        self.has(self.plan([entry("bob.vos", id=1), entry("bob", id=2)]), "update user bob", "create user bob")

    def test_case(self):
        self.target["users"] = [user("bob")]
        self.has(self.plan([{"address": "BOB@Example.ORG", "name": "bob"}]), adopt=["user bob"])
        self.assertEqual(rules.address("\u00c9VA@B\u00fccher.example"), "\u00c9va@xn--bcher-kva.example")


class Rest(Case):
    def test_functional_by_its_delegates(self):
        self.target = {"users": [user("bob"), user("jane")], "groups": [group("info", "bob")]}
        self.run_first([entry("bob"), entry("jane")], [entry("info", delegates=["bob"])])
        self.has(self.plan([entry("jane")], [entry("info", delegates=["bob"])]),
                 "suspend user bob", "suspend functional info")
        self.has(self.plan([entry("jane")], [entry("info")]), "suspend user bob", "suspend functional info")
        self.has(self.plan([entry("bob"), entry("jane")], [entry("desk"), entry("info", delegates=["bob"])]))

    def test_unmanaged_stays(self):
        self.target["users"] = [user("bob", aliases=["b"], delegates=["jane"]), user("jane")]
        verdict = self.has(self.plan([entry("bob"), entry("jane")]))
        self.assertEqual(verdict.result["id-bob"]["aliases"], {"b@example.org"})
        self.has(self.plan([entry("bob", aliases=[]), entry("jane")]), "update user bob")

    def test_suspended_delegates_are_ignored(self):
        self.target = {"users": [user("bob"), user("jane", active=False)], "groups": [group("info", "bob", "jane")]}
        self.has(self.plan([entry("bob")], [entry("info", delegates=["bob", "nobody"])]))

    def test_alias_is_a_primary(self):
        self.target["users"] = [user("bob"), user("jane")]
        verdict = self.has(self.plan([entry("jane", name="J", aliases=["bob", "j"])]), "update user jane",
                           manual=["user jane"])
        self.assertEqual(verdict.changes[0].aliases_added, {"j@example.org"})

    def test_swap_of_primaries(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob", id=1), entry("jane", id=2)])
        self.has(self.plan([entry("jane", id=1, name="bob"), entry("bob", id=2, name="jane")]),
                 manual=["user bob", "user jane"])
        self.has(self.plan([entry("jane", id=1, name="bob"), entry("kim", id=2, name="jane")]),
                 "update user bob", "update user jane")

    def test_until_is_the_last_day(self):
        self.target["users"] = [user("bob")]
        self.has(self.plan([entry("bob", until="2026-11-20")], now="2026-11-20T23:59:59Z"))
        self.has(self.plan([entry("bob", until="2026-11-20")], now="2026-11-21T00:00:00Z"), "suspend user bob")

    def test_groups(self):
        self.target = {"users": [user("bob"), user("jane")], "groups": [group("info", "bob")]}
        functional = [entry("info", delegates=["group:desk", {"address": "jane@example.org", "until": "2026-11-19"}])]
        self.has(self.plan([], functional, groups={"desk": ["bob@example.org"]}))

    def test_new_delegates_of_each_other(self):
        self.has(self.plan([entry("bob", delegates=["jane"]), entry("jane", delegates=["bob"])]),
                 "create user bob", "create user jane")

    def test_scope(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.config["target"]["scope"] = {"exclude": ["b*@example.org"]}
        self.config["actions"] = {"user": {"suspend": "always"}}
        self.has(self.plan([entry("bob", name="B"), entry("kim")]), "create user kim", "suspend user jane")

    def test_sources(self):
        self.config["sources"] = [{"name": "declared"}, {"name": "exo", "manage": ["delegates"]},
                                  {"name": "more", "adds": ["aliases"]}]
        more = {"exo": [{"users": [{"address": "bob@example.org", "name": "No", "delegates": ["kim@example.org"]},
                                   {"address": "nobody@example.org", "delegates": []}]}],
                "more": [{"users": [entry("bob", name="Nor", aliases=["b2"])]}]}
        self.target["users"] = [user("kim")]
        verdict = self.has(self.plan([entry("bob", aliases=["b"])], more=more), "create user bob")
        made = verdict.result["new bob@example.org"]
        self.assertEqual((made["name"], made["aliases"], made["delegates"]),
                         ("bob", {"b@example.org", "b2@example.org"}, {"id-kim"}))

    def test_duplicates_in_one_file(self):
        self.assertTrue(self.plan([entry("bob"), entry("jane", aliases=["bob"])]).errors)
        self.assertTrue(self.plan([entry("bob", id=1), entry("jane", id="1")]).errors)

    def test_narrowed(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob"), entry("jane")])
        users, functional = [entry("jane", name="J"), entry("kim")], [entry("info", delegates=["kim"])]
        everything = ["suspend user bob", "update user jane", "create user kim", "create functional info"]
        self.has(self.plan(users, functional), *everything)
        self.has(self.plan(users, functional, only=["suspend", "update:functional"]), everything[0])
        self.has(self.plan(users, functional, only=["functional"]))
        self.has(self.plan(users, functional, include=["k*"]), "create user kim")
        self.has(self.plan(users, functional, exclude=["k*", "bob@example.org"]), "update user jane")


class Limits(Case):
    def test_amounts(self):
        for limit, free, of, amount in (("10%", 5, 40, 5), ("10%", 0, 15, 1), ("10%", 5, 3, 1), (3, 5, 9, 3),
                                        ("10%", 5, 0, 0), ("none", 5, 1, None), ("50%", 1, 10, 5)):
            self.assertEqual(rules.allowed(limit, free, of), amount, (limit, free, of))

    def test_refused(self):
        self.config["limits"] = {"free": 0}
        self.has(self.plan([entry("bob")]), "create user bob", refused=["create user"])
        self.has(self.plan([entry("bob")], allow={"create:user": 1}), "create user bob")

    def test_per_kind(self):
        self.config["limits"] = {**NO_LIMITS, "free": 0, "functional": {"create": 0}}
        self.has(self.plan([entry("bob")], [entry("info", delegates=["bob"])]), "create user bob",
                 "create functional info", refused=["create functional"])

    def test_shrink(self):
        self.target["users"] = [user("bob"), user("jane")]
        self.run_first([entry("bob"), entry("jane")])
        self.config["limits"] = {**NO_LIMITS, "free": 0, "source_shrink": "49%", "target_shrink": "49%"}
        self.has(self.plan([entry("bob")]), "suspend user jane", refused=["source_shrink declared"])
        self.target["users"] = [user("bob")]
        self.has(self.plan([entry("bob"), entry("jane")]), "create user jane", refused=["target_shrink"])

    def test_a_source_with_nothing(self):
        self.has(self.plan(), refused=["source_shrink declared"])

    def test_pairs(self):
        self.target = {"users": [user("bob"), user("jane")], "groups": [group("info", "bob")]}
        self.config["limits"] = {**NO_LIMITS, "free": 0, "grant": 0, "revoke": 0}
        self.has(self.plan([entry("bob")], [entry("info", delegates=["jane"])]), "grant functional info",
                 refused=["grant", "revoke"])


if __name__ == "__main__":
    unittest.main()
