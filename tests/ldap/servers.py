"""Directories for the tests, on loopback: OpenLDAP's slapd with what a reader sees of Active Directory.

    with Slapd(folder, ldif=text) as server:
        server.ldap, server.ldaps, server.ca, server.base, server.reader, server.password
"""
import base64
import os
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = "DC=corp,DC=example,DC=org"
PASSWORD = "Pass.word1"


def free_ports(count):
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w",
              encoding="utf-8") as file:
        file.write(text)
    return path


def call(*arguments, stdin=None, **options):
    done = subprocess.run(arguments, input=stdin, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def certificates(folder, *names):
    """An authority and a server's certificate for `names`: ca.pem, server.pem, server.key."""
    if os.path.exists(f"{folder}/server.pem"):
        return
    os.makedirs(folder, exist_ok=True)
    kinds = ["IP" if n.replace(".", "").isdigit() else "DNS" for n in names]
    subjects = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names))
    write(f"{folder}/extensions", f"subjectAltName={subjects}\nextendedKeyUsage=serverAuth\n"
          "basicConstraints=critical,CA:FALSE\n")
    call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "3650", "-subj", "/O=Example/CN=Test authority",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign",
         "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    # RSA: Samba and slapd alike take it, and so do domain controllers.
    call("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Example/CN={names[0]}",
         "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr")
    call("openssl", "x509", "-req", "-days", "3650", "-in", f"{folder}/server.csr",
         "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial",
         "-extfile", f"{folder}/extensions", "-out", f"{folder}/server.pem")
    os.chmod(f"{folder}/server.key", 0o600)


def ldif(dn, **attributes):
    """One entry. A value is text or bytes, or a list of them."""
    lines = [f"dn:: {base64.b64encode(dn.encode()).decode()}"]
    for name, values in attributes.items():
        for value in values if isinstance(values, (list, tuple)) else [values]:
            raw = value if isinstance(value, bytes) else str(value).encode()
            lines.append(f"{name}:: {base64.b64encode(raw).decode()}")
    return "\n".join(lines) + "\n\n"


class Slapd:
    """`options`: more lines of its configuration, in the database's section."""

    def __init__(self, folder, ldif="", sizelimit=1000, options=""):
        self.folder = os.path.abspath(folder)
        self.base, self.password = BASE, PASSWORD
        self.reader = f"CN=reader,CN=Users,{BASE}"
        self.ca = f"{self.folder}/tls/ca.pem"
        self.process = None
        for name in ("db", "tls"):
            os.makedirs(f"{self.folder}/{name}", exist_ok=True)
        certificates(f"{self.folder}/tls", "dc1.corp.example.org", "localhost", "127.0.0.1")
        self.write_configuration(sizelimit, options)
        self.load(ldif)

    def write_configuration(self, sizelimit, options):
        write(f"{self.folder}/slapd.conf", f"""
include {HERE}/ad.schema
moduleload back_mdb
pidfile {self.folder}/slapd.pid
TLSCACertificateFile {self.folder}/tls/ca.pem
TLSCertificateFile {self.folder}/tls/server.pem
TLSCertificateKeyFile {self.folder}/tls/server.key
access to dn.base="" by * read
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="OU=Secret,{BASE}" by * none
access to * by users read by anonymous auth

database mdb
suffix "{BASE}"
rootdn "CN=admin,{BASE}"
rootpw "{PASSWORD}"
directory {self.folder}/db
maxsize 4294967296
dbnosync
sizelimit {sizelimit}
limits users size.soft={sizelimit} size.hard={sizelimit} size.pr={sizelimit} size.prtotal=unlimited
index objectClass,sAMAccountName,objectGUID,cn,ou,mail,proxyAddresses eq
index member,memberOf eq
{options}
""")

    def load(self, text):
        people = ldif(BASE, objectClass="domainDNS", dc="corp")
        people += ldif(f"CN=Users,{BASE}", objectClass="person", cn="Users")
        people += ldif(self.reader, objectClass="user", cn="reader", sAMAccountName="reader",
                       userPassword=PASSWORD)
        people += ldif(f"OU=Secret,{BASE}", objectClass="organizationalUnit", ou="Secret")
        call("slapd", "-Tadd", "-q", "-f", f"{self.folder}/slapd.conf", "-b", BASE,
             stdin=people + text)

    def start(self):
        for _ in range(5):
            ports = free_ports(2)
            self.ldap, self.ldaps = (f"{scheme}://127.0.0.1:{port}"
                                     for scheme, port in zip(("ldap", "ldaps"), ports))
            with open(f"{self.folder}/log", "w", encoding="utf-8") as log:
                self.process = subprocess.Popen(
                    ["slapd", "-f", f"{self.folder}/slapd.conf", "-h",
                     f"{self.ldap}/ {self.ldaps}/ ldaps://127.0.0.2:{ports[1]}/", "-d", "none"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if self.answers(ports):
                return self
            self.stop()
        with open(f"{self.folder}/log", encoding="utf-8") as log:
            raise RuntimeError("slapd does not start:\n" + log.read())

    def answers(self, ports):
        """Whether it listens; False when it has ended (somebody took one of the ports)."""
        deadline = time.monotonic() + 30
        for port in ports:
            while True:
                if self.process.poll() is not None:
                    return False
                try:
                    socket.create_connection(("127.0.0.1", port), 5).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        return False
                    time.sleep(0.02)
        return self.process.poll() is None

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
