"""The fuzzer's promises on real captures, and on whatever hypothesis thinks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.promises import PROMISES


@pytest.mark.parametrize("name", PROMISES)
@given(raw=st.binary(max_size=2000) | st.text("\r\n|: ()=-012HANGUPEvent\0", max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused_and_nothing_is_lost(name, raw):
    PROMISES[name](raw)


@pytest.mark.parametrize("name", PROMISES)
def test_captures_of_a_real_asterisk_keep_every_promise(name, request):
    captures = sorted((request.config.rootpath / "tests/data" / name).iterdir())
    assert captures
    for path in captures:
        PROMISES[name](path.read_bytes())
