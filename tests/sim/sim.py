"""The Zivver simulator, for tests and campaigns. Standard library only.

    with Simulator("work", {"users": [...]}, faults=[{"fault": "reset", "when": "after"}]) as sim:
        run_something(sim.url, sim.ca_file, sim.api_key)
        assert sim.log()[0]["faults"] == ["reset after"]
        assert sim.state()["users"] == ...

What faults are: faults.h; what else can be asked of it while it runs: server.h; what unknown
behaviour can be chosen: `zivver-sim --help`. The program is $ZIVVER_SIM unless given.
"""
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 60  # seconds until a simulator that does not answer is broken


class SimulatorError(Exception):
    pass


def certificates(folder):
    """The folder with ca.pem, server.pem and so on (see the script); made when it is not there."""
    folder = pathlib.Path(folder)
    if not (folder / "expired.pem").exists():
        subprocess.run([str(HERE / "certificates"), str(folder)], check=True)
    return folder


def fault_lines(faults):
    return "".join(json.dumps(fault) + "\n" for fault in faults)


class Simulator:
    """One process with its files, all in the folder `work`.

    `state` is what the state file holds, as a dictionary, or the path of such a file. `tls` is the
    name of the certificate ("server", "expired") or None for plain http; `tls_folder` lets many
    simulators share their certificates. `unknown` is a dictionary of switches.
    """

    def __init__(self, work, state, *, faults=(), bucket="off", unknown=None, tls="server",
                 tls_folder=None, api_key="an-api-key", port=0, program=None):
        self.work = pathlib.Path(work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.api_key = api_key
        self.log_path = self.work / "requests.jsonl"
        self.saved_path = self.work / "saved.json"
        self._said_path = self.work / "simulator.err"
        self._process = None
        self._tls = certificates(tls_folder or self.work / "tls") if tls else None
        self.ca_file = self._tls / "ca.pem" if tls else None

        state_path = state
        if isinstance(state, dict):
            state_path = self.work / "state.json"
            state_path.write_text(json.dumps(state))
        faults_path = self.work / "faults.jsonl"
        faults_path.write_text(fault_lines(faults))
        self._command = [
            str(program or os.environ["ZIVVER_SIM"]), "--listen", f"127.0.0.1:{port}", "--api-key", api_key,
            "--state", str(state_path), "--save", str(self.saved_path), "--log", str(self.log_path),
            "--faults", str(faults_path), "--bucket", bucket]
        for name, value in (unknown or {}).items():
            self._command += ["--unknown", f"{name}={value}"]
        if tls:
            self._command += ["--cert", str(self._tls / f"{tls}.pem"), "--key", str(self._tls / f"{tls}.key")]

    # --- life ------------------------------------------------------------------------------------

    def start(self):
        with open(self._said_path, "wb") as said:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=said,
                                             stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if not line.startswith("listening on "):
            self._end(signal.SIGTERM)
            self._fail("did not start")
        self.url = line.split()[-1]
        return self

    def stop(self):
        """Ends it; returns the organisation as it was saved."""
        if self._end(signal.SIGTERM) != 0:
            self._fail("ended badly")
        return self.saved()

    def kill(self):
        """Ends it without saving."""
        self._end(signal.SIGKILL)

    def save(self):
        """Has the organisation saved now, and returns it."""
        self._process.send_signal(signal.SIGUSR1)
        if self._process.stdout.readline() != "saved\n":
            self._fail("did not save")
        return self.saved()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self._process and kind:
            self.kill()
        elif self._process:
            self.stop()

    def _end(self, number):
        self._process.send_signal(number)
        self._process.stdout.read()
        status = self._process.wait(PATIENCE)
        self._process.stdout.close()
        self._process = None
        return status

    def _fail(self, what):
        raise SimulatorError(f"the simulator {what}: {self._said_path.read_text(errors='replace')}")

    # --- what happened ---------------------------------------------------------------------------

    def log(self):
        """The requests so far, one dictionary each."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def saved(self):
        return json.loads(self.saved_path.read_text())

    def state(self):
        """The organisation as it stands."""
        return json.loads(self._control("GET", "/sim/state"))

    # --- what is to happen -----------------------------------------------------------------------

    def portal(self, edit):
        """What a person does in the portal, now."""
        self._control("POST", "/sim/portal", json.dumps(edit))

    def set_faults(self, faults):
        """Another script; requests count anew for it."""
        self._control("PUT", "/sim/faults", fault_lines(faults))

    def _control(self, method, path, body=None):
        connection = self.connect(verify=False)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            said = answer.read().decode()
            if answer.status != 200:
                raise SimulatorError(f"{method} {path}: {answer.status} {said}")
            return said
        finally:
            connection.close()

    # --- a client --------------------------------------------------------------------------------

    def connect(self, verify=True):
        """A connection of its own; each request on it needs its headers."""
        where = urllib.parse.urlsplit(self.url)
        if where.scheme == "http":
            return http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(where.hostname, where.port, timeout=PATIENCE, context=context)

    def request(self, method, path, body=None, headers=None, connection=None):
        """(status, headers, body) of one request to the API; `path` is below /api. The body is
        bytes, and may be given as anything that JSON can say."""
        own = connection or self.connect()
        try:
            kind = "application/scim+json" if method == "PATCH" else "application/json"
            own.request(method, "/api" + path, None if body is None else json.dumps(body),
                        {"Authorization": "Bearer " + self.api_key, "Accept": kind, "Content-Type": kind,
                         **(headers or {})})
            answer = own.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            if not connection:
                own.close()
