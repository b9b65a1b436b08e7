"""A PostgreSQL server of the tests' own, in a folder of its own, reached by a Unix socket only."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class PostgresServer:
    """Starts and stops one server; PostgreSQL refuses to run as root, so root hands over to `postgres`.

    The folder is not pytest's: another pytest of the same user closes pytest's folders to everybody else,
    `postgres` included, whenever it starts.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sansheng-postgres-"))
        self.bin = self._find_binaries()

    @staticmethod
    def _find_binaries() -> Path:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if found:
            return found[-1]
        initdb = shutil.which("initdb")
        assert initdb, "PostgreSQL is not installed: apt-get install postgresql"
        return Path(initdb).parent

    def _run(self, program: str, *arguments: str) -> None:
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(self.bin / program), "-D", str(self.folder / "cluster"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        """Make the cluster and start it; nothing is left behind when that fails."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=100"
        try:
            self._run("initdb", "-U", "sansheng", "-A", "trust", "-E", "UTF8")
            self._run("pg_ctl", "-w", "-o", options, "-l", str(self.folder / "log"), "start")
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql+psycopg://sansheng@/{database}?host={self.folder}"

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)
