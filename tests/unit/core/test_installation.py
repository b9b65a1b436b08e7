"""Opening an installation: a data folder that is nobody else's, or a sentence about what is in the way."""

import pytest

from core.crypto import lookup_hash
from core.errors import BadInput, MissingPart
from core.installation import Installation
from core.settings import Settings


def open_at(home, **settings):
    installation = Installation.open(Settings.model_validate({"home": home, **settings}))
    installation.close()
    return installation


def test_the_data_folder_is_made_for_its_owner_only(tmp_path):
    open_at(tmp_path / "new" / "home")
    assert (tmp_path / "new" / "home").stat().st_mode & 0o777 == 0o700


def test_opening_again_keeps_the_secret_that_was_made_first(tmp_path):
    open_at(tmp_path / "home")
    before = lookup_hash("13800138000")
    open_at(tmp_path / "elsewhere")
    assert lookup_hash("13800138000") != before
    open_at(tmp_path / "home")
    assert lookup_hash("13800138000") == before


def test_a_secret_from_the_settings_needs_no_file(tmp_path):
    open_at(tmp_path / "home", secret_key="a secret of sufficient length")
    assert not (tmp_path / "home" / "secret.key").exists()


def test_a_data_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"file/home cannot be made.*SANSHENG_HOME"):
        open_at(tmp_path / "file" / "home")


def test_a_secret_that_was_lost_is_not_replaced_by_nothing(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret.key").write_text("")
    with pytest.raises(MissingPart, match="holds no secret key"):
        open_at(tmp_path / "home")
