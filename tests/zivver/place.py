"""A user's place: a folder with a configuration for some service, and zsctl at work in it."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))

ZSCTL = pathlib.Path(os.environ["ZSCTL"]).resolve()
API_KEY = "4pi-Key_0f.an~administrator"
PROXIES = {name + "_proxy" for name in ("http", "https", "all", "no")}
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name.lower() not in PROXIES and not name.startswith("ZSCTL_")}
ENVIRONMENT.update(LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1", GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null",
                   ZSCTL_AUTHOR="jane@example.org")

CONFIG = """zsctl: 1
organization: example.org
{domains}target:
  provider: zivver
  url: {url}
  api_key: {api_key}
{more}sources:
  - {{name: declared, provider: yaml, path: accounts.yaml}}
"""
ACCOUNTS = """zsctl_accounts: 1
users:
  - {address: jane@example.org, name: Jane Doe}
"""


def user(number, address, name, **more):
    return {"id": f"{number:08d}-0000-4000-8000-000000000001", "userName": address, "name": {"formatted": name},
            "active": True, **more}


def group(number, address, name, members):
    return {"id": f"{number:08d}-0000-4000-8000-000000000002", "externalId": address, "displayName": name,
            "members": [{"value": member["id"]} for member in members]}


class Place:
    def __init__(self, folder, url, api_key="{env: ZIVVER_API_KEY}", ca_file=None, more="",
                 domains="domains: {claimed: [example.org]}\n", accounts=ACCOUNTS):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        if ca_file:
            more += f"  ca_file: {ca_file}\n"
        self.write("zsctl.yaml", CONFIG.format(url=url, api_key=api_key, more=more, domains=domains))
        self.write("accounts.yaml", accounts)

    def write(self, path, text, mode=0o644):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)

    def zsctl(self, *arguments, **variables):
        """(status, stdout, stderr); a variable that is None is not set."""
        environment = {**ENVIRONMENT, "ZIVVER_API_KEY": API_KEY, **variables}
        done = subprocess.run([str(ZSCTL), *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              env={name: value for name, value in environment.items() if value is not None},
                              timeout=120)
        return done.returncode, done.stdout.decode(), done.stderr.decode()
