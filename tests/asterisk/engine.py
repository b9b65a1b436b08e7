"""A real Asterisk 22 for tests: one process, one folder, loopback ports; started through its tree's own loader."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from tests.waiting import wait_until

HERE = Path(__file__).parent
DEFAULT_CONFS = ("acl", "ccss", "cel", "codecs", "features", "http", "pjproject", "stasis", "udptl")
"""Files that must exist, or Asterisk complains of each at every start; the defaults are meant."""


def cache_folder():
    """Where `install.sh` puts the tree: a cache of the person's, shared by all checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sansheng-asterisk"


class Asterisk:
    """One Asterisk with the configuration that the product wrote."""

    def __init__(self, tree: Path, folder: Path):
        self.tree = tree
        self.folder = folder
        self.process = None

    @property
    def queue_log(self):
        return self.folder / "log" / "queue_log"

    def configure(self, written: Path):
        """Lay the product's configuration between the few files that only a test needs."""
        for name in ("etc", "lib", "spool", "log/cdr-csv", "run", "data/sounds"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in DEFAULT_CONFS:
            (self.folder / "etc" / f"{name}.conf").write_text("; defaults\n")
        for path in sorted((HERE / "etc").glob("*.conf")):
            text = path.read_text().replace("@RUN@", str(self.folder)).replace("@TREE@", str(self.tree))
            (self.folder / "etc" / path.name).write_text(text)
        for path in written.glob("*.conf"):
            shutil.copy(path, self.folder / "etc" / path.name)
        shared = self.tree / "usr/share/asterisk"
        # without its own documentation Asterisk does not start: option types are registered from it
        _link(self.folder / "data/documentation", shared / "documentation")
        _link(self.folder / "data/sounds/en", shared / "sounds/en_US_f_Allison")
        for folder in (written / "sounds").iterdir():
            if folder.name != "en":
                _link(self.folder / "data/sounds" / folder.name, folder)

    def command(self, *arguments):
        loader = self.tree / "usr/lib64/ld-linux-x86-64.so.2"
        libraries = self.tree / "usr/lib/x86_64-linux-gnu"
        binary = self.tree / "usr/sbin/asterisk"
        config = self.folder / "etc/asterisk.conf"
        return [loader, "--library-path", libraries, binary, "-C", config, *arguments]

    def start(self):
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)
        with (self.folder / "log/console.log").open("ab") as console:
            self.process = subprocess.Popen(
                self.command("-f", "-n"), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        wait_until(self.is_up, "Asterisk to start")
        self.cli("core waitfullybooted")
        self.cli("logger add channel full notice,warning,error,verbose")

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "log/console.log").read_text()[-2000:]
        return "System uptime" in self.cli("core show uptime")

    def cli(self, line):
        """Return what Asterisk's command line answers."""
        done = subprocess.run(
            self.command("-rx", line), capture_output=True, text=True, errors="replace", check=False
        )
        return done.stdout

    def log_in(self, queue, *endpoints, penalty=0):
        for endpoint in endpoints:
            self.cli(f"queue add member PJSIP/{endpoint} to {queue} penalty {penalty}")

    def clear(self):
        """Leave nothing of one test to the next: no call, no agent logged in."""
        self.cli("channel request hangup all")
        wait_until(lambda: self.channels() == 0, "calls to end")
        for queue, endpoint in re.findall(r"^(\w+) (\d+)$", self.members(), re.MULTILINE):
            self.cli(f"queue remove member PJSIP/{endpoint} from {queue}")

    def members(self):
        lines, queue = [], ""
        for line in self.cli("queue show").splitlines():
            if found := re.match(r"(\w+) has \d+ calls", line):
                queue = found[1]
            elif found := re.search(r"PJSIP/(\d+)", line):
                lines.append(f"{queue} {found[1]}")
        return "\n".join(lines)

    def channels(self):
        found = re.search(r"(\d+) active channel", self.cli("core show channels count"))
        return int(found[1]) if found else -1

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.cli("core stop now")
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def _link(path: Path, target: Path):
    if not path.is_symlink():
        path.symlink_to(target)
