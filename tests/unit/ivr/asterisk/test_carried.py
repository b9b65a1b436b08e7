"""What a call carries comes back as it was, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from ivr.asterisk.carried import Carried
from ivr.flow.state import FlowState
from tests.conftest import NOW

KEPT = Carried(
    FlowState(flow="f", version=1, caller="13800138000", called="4", started_at=NOW, at=NOW, language="zh"), 7
)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=100), max_size=5))
def test_it_comes_back_as_it_was(values):
    kept = Carried(KEPT.state.with_values(values), 7)
    packed = kept.pack()
    assert Carried.unpack(packed) == kept
    assert packed.isascii()
    assert not set(packed) & set(' ",|\n')


def test_no_number_can_be_read_in_it():
    assert "13800138000" not in KEPT.pack()


@given(
    st.one_of(st.text(max_size=50), st.binary(max_size=50).map(lambda b: b.hex()), st.just(KEPT.pack()[:-8]))
)
def test_anything_else_is_refused(text):
    with pytest.raises(BadInput):
        Carried.unpack(text)
