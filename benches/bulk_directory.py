"""A private OpenLDAP slapd with a password policy, TLS and many accounts, for bulk.py."""

import os
import random
import shutil
import socket
import subprocess
import time

BASE = "dc=corp,dc=test"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{BASE}", "administrator"
CORDON, CORDON_PASSWORD = f"cn=cordon,ou=services,{BASE}", "cordon's own"
GLASS, GLASS_PASSWORD = f"uid=glass,ou=people,{BASE}", "break the glass"
POLICY = f"cn=default,ou=policies,{BASE}"
LOCKED = "pwdAccountLockedTime"
FOR_GOOD = "000001010000Z"


def dn(account):
    return f"uid={account},ou=people,{BASE}"


def names(count):
    return [f"user{number:06}" for number in range(1, count + 1)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


class Directory:
    """One per cent of the accounts is locked before anything begins: by turns for good, and by failed logons some time ago."""

    def __init__(self, folder, count, seed):
        self.folder, self.accounts = folder, names(count)
        chosen = random.Random(seed).sample(self.accounts, max(2, count // 100))
        self.locked_before = {
            account: FOR_GOOD if place % 2 == 0 else f"202601{place % 27 + 1:02}080000Z"
            for place, account in enumerate(chosen)
        }
        os.makedirs(f"{folder}/db")
        self.certificates()
        self.port = free_port()
        self.url = f"ldaps://127.0.0.1:{self.port}"
        self.socket = "ldapi://" + f"{folder}/ldapi".replace("/", "%2F")
        self.write("slapd.conf", self.configuration())
        self.write("entries.ldif", self.entries())
        run("slapadd", "-q", "-f", f"{folder}/slapd.conf", "-b", BASE, "-l", f"{folder}/entries.ldif")
        self.log = open(f"{folder}/slapd.log", "wb")
        command = ["slapd", "-d", "0", "-f", f"{folder}/slapd.conf", "-h", f"{self.url} {self.socket}"]
        self.server = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.wait()

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def certificates(self):
        def openssl(*words):
            run("openssl", *words, cwd=self.folder)

        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-subj", "/CN=authority", "-days", "9", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *curve, "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr")
        self.write("server.ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        signing = ["-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9"]
        openssl("x509", "-req", *signing, "-extfile", "server.ext", "-out", "server.pem")

    def configuration(self):
        return f"""modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {self.folder}/pid
argsfile {self.folder}/args
TLSCertificateFile {self.folder}/server.pem
TLSCertificateKeyFile {self.folder}/server.key
TLSCACertificateFile {self.folder}/ca.pem
authz-regexp gidNumber=0\\\\+uidNumber=0,cn=peercred,cn=external,cn=auth {ADMIN}
localSSF 128
sizelimit 500
access to attrs=userPassword by anonymous auth by * none
access to attrs={LOCKED} by dn.base="{CORDON}" write by * read
access to * by users read by * none
database mdb
maxsize 4294967296
suffix {BASE}
rootdn {ADMIN}
rootpw {ADMIN_PASSWORD}
directory {self.folder}/db
index objectClass,uid,entryUUID eq
index {LOCKED} pres
overlay ppolicy
ppolicy_default "{POLICY}"
ppolicy_use_lockout
"""

    def entries(self):
        parts = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: corp\ndc: corp\n"]
        for unit in ("people", "services", "policies"):
            parts.append(f"dn: ou={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}\n")
        parts.append(
            f"dn: {POLICY}\nobjectClass: pwdPolicy\nobjectClass: device\ncn: default\n"
            "pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 3\npwdLockoutDuration: 60\n"
        )
        parts.append(
            f"dn: {CORDON}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
            f"cn: cordon\nuserPassword: {CORDON_PASSWORD}\n"
        )
        parts.append(self.person("glass", GLASS_PASSWORD))
        parts += [self.person(account, f"password of {account}") for account in self.accounts]
        return "\n".join(parts)

    def person(self, name, password):
        before = self.locked_before.get(name)
        lock = f"{LOCKED}: {before}\n" if before else ""
        return (
            f"dn: {dn(name)}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: {name}\n"
            f"userPassword: {password}\n{lock}"
        )

    def wait(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("slapd does not listen")

    def locks(self):
        """The value of every lock that stands, read as the administrator over the Unix socket."""
        said = run(
            *("ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", self.socket, "-LLL", "-o", "ldif-wrap=no"),
            *("-b", f"ou=people,{BASE}", f"({LOCKED}=*)", LOCKED),
        )
        found, name = {}, None
        for line in said.splitlines():
            if line.startswith("dn: "):
                name = line[len("dn: uid=") :].split(",")[0]
            elif line.startswith(f"{LOCKED}: "):
                found[name] = line.split(": ", 1)[1]
        return found

    def set_locks(self, wanted):
        """Makes exactly these locks stand: between two parts of a measurement, not measured."""
        changes = []
        stand = self.locks()
        for account in self.accounts:
            if stand.get(account) != wanted.get(account):
                value = wanted.get(account)
                line = f"{LOCKED}: {value}\n" if value else ""
                changes.append(f"dn: {dn(account)}\nchangetype: modify\nreplace: {LOCKED}\n{line}")
        self.modify("\n".join(changes))

    def modify(self, ldif):
        if ldif:
            run("ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", self.socket, input=ldif)

    def can_log_on(self, account):
        command = ["ldapwhoami", "-x", "-H", self.url, "-D", dn(account), "-w", f"password of {account}"]
        environment = {**os.environ, "LDAPTLS_CACERT": f"{self.folder}/ca.pem"}
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0

    def cpu_seconds(self):
        return cpu_seconds(self.server.pid)

    def stop(self):
        self.server.kill()
        self.server.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def cpu_seconds(pid):
    """User and system seconds of a running process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
