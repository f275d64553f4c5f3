"""What plan and apply cost on the simulated service over TLS, beside curl fetching and sending the same."""
import json
import pathlib
import subprocess
import sys

from common import BUILD, ENVIRONMENT, compare, generate, run, say

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim"))
from sim import Simulator  # noqa: E402

API_KEY = "the-key-of-an-administrator"
CHANGES = 10_000  # of the apply that is measured
TARGET = """target:
  provider: zivver
  url: {url}
  api_key: {{env: ZSCTL_BENCH_KEY}}
  ca_file: {ca_file}
  sign_in: password
  rate: none
  parallel: {parallel}
"""
FILE_TARGET = "target:\n  provider: file\n  path: target.json\n  sign_in: password\n"


def bench_service(size, place):
    print(f"\n{size:,} accounts, over TLS", flush=True)
    ENVIRONMENT.update(ZSCTL_BENCH_KEY=API_KEY, ZIVVER_SIM=str(BUILD / "tests/sim/zivver-sim"))
    zsctl = str(BUILD / "zsctl")
    changes = min(CHANGES, size // 10)
    generate(size, place, "--changes", str(changes))
    configuration = (place / "zsctl.yaml").read_text()
    with Simulator(place / "simulator", place / "target.json", api_key=API_KEY,
                   program=ENVIRONMENT["ZIVVER_SIM"]) as simulator:
        (place / "zsctl.yaml").write_text(configuration.replace(FILE_TARGET, TARGET.format(
            url=simulator.url, ca_file=simulator.ca_file, parallel=16)))
        curl = ["curl", "-sS", "--fail", "--cacert", str(simulator.ca_file), "-H", f"Authorization: Bearer {API_KEY}",
                "-H", "Accept: application/json"]
        run([zsctl, "plan"], place)  # warms both sides
        plan = run([zsctl, "plan", "-o", "a.yaml"], place)
        say("plan", *plan)
        fetch = fetch_with_curl(curl, simulator.url, place)
        compare("  curl | jq -c '.Resources[]' of both", plan, fetch, "plan")
        run([zsctl, "approve", "a.yaml"], place)
        before = len(simulator.log())
        apply = run([zsctl, "apply", "a.yaml"], place)
        say("apply", *apply, f"{changes:,} changes, with the first record of all accounts")
        writes = [r for r in simulator.log()[before:] if r["method"] != "GET"]
        ours = span(writes)
        print(f"  its changes: {len(writes) / ours:,.0f} requests/s, {changes / ours:,.0f} changes/s")
        puts = [r["path"] for r in writes if r["method"] == "PUT"]
        send_with_curl(curl, simulator, place, puts)


def span(requests):
    times = [r["monotonic"] for r in requests]
    return max(times) - min(times)


def fetch_with_curl(curl, url, place):
    """Both lists at the same time, as zsctl reads them; the CPU of all four processes."""
    script = " & ".join(f"{' '.join(repr(word) for word in curl)} {url}/scim/v2/{name} | jq -c '.Resources[]' >/dev/null"
                        for name in ("Users", "Groups")) + " & wait"
    return run(["sh", "-c", script], place)


def send_with_curl(curl, simulator, place, paths):
    """The same PUTs, as one curl with as many connections sends them."""
    resources = {r["id"]: r for name in ("users", "groups") for r in simulator.state()[name]}
    bodies = place / "bodies"
    bodies.mkdir(exist_ok=True)
    lines = []
    for number, path in enumerate(paths):
        body = bodies / f"{number}.json"
        body.write_text(json.dumps(resources[path.rpartition("/")[2]]))
        lines.append(f'url = "{simulator.url}{path}"\nrequest = PUT\ndata-binary = "@{body}"\noutput = /dev/null\n'
                     f'header = "Content-Type: application/json"\nheader = "Authorization: Bearer {API_KEY}"\n'
                     f'cacert = "{simulator.ca_file}"\n')
    (place / "puts.curl").write_text("next\n".join(lines))
    before = len(simulator.log())
    wall, cpu, peak = run(["curl", "-sS", "--fail", "--parallel", "--parallel-max", "16", "-K", "puts.curl"], place)
    took = span(simulator.log()[before:])
    say("  curl --parallel, the same PUTs", wall, cpu, peak, f"{len(paths) / took:,.0f} requests/s")

