"""A desk to work at with zsctl: a folder with a configuration, and what the program said."""
import json
import os
import pathlib
import shutil
import subprocess

ZSCTL = os.environ["ZSCTL"]


class Desk:
    def __init__(self, folder, password, krb5=None):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.put("pw", password)
        os.chmod(self.folder / "pw", 0o600)
        self.put("target.json", '{"users": [], "functional": []}\n')
        self.minute = 10
        self.environment = dict(
            PATH=os.environ["PATH"], HOME="/nonexistent", LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1",
            ZSCTL_AUTHOR="jane@example.org", ZSCTL_APPROVER="kim@example.org", ZSCTL_ID="7f3c2a10",
            GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        if krb5:
            self.environment["KRB5_CONFIG"] = krb5

    def put(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def configure(self, source, rest=""):
        """`source`: the lines of the one source."""
        self.put("zsctl.yaml", f"""zsctl: 1
organization: example.org
target: {{provider: file, path: target.json}}
limits: {{create: none, update: none, suspend: none, reactivate: none, keys: none, held: none, grant: none,
         revoke: none, source_shrink: none, target_shrink: none}}
sources:
{source}
{rest}
""")

    def call(self, *arguments, stdin=None):
        self.environment["ZSCTL_NOW"] = f"2026-11-20T10:{self.minute}:00Z"
        return subprocess.run([ZSCTL, *arguments], cwd=self.folder, env=self.environment, input=stdin,
                              capture_output=True, text=True, timeout=240)

    def said(self, *arguments, status=0):
        done = self.call(*arguments)
        if done.returncode != status:
            raise AssertionError(f"zsctl {' '.join(arguments)}: status {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout if status == 0 else done.stdout + done.stderr

    def desired(self):
        """By address."""
        return {a["address"]: a for a in json.loads(self.said("list", "desired", "--format", "json"))}

    def carry_out(self):
        """Plans, approves and applies; the plan."""
        self.minute += 1
        self.said("plan", "-o", "plan.yaml")
        plan = (self.folder / "plan.yaml").read_text(encoding="utf-8")
        self.said("approve", "plan.yaml")
        self.said("apply", "plan.yaml")
        shutil.rmtree(self.folder / "plan.yaml.approvals", ignore_errors=True)
        os.remove(self.folder / "plan.yaml")
        return plan


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}:\n  found  {json.dumps(found, ensure_ascii=False)}\n"
                             f"  wanted {json.dumps(wanted, ensure_ascii=False)}")


def contains(what, text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{what}: '{part}' is not in\n{text}")


def run(tests):
    """Every one, in order; the first failure ends it."""
    for test, *arguments in tests:
        print(f"{test.__name__} …", flush=True)
        test(*arguments)
