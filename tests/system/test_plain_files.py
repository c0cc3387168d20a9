"""Why a file of others could not be read: always a sentence's worth, never a bare name of an exception."""

import struct

import pytest

from bench.errors import DataError
from bench.system.plain_files import reason

REASONS = {
    "no message": (StopIteration(), "it is empty, cut off or damaged"),
    "no message, end of file": (EOFError(), "it is empty, cut off or damaged"),
    "a missing name": (KeyError("meta"), "'meta' is missing"),
    "a heading": (
        RuntimeError('Error(s) in loading state_dict for CLIP:\n\tMissing key(s): "a", "b".\n\tmore'),
        'Error(s) in loading state_dict for CLIP: Missing key(s): "a", "b".',
    ),
}


@pytest.mark.parametrize(("error", "words"), REASONS.values(), ids=REASONS)
def test_a_reason_says_something(error, words):
    assert reason(error) == words


def test_a_reason_is_short():
    assert len(reason(ValueError("word " * 1000))) <= 240


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04", struct.pack("<I", 7), b"\x80\x02"])
def test_weights_that_are_none_are_refused_with_their_name(content, tmp_path):
    from bench.backbones.checkpoint import read_state

    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(DataError, match=r"w\.pt cannot be read as weights \(.{8,}\); give a safetensors file"):
        read_state(tmp_path / "w.pt")
