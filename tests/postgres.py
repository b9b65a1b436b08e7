"""A PostgreSQL server of the tests' own, in a temporary folder, reached by a socket on loopback only."""

import os
import shutil
import socket
import subprocess
from pathlib import Path


class PostgresServer:
    """Starts and stops one server; PostgreSQL refuses to run as root, so root hands over to `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cluster"
        self.bin = self._find_binaries()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @staticmethod
    def _find_binaries() -> Path:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if found:
            return found[-1]
        initdb = shutil.which("initdb")
        assert initdb, "PostgreSQL is not installed: apt-get install postgresql"
        return Path(initdb).parent

    def _run(self, *command: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        self.folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            for parent in list(self.folder.parents)[:3]:
                parent.chmod(0o755)
        self._run(
            str(self.bin / "initdb"), "-D", str(self.folder), "-U", "sansheng", "-A", "trust", "-E", "UTF8"
        )
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
        self._run(
            str(self.bin / "pg_ctl"),
            "-D",
            str(self.folder),
            "-w",
            "-o",
            options,
            "-l",
            f"{self.folder}/log",
            "start",
        )

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://sansheng@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.folder), "-m", "immediate", "stop")
