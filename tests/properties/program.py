"""Runs zsctl on one small organisation: writes its files, plans, approves, applies, and reads what came of it.

A *case* is plain data (JSON), so that it can be shrunk and printed:

    {"seed": 4711,
     "config": {…},                     zsctl.yaml
     "organization": {…},               the target's file at first
     "steps": [{"now": "2026-11-20T10:15:00Z",
                "sources": {"declared": {"users": […], "functional": […], "groups": {…}}},
                "portal": [["suspend", "bob@example.org"], …],     what people do in the target before it
                "config": {…},                                     in place of these keys of the configuration
                "same_person": […], "options": […]}]}              for this plan

Everything lives in one folder, on tmpfs where there is one.
"""
import atexit
import copy
import getpass
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import tempfile

USER = "urn:ietf:params:scim:schemas:zivver:0.1:User"
GROUP = "urn:ietf:params:scim:schemas:zivver:0.1:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
KEYS = ("k1", "k2", "k3")
TIMEOUT = 120


class Done:
    """How a command ended."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err


class Program:
    """zsctl itself, one process a command. With `forks` (tests/properties/forks.c) these are forked off a
    program that stands ready: several times faster."""

    def __init__(self, path, forks=None, folder=None):
        self.path = str(pathlib.Path(path).resolve())
        self.calls = 0
        self.environment = dict(
            PATH=os.environ["PATH"], HOME="/nonexistent", LC_ALL="C.UTF-8", TZ="UTC",
            ZSCTL_AUTHOR="jane@example.org", ZSCTL_APPROVER="kim@example.org",
            ASAN_OPTIONS="detect_leaks=0", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        self.server = self.files = None
        if forks:
            self.files = tempfile.mkdtemp(prefix="zsctl-forks-", dir=folder or scratch())
            self.server = subprocess.Popen([forks], env=self.environment, stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE)
            atexit.register(self.close)

    def close(self):
        if self.server:
            self.server.stdin.close()
            self.server.wait()
            self.server = None
            shutil.rmtree(self.files, ignore_errors=True)

    def __call__(self, place, *arguments, **environment):
        self.calls += 1
        if self.server:
            return self.fork(place, arguments, environment)
        done = subprocess.run([self.path, *arguments], cwd=place, env={**self.environment, **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, check=False)
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def fork(self, place, arguments, environment):
        out, err = f"{self.files}/out", f"{self.files}/err"
        fields = [place, out, err, *(f"{name}={value}" for name, value in environment.items()), "--", *arguments]
        self.server.stdin.write(b"".join(os.fsencode(field) + b"\0" for field in fields) + b"\0")
        self.server.stdin.flush()
        if not select.select([self.server.stdout], [], [], TIMEOUT)[0]:
            raise TimeoutError(f"zsctl {' '.join(arguments)} does not end")
        status = int(self.server.stdout.readline())
        said = []
        for name in (out, err):
            with open(name, "rb") as file:
                said.append(file.read().decode(errors="replace"))
        return Done(status, *said)


def scratch():
    """Where cases are run: nothing there outlives the test."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


# --- the target's file ------------------------------------------------------------------------------------


def user(number, address, name, **more):
    made = {"id": f"a0000000-0000-4000-8000-{number:012d}", "userName": address, "name": {"formatted": name},
            "active": more.get("active", True),
            USER: {"aliases": sorted(more.get("aliases", ())), "delegates": sorted(more.get("delegates", ()))}}
    if more.get("unit"):
        made[ENTERPRISE] = {"division": more["unit"]}
    if more.get("mobile"):
        made["phoneNumbers"] = [{"value": more["mobile"]}]
    return made


def group(number, address, name, members=(), **more):
    made = {"id": f"b0000000-0000-4000-8000-{number:012d}", "externalId": address, "displayName": name,
            "members": [{"value": member} for member in members],
            GROUP: {"aliases": sorted(more.get("aliases", ()))}}
    if more.get("unit"):
        made[ENTERPRISE] = {"division": more["unit"]}
    return made


def accounts(organization):
    """The target's accounts by id, delegates as ids of users: what a person would call their state."""
    ids = {one["userName"]: one["id"] for one in organization.get("users", ())}
    known = set(ids.values())
    keys = {one["id"]: one["key"] for one in organization.get("keys", ())}
    found = {}
    for one in organization.get("users", ()):
        extra = one.get(USER, {})
        found[one["id"]] = {
            "kind": "user", "address": one["userName"], "active": one.get("active", True),
            "name": one.get("name", {}).get("formatted"), "unit": unit_of(one),
            "mobile": (one.get("phoneNumbers") or [{}])[0].get("value"),
            "aliases": set(extra.get("aliases", ())), "key": keys.get(one["id"]),
            "delegates": {ids[a] for a in extra.get("delegates", ()) if a in ids} - {one["id"]}}
    for one in organization.get("groups", ()):
        members = {m["value"] for m in one.get("members", ())} & known
        found[one["id"]] = {
            "kind": "functional", "address": one["externalId"], "active": bool(members),
            "name": one.get("displayName"), "unit": unit_of(one), "mobile": None, "key": None,
            "aliases": set(one.get(GROUP, {}).get("aliases", ())), "delegates": members}
    return found


def unit_of(resource):
    unit = resource.get(ENTERPRISE, {}).get("division")
    return None if unit == "/" else unit


def readers(world):
    """Who can read whose mail: pairs (account, user), both active."""
    return {(key, delegate) for key, one in world.items() if one["active"]
            for delegate in one["delegates"] if world[delegate]["active"]}


# --- what people do in the portal -------------------------------------------------------------------------


def edit(organization, operation):
    """One of them, under the service's rules: what they forbid, or is about nobody, does nothing."""
    action, address, *rest = operation
    users, groups = organization["users"], organization["groups"]
    one = next((u for u in users if u["userName"] == address), None)
    room = next((g for g in groups if g["externalId"] == address), None)
    taken = {a for found in accounts(organization).values() for a in {found["address"]} | found["aliases"]}
    found = one or room
    if action == "create" and rest[0]["id"] not in accounts(organization) and address not in taken:
        (users if "userName" in rest[0] else groups).append(copy.deepcopy(rest[0]))
    if found is None:
        return
    aliases = found.setdefault(USER if one else GROUP, {}).setdefault("aliases", [])
    if action == "suspend" and one:
        one["active"] = False
    elif action == "suspend":
        room["members"] = []
    elif action == "activate" and one:
        one["active"] = True
    elif action == "name" and one:
        one["name"] = {"formatted": rest[0]}
    elif action == "name":
        room["displayName"] = rest[0]
    elif action == "alias+" and rest[0] not in taken:
        aliases.append(rest[0])
    elif action == "alias-" and rest[0] in aliases:
        aliases.remove(rest[0])
    elif action == "rename" and rest[0] not in taken:
        found["userName" if one else "externalId"] = rest[0]
        for other in users if one else ():
            lists = other.get(USER, {})
            lists["delegates"] = [rest[0] if d == address else d for d in lists.get("delegates", ())]
    elif action in ("delegate+", "delegate-"):
        edit_delegate(organization, action, found, one, rest[0])
    elif action == "delete":
        (users if one else groups).remove(found)
        for other in users if one else ():
            lists = other.get(USER, {})
            lists["delegates"] = [d for d in lists.get("delegates", ()) if d != address]
        for other in groups if one else ():
            other["members"] = [m for m in other.get("members", ()) if m["value"] != found["id"]]


def edit_delegate(organization, action, found, is_user, who):
    delegate = next((u for u in organization["users"] if u["userName"] == who and u["active"]), None)
    if delegate is None or delegate is found:
        return
    if is_user:
        held = found[USER].setdefault("delegates", [])
        item = who
    else:
        held = found.setdefault("members", [])
        item = {"value": delegate["id"]}
    if action == "delegate+" and item not in held:
        held.append(item)
    elif action == "delegate-" and item in held:
        held.remove(item)


# --- files ------------------------------------------------------------------------------------------------

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .+_/*-]*(@[A-Za-z0-9.*-]+)?\Z|\*?@[a-z.]+\Z")
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"}


def yaml(value):
    """In flow style, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml(one) for one in value) + "]"
    if isinstance(value, int):
        return str(value)
    if (PLAIN.match(value) and not value.endswith(" ") and value.lower() not in WORDS - {"none"}
            or re.fullmatch(r"\d{4}-\d\d-\d\d|\d+%", value)) and not value.startswith(("@", "*")):
        return value
    return json.dumps(value, ensure_ascii=False)


def yaml_document(first, value):
    """Its keys one a line, and lists of maps one item a line."""
    lines = [first]
    for key, one in value.items():
        if isinstance(one, list) and one and isinstance(one[0], dict):
            lines.append(f"{key}:")
            lines += [f"  - {yaml(item)}" for item in one]
        else:
            lines.append(f"{key}: {yaml(one)}")
    return "\n".join(lines) + "\n"


def config_text(config):
    return yaml_document("zsctl: 1", config)


def declared_text(document):
    return yaml_document("zsctl_accounts: 1", document)


def organization_text(organization):
    """One resource a line."""
    parts = []
    for key, value in organization.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in value)
            parts.append(f"{json.dumps(key)}:[\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value)}")
    return "{" + ",".join(parts) + "}\n"


def configured(folder=None):
    """The program that the environment names, and the one that forks it, which is built beside it. Its output
    goes through files in the folder."""
    zsctl = pathlib.Path(os.environ["ZSCTL"]).resolve()
    forks = pathlib.Path(os.environ.get("ZSCTL_FORKS", zsctl.parent / "tests/properties/zsctl_forks"))
    return Program(zsctl, forks if forks.exists() else None, folder)


def config_of(case, step):
    config = {**case["config"], **step.get("config", {})}
    return {key: value for key, value in config.items() if value is not None}


class Place:
    """A folder with one organisation in it."""

    def __init__(self, program, path):
        self.program = program
        self.path = path

    def begin(self, case):
        os.makedirs(f"{self.path}/keys")
        for name in KEYS + ("fingerprint",):
            with open(os.open(f"{self.path}/keys/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(f"the key {name}, long enough for everybody\n")
        self.write_organization(case["organization"])

    def write(self, name, text):
        with open(f"{self.path}/{name}", "w") as file:
            file.write(text)

    def read(self, name):
        with open(f"{self.path}/{name}") as file:
            return file.read()

    def exists(self, name):
        return os.path.exists(f"{self.path}/{name}")

    def write_organization(self, organization):
        self.write("organization.json", organization_text(organization))

    def organization(self):
        return json.loads(self.read("organization.json"))

    def set_up(self, case, step):
        """The step's configuration, declared accounts, and what people did in the portal."""
        for name in os.listdir(self.path):
            if name.startswith("plan."):
                path = f"{self.path}/{name}"
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        self.write("zsctl.yaml", config_text(config_of(case, step)))
        for source, document in step["sources"].items():
            self.write(f"{source}.yaml", declared_text(document))
        if step.get("portal"):
            organization = self.organization()
            for operation in step["portal"]:
                edit(organization, operation)
            self.write_organization(organization)

    def copy(self, name):
        path = f"{os.path.dirname(self.path)}/{name}"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.path, path)
        return Place(self.program, path)

    def plan(self, step, number, *options, file="plan.yaml"):
        """(Done, the plan as JSON or None)."""
        done = self.program(self.path, "-q", "plan", "--format", "json", "-o", file, *options,
                            ZSCTL_NOW=step["now"], ZSCTL_ID=f"7f3c2a{number:02x}")
        return done, json.loads(done.out) if done.status in (0, 4) else None

    def approve(self, plan, file="plan.yaml"):
        """What `zsctl approve` writes when a person has typed the plan's id."""
        folder = f"{self.path}/{file}.approvals"
        os.makedirs(folder, exist_ok=True)
        with open(f"{self.path}/{file}", "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        self.write(f"{file}.approvals/kim@example.org.local",
                   "zsctl_approval: 1\napprover: kim@example.org\n"
                   f"user: {getpass.getuser()}\nhost: {socket.gethostname()}\nat: {plan['created']}\n"
                   f"plan: sha256:{digest}\npolicy: {plan['config']['policy']}\n")

    def apply(self, step, number, *options, file="plan.yaml", **environment):
        return self.program(self.path, "-q", "apply", *options, file,
                            ZSCTL_NOW=step["now"], ZSCTL_ID=f"7f3c2a{number:02x}", **environment)

    def result(self, file="plan.yaml"):
        """[(change, outcome, text)] of result.yaml beside the plan: its spelling is canonical."""
        name = file.replace(".yaml", ".result.yaml")
        if not self.exists(name):
            return None
        found = []
        for line in self.read(name).partition("\nchanges:")[2].splitlines():
            if line.startswith("  - "):
                found.append([line[4:], None, ""])
            elif line.startswith("    outcome: "):
                found[-1][1] = line.partition(": ")[2]
            elif line.startswith("    ") and found:
                found[-1][2] += line.strip() + " "
            elif line and not line.startswith(" "):
                break
        return [tuple(one) for one in found]

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
