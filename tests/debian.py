"""A PostgreSQL from Debian's packages, for tests of a portal that is told of a server by DATABASE_URL."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from tests.portal import free_port


def programs():
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))[-1]


def copy(address, other):
    """Fill the empty database of the other address with what is at the first."""
    dump = subprocess.run([programs() / "pg_dump", address], check=True, capture_output=True).stdout
    subprocess.run(
        [programs() / "psql", "-qX", "-v", "ON_ERROR_STOP=1", other], input=dump, check=True, stdout=subprocess.DEVNULL
    )


@contextmanager
def server(*databases, tls=False):
    """A new server with these databases, as the address of the first; with `tls` it answers to nothing else."""
    folder, port = Path(tempfile.mkdtemp(prefix="debian-")), free_port()
    account = {"cwd": "/"}
    if os.geteuid() == 0:
        postgres = pwd.getpwnam("postgres")
        os.chown(folder, postgres.pw_uid, postgres.pw_gid)
        account |= {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
    password = folder / "password"
    password.write_text("not a secret")
    password.chmod(0o644)
    make = ["initdb", "-U", "portal", "--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8"]
    control = [programs() / "pg_ctl", "-w", "-D", folder / "data", "-l", folder / "log"]
    subprocess.run([programs() / make[0], "-D", folder / "data", *make[1:]], check=True, capture_output=True, **account)
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    if tls:
        certificate = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=127.0.0.1",
            "-days",
            "2",
        ]
        files = ["-keyout", folder / "data/server.key", "-out", folder / "data/server.crt"]
        subprocess.run([*certificate, *files], check=True, capture_output=True, umask=0o077, **account)
        (folder / "data/pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        options += " -c ssl=on"
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, **account)
    try:
        with closing(
            psycopg2.connect(host="127.0.0.1", port=port, user="portal", password="not a secret", dbname="postgres")
        ) as connection:
            connection.autocommit = True
            for name in databases:
                connection.cursor().execute(f"CREATE DATABASE {name}")
        yield f"postgresql://portal:not%20a%20secret@127.0.0.1:{port}/{databases[0]}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, **account)
        shutil.rmtree(folder)
