"""A place where zsctl works on a simulated service: preparing, carrying out a plan to its end whatever
happens on the way, and judging what came of it."""
import collections
import contextlib
import copy
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

import world

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))
from sim import Simulator  # noqa: E402

ZSCTL = pathlib.Path(os.environ["ZSCTL"]).resolve()
API_KEY = "the-key-of-an-administrator"
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", ZSCTL_ID="7f3c2a10", ZSCTL_AUTHOR="jane@example.org",
                   ZSCTL_APPROVER="kim@example.org", ZSCTL_TEST_KEY=API_KEY, ASAN_OPTIONS="detect_leaks=0",
                   GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", NO_COLOR="1")
NOW = "2026-11-20T10:15:00Z"

CONFIG = """zsctl: 1
organization: example.org
domains: {{claimed: [example.org]}}
target:
  provider: zivver
  url: {url}
  api_key: {{env: ZSCTL_TEST_KEY}}
  ca_file: ca.pem
  rate: {rate}
  parallel: {parallel}
  protect: [u259@example.org]
sources:
  - {{name: declared, provider: yaml, path: accounts.yaml}}
limits: {{create: none, update: none, suspend: none, reactivate: none, keys: none, held: none,
         grant: none, revoke: none, source_shrink: none, target_shrink: none}}
approval: {{method: local, expires: 72h}}
"""

DELETING = ["--delete", "suspended-and-missing", "--suspended-for", "10d"]

# Two plans of the same second would have the same id.
LATER = [f"2026-11-20T10:{minute}:00Z" for minute in range(16, 60)]


class Failure(Exception):
    pass


def say_exit(done):
    return f"exit status {done.returncode}:\n{done.said}"


class Scene:
    """A prepared organisation and the approved plan of its third run (world.py), on a port of its own, because
    the record pins the target's address. Cases work on copies."""

    def __init__(self, scratch, certificates, parallel=4, rate="none", bucket="off"):
        self.scratch, self.certificates, self.parallel, self.bucket = scratch, certificates, parallel, bucket
        self.port = 0
        self.start = scratch / "start"
        self.start.mkdir(parents=True)
        stages, state, _, self.want = world.make()
        self.keys = world.key_digests(stages[2])
        self.save = self.start / "service.json"
        self.save.write_text(json.dumps(state))
        shutil.copy(certificates / "ca.pem", self.start)
        (self.start / "keys").mkdir()
        for name, content in world.key_files(*stages).items():
            key = self.start / "keys" / name
            key.write_text(content)
            key.chmod(0o600)
        with self.simulator(self.start) as simulator:
            self.port = urllib.parse.urlsplit(simulator.url).port
            (self.start / "zsctl.yaml").write_text(CONFIG.format(url=simulator.url, rate=rate, parallel=parallel))
            for stage, now in ((0, "2026-10-01T08:00:00Z"), (1, "2026-10-02T08:00:00Z")):
                self.declare(stages[stage])
                name = f"{stage}.yaml"
                self.must("plan", "-o", name, now=now)
                self.must("approve", name, now=now)
                self.must("apply", name, now=now)
            self.declare(stages[2])
            self.must("plan", "-o", "third.yaml", *DELETING)
            self.must("approve", "third.yaml")
            self.state = simulator.state()
        self.save.write_text(json.dumps(self.state))

    def declare(self, stage):
        (self.start / "accounts.yaml").write_text(world.declared_file(stage))

    def simulator(self, place, faults=(), unknown=None):
        """Not started yet, with the organisation of that place."""
        return Simulator(place / "simulator", place / "service.json", faults=faults, unknown=unknown,
                         bucket=self.bucket, tls_folder=self.certificates, api_key=API_KEY, port=self.port)

    def must(self, *arguments, **more):
        done = zsctl(self.start, *arguments, **more)
        if done.returncode != 0:
            raise Failure(f"zsctl {' '.join(arguments)}: {say_exit(done)}")

    @contextlib.contextmanager
    def copy(self, name):
        """A case's own folder: removed when it went well."""
        place = self.scratch / name
        shutil.copytree(self.start, place)
        yield place
        shutil.rmtree(place)


def zsctl(place, *arguments, now=NOW, kill_when=None):
    """One command to its end; `kill_when()`: SIGKILL as soon as it says so."""
    process = subprocess.Popen([ZSCTL, *arguments], cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=dict(ENVIRONMENT, ZSCTL_NOW=now), start_new_session=True)
    if kill_when:
        while process.poll() is None and not kill_when():
            time.sleep(0.001)
        process.kill()
    out, _ = process.communicate(timeout=600)
    done = subprocess.CompletedProcess(arguments, process.returncode)
    done.said = out.decode(errors="replace")
    if "Sanitizer" in done.said or process.returncode in (-signal.SIGSEGV, -signal.SIGABRT):
        raise Failure(f"zsctl {' '.join(arguments)} broke:\n{done.said}")
    return done


def git(place, *arguments):
    return subprocess.run(["git", "-C", place / "state", *arguments], capture_output=True, check=True,
                          env=ENVIRONMENT).stdout.decode().strip()


def is_open(place):
    return git(place, "log", "-1", "--format=%s").startswith(("begin ", "takeover "))


def shown(place, plan):
    return json.loads(zsctl(place, "show", plan, "--format", "json").said)


def changes_of(place, plan):
    return {(change["kind"], change["address"]) for change in shown(place, plan)["changes"]}


class Edit:
    """A person changes one member of a user in the portal, at a request."""

    def __init__(self, address, member, value, request, when):
        self.address, self.member, self.value, self.request, self.when = address, member, value, request, when

    def fault(self):
        return {"fault": "edit", "edits": [{"edit": self.address, "merge": {self.member: self.value}}],
                "when": self.when, "request": self.request}

    def seen(self):
        """Whether it is about something that zsctl records."""
        return self.member in (world.USER_URN, "phoneNumbers")

    def expect(self, account):
        if self.member == world.USER_URN:
            account["readers"] = self.value["delegates"]
        else:
            account["kept"][self.member] = self.value

    def stands(self, log, identity, account):
        """Whether it must stand in the end: it was made, and nobody wrote the account before it was read again.
        Resources are written whole, and as the design has it a reading may be 60 s old."""
        if len(log) < self.request or "edit" not in " ".join(log[self.request - 1]["faults"]):
            return False
        first = self.request - 1 if self.when == "before" else self.request
        for request in log[first:]:
            path, _, last = request["path"].rpartition("/")
            clean = request["status"] == 200 and not set(request["faults"]) - {"edit", "edit after", "delay after"}
            if request["method"] == "GET" and clean and last in ("Users", identity):
                if "startIndex=" in request["query"]:
                    # Between two pages: it depends on which one the account is.
                    return self.shows(account)
                return True
            if request["method"] != "GET" and last == identity and request["changed"]:
                return False
        return True

    def shows(self, account):
        return (account["readers"] if self.member == world.USER_URN else account["kept"].get(self.member)) == (
            self.value["delegates"] if self.member == world.USER_URN else self.value)


class Case:
    """One way to the end. `calm`: what makes all faults stop, after which the end must come."""

    ROUNDS, CALM_AFTER = 12, 6

    def __init__(self, scene, place, simulator):
        self.scene, self.place, self.simulator = scene, place, simulator
        self.plans, self.statuses = ["third.yaml"], []
        self.planned = changes_of(place, "third.yaml")

    def apply(self, kill_when=None):
        done = zsctl(self.place, "apply", self.plans[-1], now=self.now(), kill_when=kill_when)
        self.statuses.append(done.returncode)
        # 3: all of it had been done, or nothing of it can be any more; 1, 7: the service could not be read.
        unread = done.returncode == 7 or (done.returncode == 1 and "error: target: " in done.said)
        if done.returncode not in (0, 3, 6) and not unread and not (kill_when and done.returncode == -signal.SIGKILL):
            raise Failure(f"apply: {say_exit(done)}")
        return done

    def now(self):
        return LATER[len(self.plans)] if len(self.plans) > 1 else NOW

    def plan_again(self):
        """Whether something is left to do."""
        name = f"next{len(self.plans)}.yaml"
        self.plans.append(name)
        done = zsctl(self.place, "plan", "--detailed-exitcode", *DELETING, "-o", name, now=self.now())
        if done.returncode == 7 or (done.returncode == 1 and "error: target: " in done.said):
            self.plans.pop()
            return True
        if done.returncode not in (0, 2):
            raise Failure(f"plan: {say_exit(done)}")
        if done.returncode == 2:
            self.planned |= changes_of(self.place, name)
            approved = zsctl(self.place, "approve", name, now=self.now())
            if approved.returncode:
                raise Failure(f"approve: {say_exit(approved)}")
        return done.returncode == 2

    def to_the_end(self, kills=()):
        kills = list(kills)
        for attempt in range(self.ROUNDS):
            if attempt == self.CALM_AFTER:
                self.simulator.set_faults([])
            done = self.apply(kills.pop(0) if kills else None)
            if done.returncode in (-signal.SIGKILL, 1, 7) or is_open(self.place):
                continue
            if not self.plan_again():
                return
        raise Failure(f"no end after {self.ROUNDS} rounds: {self.statuses}; the last one: {done.said}")

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, want, edits=()):
        """How many of the edits were overwritten, as they may be."""
        self.simulator.set_faults([])
        state = self.simulator.state()
        want = copy.deepcopy(want)
        identities = {user["userName"]: user["id"] for user in self.scene.state["users"]}
        got, log = world.read_target(state), self.simulator.log()
        standing = [edit for edit in edits if edit.stands(log, identities[edit.address], got[edit.address])]
        for edit in standing:
            edit.expect(want[edit.address])
        self.judge_accounts(state, want)
        self.judge_keys(state)
        self.judge_requests(state)
        self.judge_record({edit.address for edit in standing if edit.seen()})
        git(self.place, "fsck", "--strict")
        return len(edits) - len(standing)

    def judge_record(self, edited):
        """It says what is there, but for what people did since zsctl last looked."""
        drift = zsctl(self.place, "drift")
        said = [line.split() for line in drift.said.splitlines()]
        differing = [words for words in said if len(words) > 3 and words[1] in ("user", "functional")]
        if drift.returncode not in (0, 2) or any(words[0] != "~" or words[2] not in edited for words in differing):
            raise Failure(f"the record does not say what is there: {say_exit(drift)}")

    @staticmethod
    def judge_accounts(state, want):
        got = world.read_target(state)
        wrong = [f"{address}\n  is   {got.get(address)}\n  want {want.get(address)}"
                 for address in sorted({*got, *want}) if got.get(address) != want.get(address)]
        if wrong:
            raise Failure(f"{len(wrong)} accounts are not as planned:\n" + "\n".join(wrong[:5]))

    def judge_keys(self, state):
        active = {user["id"] for user in state["users"] if user["active"]}
        broken = [key for key in state["keys"] if key.get("broken") and key["id"] in active]
        if broken:
            raise Failure(f"sign-ins were broken, now or in between: {broken}")
        held = {key["id"]: key.get("key") for key in state["keys"]}
        wrong = [user["userName"] for user in state["users"]
                 if user["active"] and held.get(user["id"]) != self.scene.keys[user["userName"]]]
        if wrong:
            raise Failure(f"the service does not have the account keys of {wrong}")

    def judge_counts(self):
        """Without faults: two lists, as many changes as the plan says, and no change takes more than it must."""
        log, plan = self.simulator.log(), shown(self.place, "third.yaml")
        reads = [request["path"] for request in log if request["method"] == "GET"]
        if sorted(reads) != ["/scim/v2/Groups", "/scim/v2/Users"]:
            raise Failure(f"readings: {reads}")
        if len(log) - len(reads) != plan["requests"]["writes"]:
            raise Failure(f"{len(log) - len(reads)} changes were sent, the plan has {plan['requests']['writes']}")
        sent = collections.Counter(request["path"].rpartition("/")[2] for request in log)
        state = self.simulator.state()
        made = {account.get("userName") or account["externalId"]: account["id"]
                for account in state["users"] + state["groups"]}
        for change in plan["changes"]:
            requests = sent[change["id"] or made[change["address"]]]
            if change["action"] == "create":
                # The POST itself has no id in its path.
                most = int(bool(change["aliases"]["add"] or change["delegates"]["add"]))
            else:
                # Where addresses change hands in a circle they are freed first.
                most = 2 if change["aliases"]["add"] and change["aliases"]["remove"] else 1
            if requests > most or (requests == 0 and change["action"] != "create"):
                raise Failure(f"{change['action']} {change['address']}: {requests} requests, {most} expected")

    def judge_requests(self, state):
        """Nothing was written to accounts that no plan names, and nothing was created twice."""
        address_of = {a["id"]: ("user", a["userName"]) if "userName" in a else ("functional", a["externalId"])
                      for s in (self.scene.state, state) for a in s["users"] + s["groups"]}
        before = {a["id"]: ("user", a["userName"]) if "userName" in a else ("functional", a["externalId"])
                  for a in self.scene.state["users"] + self.scene.state["groups"]}
        created = 0
        for request in self.simulator.log():
            if request["method"] == "GET":
                continue
            identity = request["path"].rpartition("/")[2]
            if request["method"] == "POST":
                created += bool(request["changed"])
            elif not {before.get(identity), address_of.get(identity)} & self.planned:
                raise Failure(f"a request that no plan has: {request}")
        new = len([i for i in address_of if i not in before])
        if created != new:
            raise Failure(f"{created} accounts were created for {new}")
