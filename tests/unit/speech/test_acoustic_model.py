from pathlib import Path

import pytest

from speech.acoustic_model import read_model, write_model
from speech.phones import OUTPUT_COUNT

SHIPPED = Path(__file__).parents[3] / "recording" / "asr" / "demo_model" / "am" / "final.mdl"


def test_the_shipped_model_is_read_and_written_back_byte_by_byte(tmp_path):
    model = read_model(SHIPPED)

    assert [layer.offsets for layer in model.layers] == [
        (-2, -1, 0, 1, 2),
        (-1, 0, 1),
        (-1, 0, 1),
        (-3, 0, 3),
        (-3, 0, 3),
        (-6, 0, 6),
        (0,),
    ]
    assert [layer.rectified for layer in model.layers] == [True] * 6 + [False]
    assert len(model.priors) == OUTPUT_COUNT
    write_model(tmp_path / "final.mdl", model, compress=True)
    assert (tmp_path / "final.mdl").read_bytes() == SHIPPED.read_bytes()


def test_another_file_is_refused_by_name(tmp_path):
    (tmp_path / "final.mdl").write_bytes(b"RIFF....")
    with pytest.raises(ValueError, match=r"final\.mdl is not a binary Kaldi nnet3 model"):
        read_model(tmp_path / "final.mdl")
