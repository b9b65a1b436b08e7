"""The installation's secret: who has it reads and finds, who has another is told so."""

import base64
import hashlib
import hmac
import multiprocessing

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from core import crypto
from core.errors import MissingPart


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setattr(crypto, "_keys", {})
    crypto.install_secret("the first secret")


def test_what_was_encrypted_is_read_again_and_never_looks_the_same():
    first, second = crypto.encrypt_text("13800138000"), crypto.encrypt_text("13800138000")
    assert first != second
    assert b"138" not in first
    assert crypto.decrypt_text(first) == crypto.decrypt_text(second) == "13800138000"


@given(st.text())
def test_any_text_comes_back(text):
    assert crypto.decrypt_text(crypto.encrypt_text(text)) == text


def test_what_earlier_versions_encrypted_is_still_read():
    old = Fernet(base64.urlsafe_b64encode(crypto.derived_key("column"))).encrypt(b"13800138000")
    assert crypto.decrypt_text(old) == "13800138000"


@pytest.mark.parametrize("place", [0, 1, 13, -1])
def test_a_value_that_was_tampered_with_is_refused(place):
    token = bytearray(crypto.encrypt_text("13800138000"))
    token[place] ^= 1
    with pytest.raises(MissingPart, match="cannot be read"):
        crypto.decrypt_text(bytes(token))


@given(st.text())
def test_the_lookup_hash_is_an_hmac(text):
    key = crypto.derived_key("lookup")
    assert crypto.lookup_hash(text) == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_another_installations_key_is_refused_with_what_to_do():
    token = crypto.encrypt_text("13800138000")
    crypto.install_secret("the second secret")
    with pytest.raises(MissingPart, match=r"restore the secret\.key"):
        crypto.decrypt_text(token)


def test_the_lookup_hash_is_stable_for_one_secret_and_another_for_the_next():
    before = crypto.lookup_hash("13800138000")
    crypto.install_secret("the second secret")
    assert crypto.lookup_hash("13800138000") != before
    crypto.install_secret("the first secret")
    assert crypto.lookup_hash("13800138000") == before
    assert len(before) == 64


def test_keys_of_different_purposes_are_independent():
    assert len({crypto.derived_key(p) for p in ("column", "sealed", "lookup", "session", "audit")}) == 5


def test_a_key_is_not_to_be_had_before_the_installation_is_open(monkeypatch):
    monkeypatch.setattr(crypto, "_keys", {})
    with pytest.raises(MissingPart, match="open the installation"):
        crypto.lookup_hash("1")


def test_a_secret_is_made_once_and_for_the_owner_only(tmp_path):
    path = tmp_path / "new" / "secret.key"
    made = crypto.load_or_create_secret(path)
    assert crypto.load_or_create_secret(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\xff\xfe\x00"])
def test_a_file_without_a_secret_is_refused_instead_of_encrypting_with_nothing(tmp_path, content):
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    with pytest.raises(MissingPart, match=r"secret\.key"):
        crypto.load_or_create_secret(path)


def _load_together(path, start, results):
    start.wait()
    results.put(crypto.load_or_create_secret(path))


def test_processes_that_start_together_agree_on_one_secret(tmp_path):
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(6), context.Queue()
    arguments = (tmp_path / "secret.key", start, results)
    children = [context.Process(target=_load_together, args=arguments) for _ in range(6)]
    for child in children:
        child.start()
    assert len({results.get(timeout=30) for _ in children}) == 1
    for child in children:
        child.join(30)
