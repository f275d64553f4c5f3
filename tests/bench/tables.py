"""What plan costs when all accounts come from two CSV files, beside Python's csv module reading the same files."""
import csv
import json
import pathlib
import subprocess
import sys

from common import BUILD, ENVIRONMENT, compare, generate, run, say

DECLARED = "  - {name: declared, provider: yaml, path: accounts/*.yaml}\n"
TABLES = """\
  - name: hr
    provider: csv
    users:
      path: people.csv
      exclude: [{attribute: Status, values: left}]
      map:
        id: "{Number}"
        address: "{E-mail}"
        name: "{Known as|First name} {Surname}"
        aliases: "{Aliases:split(',')}"
        delegates: "{Read by:split(',')}"
        mobile: "{Mobile:mobile(NL)}"
        active: "{Status:is(active)}"
      unit: "{Department}"
    functional:
      path: shared.csv
      map: {id: "{Number}", address: "{Mailbox}", name: "{Title}", aliases: "{Aliases:split(',')}",
        delegates: "{Readers:split(',')}"}
      unit: "{Department}"
"""
READ = """
import csv, sys
for name in sys.argv[1:]:
    with open(name, newline="", encoding="utf-8") as file:
        print(sum(len(row) for row in csv.reader(file)))
"""


def bench_tables(size, place):
    print(f"\n{size:,} accounts from CSV", flush=True)
    zsctl = str(BUILD / "zsctl")
    generate(size, place)
    run([zsctl, "plan"], place)
    declared = run([zsctl, "plan"], place)
    # In a process of its own: what this one has taken would count as the peak of those it starts.
    subprocess.run([sys.executable, __file__, zsctl, str(place)], check=True)
    files = [place / "people.csv", place / "shared.csv"]
    run([zsctl, "plan"], place)  # warms the page cache
    read = run([zsctl, "validate"], place)
    say("reading and mapping (validate)", *read, f"{sum(f.stat().st_size for f in files) / 2**20:.0f} MiB")
    compare("  csv.reader of the same", read, run([sys.executable, "-c", READ, *map(str, files)], place), "validate")
    plan = run([zsctl, "plan"], place)
    say("plan", *plan)
    compare("  plan of the same, declared", plan, declared, "plan")


def write_tables(zsctl, place):
    """What the declared files say, as two tables, and a configuration that reads them."""
    listed = subprocess.run([zsctl, "list", "source", "declared", "--format", "json"], cwd=place, env=ENVIRONMENT,
                            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    accounts = json.loads(listed)
    with (place / "people.csv").open("w", newline="", encoding="utf-8") as people, \
            (place / "shared.csv").open("w", newline="", encoding="utf-8") as shared:
        people, shared = csv.writer(people, delimiter=";"), csv.writer(shared, delimiter=";")
        people.writerow(["Number", "First name", "Known as", "Surname", "E-mail", "Aliases", "Read by", "Mobile",
                         "Department", "Status", "Room", "Remarks"])
        shared.writerow(["Number", "Mailbox", "Title", "Aliases", "Readers", "Department"])
        for number, account in enumerate(accounts):
            aliases, readers = ", ".join(account["aliases"]), ", ".join(account["delegates"])
            unit = account.get("unit", "/")
            if account["kind"] == "functional":
                shared.writerow([number, account["address"], account["name"], aliases, readers, unit])
                continue
            first, _, surname = account["name"].partition(" ")
            mobile = account.get("mobile", "").replace("+316", "06 ")
            people.writerow([number, first, first if number % 7 == 0 else "", surname, account["address"], aliases,
                             readers, mobile, unit, "active" if account["active"] else "inactive", f"K {number % 997}",
                             'on leave, "for now"' if number % 50 == 0 else ""])
    configuration = (place / "zsctl.yaml").read_text()
    (place / "zsctl.yaml").write_text(configuration.replace(DECLARED, TABLES))


if __name__ == "__main__":
    write_tables(sys.argv[1], pathlib.Path(sys.argv[2]))
