"""Secrets of one installation: encryption of personal columns and keyed hashes for look-up.

One secret (settings `secret_key`, or the file `secret.key` made on first start) is stretched by HKDF
into independent keys, one for each purpose. The key is installed once a process, by
`Installation.open()`: column types have no other way to reach it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import MissingPart
from core.i18n import gettext as _
from core.settings import MIN_SECRET_LENGTH

_keys: dict[str, bytes] = {}
_SEALED: Final = b"\x01"
"""First byte of a value sealed with AES-GCM; what Fernet wrote begins with `g`."""
_NONCE_BYTES: Final = 12


def install_secret(secret: str) -> None:
    """Derive this process's keys from the installation's secret."""
    for purpose in ("column", "sealed", "lookup", "session", "audit"):
        derived = HKDF(SHA256(), 32, salt=None, info=f"sansheng/{purpose}".encode()).derive(secret.encode())
        _keys[purpose] = derived


def installed_keys() -> dict[str, bytes]:
    """Return this process's keys, for a helper process of its own; they never leave the machine's memory."""
    return dict(_keys)


def install_keys(keys: Mapping[str, bytes]) -> None:
    """Use the keys of the process this one helps."""
    _keys.update(keys)


def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key of a purpose; raises MissingPart before `install_secret`."""
    try:
        return _keys[purpose]
    except KeyError:
        raise MissingPart(
            _("the installation's secret key is not loaded; open the installation first")
        ) from None


def encrypt_text(text: str) -> bytes:
    """Encrypt for storage: a version byte, a random nonce of 96 bits, AES-256-GCM with its tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return _SEALED + nonce + _aead(derived_key("sealed")).encrypt(nonce, text.encode(), _SEALED)


def decrypt_text(token: bytes) -> str:
    """Decrypt a stored value, also one that Fernet wrote; raises MissingPart when the key is another's."""
    try:
        if token[:1] != _SEALED:
            return _fernet(derived_key("column")).decrypt(token).decode()
        nonce, sealed = token[1 : 1 + _NONCE_BYTES], token[1 + _NONCE_BYTES :]
        return _aead(derived_key("sealed")).decrypt(nonce, sealed, _SEALED).decode()
    except (InvalidToken, InvalidTag, ValueError):
        raise MissingPart(
            _(
                "an encrypted column cannot be read: the secret key is not the one this database was written with; "
                "restore the secret.key (or the setting secret_key) that belongs to it"
            )
        ) from None


@lru_cache(maxsize=1)
def _aead(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=1)
def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def lookup_hash(text: str) -> str:
    """Return a keyed hash (hex, 64 characters) under which an encrypted value can be found again.

    HMAC-SHA256, from copies of its two hashes with the key taken in already: half the time of `hmac.digest`.
    """
    inner, outer = (keyed.copy() for keyed in _keyed_hashes(derived_key("lookup")))
    inner.update(text.encode())
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=1)
def _keyed_hashes(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    return hashlib.sha256(block.translate(hmac.trans_36)), hashlib.sha256(block.translate(hmac.trans_5C))


def load_or_create_secret(path: Path) -> str:
    """Read the secret file, or make one readable by its owner only.

    The file appears complete or not at all: a crash, or a second process that starts at the same
    moment, never leaves or reads half a secret.

    Raises:
        MissingPart: the file is there but cannot be read, or holds no usable secret.
    """
    try:
        if not path.exists():
            _create_secret(path)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MissingPart(
            _(
                "%(path)s: the secret key cannot be read or made (%(reason)s); fix the file's permissions",
                path=path,
                reason=error,
            )
        ) from None
    if len(secret) < MIN_SECRET_LENGTH:
        raise MissingPart(
            _(
                "%(path)s holds no secret key (it is empty or too short); restore it from the backup, or remove it "
                "if this installation has no encrypted rows yet",
                path=path,
            )
        )
    return secret


def _create_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as file:  # mode 0600
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process of this installation was first
            os.link(file.name, path)
