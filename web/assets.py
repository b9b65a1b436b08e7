"""Addresses of static files: our own with a content hash, third-party ones with their SRI hash.

Third-party files are copied by `python -m web.vendor`, which also writes the manifest read here.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, url_for
from markupsafe import Markup

from core.errors import MissingPart

STATIC: Final = Path(__file__).parent / "static"
MANIFEST: Final = STATIC / "vendor" / "manifest.json"

MODULES: Final = {
    "wavesurfer": "wavesurfer.js/wavesurfer.esm.js",
    "wavesurfer/regions": "wavesurfer.js/regions.esm.js",
    "wavesurfer/timeline": "wavesurfer.js/timeline.esm.js",
}
"""Names our modules import → files of the manifest."""


@cache
def _vendor_files() -> dict[str, dict[str, str]]:
    if not MANIFEST.is_file():
        raise MissingPart("the front-end files are missing; run: python -m web.vendor")
    files: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text())["files"]
    return files


def vendor(name: str) -> dict[str, str]:
    """Return `url` and `integrity` of a vendored file, e.g. `htmx.org/htmx.min.js`."""
    entry = _vendor_files()[name]
    return {"url": url_for("static", filename=f"vendor/{entry['path']}"), "integrity": entry["integrity"]}


@cache
def _content_version(path: Path, _modified: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Return the address of a file of ours, changing with its content."""
    path = STATIC / "src" / name
    version = _content_version(path, path.stat().st_mtime)
    return url_for("static", filename=f"src/{name}", v=version)


def import_map() -> Markup:
    """Return the import map (JSON): our modules by name with their version, third-party ones with SRI."""
    own = {f"sansheng/{path.name}": asset(path.name) for path in sorted((STATIC / "src").glob("*.js"))}
    others = {name: vendor(file) for name, file in MODULES.items()}
    document: dict[str, Any] = {
        "imports": own | {name: entry["url"] for name, entry in others.items()},
        "integrity": {entry["url"]: entry["integrity"] for entry in others.values()},
    }
    return Markup(json.dumps(document).replace("<", "\\u003c"))  # noqa: S704  (JSON of our own file names)


def install_assets(app: Flask) -> None:
    """Give templates the addresses, and let browsers keep versioned files for a year."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600
    app.jinja_env.globals.update(asset=asset, vendor=vendor, import_map=import_map)
