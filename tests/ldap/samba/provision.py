"""provision.py SMB.CONF FOLDER REALM DOMAIN HOST PASSWORD-FILE: a domain in FOLDER, for the LDAP server.

`samba-tool domain provision` also sets NT ACLs on the sysvol share, which takes root and extended attributes.
"""
import logging
import sys

from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision

configuration, folder, realm, domain, host, password_file = sys.argv[1:]
logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
parameters = LoadParm()
parameters.load(configuration)
with open(password_file, encoding="utf-8") as file:
    password = file.readline().rstrip("\n")
provision(logging.getLogger("provision"), system_session(), targetdir=folder, realm=realm, domain=domain,
          hostname=host, hostip="127.0.0.1", adminpass=password, serverrole="dc", dns_backend="SAMBA_INTERNAL",
          dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2, skip_sysvolacl=True, lp=parameters)
