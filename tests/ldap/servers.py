"""Directories for the tests, on loopback: OpenLDAP's slapd with what a reader sees of Active Directory.

    with Slapd(folder, ldif=text) as server:
        server.ldap, server.ldaps, server.ca, server.base, server.reader, server.password

Samba is the same as a real domain controller, with Kerberos. $LDAP_BINDMAP names samba/bindmap.c, compiled;
$LDAP_DOMAINS a folder where the empty domain is kept, so that it is made once for all tests.
"""
import base64
import fcntl
import hashlib
import os
import shutil
import socket
import stat
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


def user(name, password=None, **attributes):
    """A user of Samba's in CN=Users."""
    values = {"objectClass": "user", "sAMAccountName": name, "userAccountControl": 66048,
              "userPrincipalName": f"{name}@corp.example.org"}
    if password:
        values["unicodePwd"] = f'"{password}"'.encode("utf-16-le")
    values.update(attributes)
    return ldif(f"CN={name},CN=Users,{BASE}", **values)


def only(*names):
    """For copytree: of the top folder these, and all that is in them, but no sockets."""
    top = []

    def ignore(folder, entries):
        top.append(folder)
        if folder == top[0]:
            return set(entries) - set(names)
        return {e for e in entries if stat.S_ISSOCK(os.lstat(os.path.join(folder, e)).st_mode)}
    return ignore


class Server:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.base, self.password = BASE, PASSWORD
        self.ca = f"{self.folder}/tls/ca.pem"
        self.process = None
        certificates(f"{self.folder}/tls", "dc1.corp.example.org", "localhost", "127.0.0.1")

    def launch(self, command, **environment):
        with open(f"{self.folder}/log.txt", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, **environment))

    def complaint(self, name):
        with open(f"{self.folder}/log.txt", encoding="utf-8") as log:
            return RuntimeError(f"{name} does not start:\n{log.read()}")

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


class Slapd(Server):
    """`options`: more lines of its configuration, in the database's section."""

    def __init__(self, folder, ldif="", sizelimit=1000, options=""):
        super().__init__(folder)
        self.reader = f"CN=reader,CN=Users,{BASE}"
        os.makedirs(f"{self.folder}/db", exist_ok=True)
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

    def load_file(self, path):
        """More of it, before it starts."""
        call("slapd", "-Tadd", "-q", "-f", f"{self.folder}/slapd.conf", "-b", BASE, "-l", path)

    def start(self):
        for _ in range(5):
            ports = free_ports(2)
            self.ldap, self.ldaps = (f"{scheme}://127.0.0.1:{port}"
                                     for scheme, port in zip(("ldap", "ldaps"), ports))
            self.launch(["slapd", "-f", f"{self.folder}/slapd.conf", "-h",
                         f"{self.ldap}/ {self.ldaps}/ ldaps://127.0.0.2:{ports[1]}/", "-d", "none"])
            if self.answers(ports):
                return self
            self.stop()
        raise self.complaint("slapd")


class Samba(Server):
    """A domain CORP. `ldif` is added and `changes` are made before it starts."""

    domain, realm, dns = "CORP", "CORP.EXAMPLE.ORG", "corp.example.org"

    def __init__(self, folder, ldif="", changes=""):
        super().__init__(folder)
        if len(self.folder) > 80:
            raise RuntimeError(f"too long for the sockets in it: {self.folder}")
        self.reader = "CORP\\reader"
        self.admin_password = "Admin.Pass.1"
        for name in ("etc", "run", "log", "lock", "cache", "state"):
            os.makedirs(f"{self.folder}/{name}", exist_ok=True)
        self.ports = free_ports(3)
        self.sam = f"{self.folder}/private/sam.ldb"
        self.write_configuration()
        self.take_domain()
        self.add(user("reader", PASSWORD, servicePrincipalName="test/reader") + ldif)
        # Clients of these tests know it as localhost.
        self.modify(f"dn: CN=DC1,OU=Domain Controllers,{BASE}\nchangetype: modify\n"
                    "add: servicePrincipalName\nservicePrincipalName: ldap/localhost\n\n" + changes)

    def write_configuration(self):
        f = self.folder
        self.configuration = write(f"{f}/etc/smb.conf", f"""[global]
netbios name = DC1
workgroup = {self.domain}
realm = {self.realm}
server role = active directory domain controller
server services = ldap, kdc
interfaces = 127.0.0.1/8
bind interfaces only = yes
ldap server require strong auth = allow_sasl_over_tls
krb5 port = {self.ports[2]}
kpasswd port = 0
tls keyfile = {f}/tls/server.key
tls certfile = {f}/tls/server.pem
tls cafile = {f}/tls/ca.pem
private dir = {f}/private
state directory = {f}/state
cache directory = {f}/cache
lock directory = {f}/lock
pid directory = {f}/run
ncalrpc dir = {f}/run/ncalrpc
winbindd socket directory = {f}/run/winbindd
ntp signd socket directory = {f}/run/ntp_signd
binddns dir = {f}/bind-dns
log file = {f}/log/log.samba
max log size = 0
usershare max shares = 0
disable spoolss = yes
[sysvol]
path = {f}/state/sysvol
read only = no
[netlogon]
path = {f}/state/sysvol/{self.dns}/scripts
read only = no
""")
        # Who asks the domain for tickets, and where.
        self.krb5 = write(f"{f}/krb5.conf", f"""[libdefaults]
default_realm = {self.realm}
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{self.realm} = {{
  kdc = 127.0.0.1:{self.ports[2]}
}}
[domain_realm]
localhost = {self.realm}
""")

    def take_domain(self):
        """A copy of the empty one, which is made where there is none yet."""
        kept = os.environ.get("LDAP_DOMAINS")
        if not kept:
            self.provision()
            return
        made_of = hashlib.sha256()
        for path in (__file__, f"{HERE}/samba/provision.py", f"{HERE}/samba/exchange.ldif"):
            with open(path, "rb") as file:
                made_of.update(file.read())
        os.makedirs(kept, exist_ok=True)
        domain = f"{kept}/{made_of.hexdigest()[:16]}"
        with open(f"{kept}/lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(domain):
                self.provision()
                # Of a test that was killed while it copied.
                shutil.rmtree(f"{domain}.new", ignore_errors=True)
                shutil.copytree(self.folder, f"{domain}.new", ignore=only("private", "state"))
                os.rename(f"{domain}.new", domain)
                return
        shutil.copytree(domain, self.folder, dirs_exist_ok=True)

    def provision(self):
        password = write(f"{self.folder}/admin-password", self.admin_password + "\n")
        # Samba's modules belong to the Python that samba-tool runs with.
        with open(shutil.which("samba-tool"), encoding="utf-8") as tool:
            python = tool.readline()[2:].split()[0]
        call(python, "-E", f"{HERE}/samba/provision.py", self.configuration, self.folder, self.realm,
             self.domain, "dc1", password)
        with open(f"{HERE}/samba/exchange.ldif", encoding="utf-8") as file:
            schema = file.read().replace("@SCHEMA@", f"CN=Schema,CN=Configuration,{BASE}")
        self.modify(schema, "--option=dsdb:schema update allowed=true")

    def ldb(self, tool, text, *options):
        path = write(f"{self.folder}/ldif", text)
        call(tool, f"--configfile={self.configuration}", "-H", self.sam, *options, path)

    def add(self, text):
        # Transactions grow with the square of what is in them.
        entries = [e for e in text.split("\n\n") if e]
        for at in range(0, len(entries), 2000):
            self.ldb("ldbadd", "\n\n".join(entries[at:at + 2000]) + "\n\n", "-o", "batch_mode:1")

    def modify(self, text, *options):
        self.ldb("ldbmodify", text, *options)

    def keytab(self, principal):
        path = f"{self.folder}/{principal}.keytab"
        call("samba-tool", "domain", "exportkeytab", path, f"--principal={principal}",
             f"--configfile={self.configuration}")
        os.chmod(path, 0o600)
        return path

    def start(self):
        for _ in range(5):
            self.ldap, self.ldaps = f"ldap://127.0.0.1:{self.ports[0]}", f"ldaps://127.0.0.1:{self.ports[1]}"
            bindmap = f"389:{self.ports[0]},636:{self.ports[1]},3268:0,3269:0"
            self.launch(["samba", "-F", "--no-process-group", "-s", self.configuration, "-l",
                         f"{self.folder}/log", "-M", "single"],
                        LD_PRELOAD=os.environ["LDAP_BINDMAP"], BINDMAP=bindmap)
            if self.answers(self.ports):
                return self
            self.stop()
            self.ports = free_ports(3)
            self.write_configuration()
        raise self.complaint("samba")
