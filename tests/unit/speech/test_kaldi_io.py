import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from speech.kaldi_io import KaldiReader, KaldiWriter

finite = st.floats(-1e4, 1e4, width=32)
matrices = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=finite)


@given(st.integers(-(2**31), 2**31 - 1), finite, st.lists(finite, max_size=20))
def test_scalars_and_vectors_come_back(whole, real, values):
    writer = KaldiWriter()
    writer.token("<Start>")
    writer.integer(whole)
    writer.number(real)
    writer.vector(np.array(values, np.float32))

    reader = KaldiReader(writer.to_bytes())
    reader.expect("<Start>")
    assert reader.integer() == whole
    assert reader.number() == np.float32(real)
    assert np.array_equal(reader.vector(), np.array(values, np.float32))


@given(matrices)
def test_a_matrix_comes_back_exactly_or_within_a_compressed_step(matrix):
    for compress in (False, True):
        writer = KaldiWriter(compress=compress)
        writer.matrix(matrix)
        step = float(matrix.max()) - float(matrix.min())
        tolerance = step / 65535 + 1e-3 if compress else 0
        assert np.abs(KaldiReader(writer.to_bytes()).matrix() - matrix).max() <= tolerance


def test_what_is_not_there_is_named_with_its_place():
    with pytest.raises(ValueError, match="expected <Priors> at byte 0"):
        KaldiReader(b"<Other> ").expect("<Priors>")
    with pytest.raises(ValueError, match="four-byte number at byte 0"):
        KaldiReader(b"\x08........").integer()
