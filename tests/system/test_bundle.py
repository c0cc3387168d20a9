"""Bundles: written in one pass, and refused in one sentence wherever a byte is not what bench writes."""

import io
import tarfile
from pathlib import Path

import pytest

from bench.errors import DataError
from bench.system.bundle import Bundle, BundleError
from bench.system.bundle_writing import MANIFEST, SUM, Content, member_header, write_bundle

CONTENTS = {"a/one.json": b'{"x": 1}', "b/two.npy": bytes(range(256)) * 5, "empty": b""}


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "file.tar"
    write_bundle(path, "box", 1, {"note": "n"}, [Content.of(*item) for item in CONTENTS.items()])
    return path


def read_all(path: Path) -> dict[str, bytes]:
    bundle = Bundle(path, "box", 1)
    bundle.check_layout()
    return {name: bundle.content(name, 10**6) for name in bundle.members}


def rewritten(path: Path, change) -> Path:
    """The bundle as a tar library would pack it after `change` of its members' list of (header, bytes)."""
    with tarfile.open(path) as archive:
        members = [(one, archive.extractfile(one).read()) for one in archive]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for one, content in change(members):
            archive.addfile(one, io.BytesIO(content))
    return path


def named(name: str, **fields) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(one, field, value)
    return one


def test_what_was_written_is_read_and_any_tar_program_lists_it(path):
    assert read_all(path) == CONTENTS
    assert Bundle(path, "box", 1).record["note"] == "n"
    with tarfile.open(path) as archive:
        assert archive.getnames() == [MANIFEST, SUM, *CONTENTS]
    assert [one.name for one in path.parent.iterdir()] == ["file.tar"]


def test_every_flipped_byte_is_noticed(path):
    content = path.read_bytes()
    for place in range(0, len(content), 67):
        changed = bytearray(content)
        changed[place] ^= 0x04
        path.write_bytes(changed)
        with pytest.raises(BundleError) as caught:
            read_all(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


def test_every_cut_is_noticed(path):
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(BundleError):
            read_all(path)


LINK = named("b/two.npy", type=tarfile.SYMTYPE, linkname="/etc/passwd")
HARD = named("b/two.npy", type=tarfile.LNKTYPE, linkname="a/one.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda members: [*members, (named("c", size=1), b"c")],  # outside the list
        lambda members: [*members, members[-2]],  # twice
        lambda members: [*members[:3], (LINK, b""), *members[4:]],
        lambda members: [*members[:3], (HARD, b""), *members[4:]],
        lambda members: [*members[:3], (named("../../two.npy", size=1280), members[3][1]), *members[4:]],
        lambda members: [*members[:3], (named("/b/two.npy", size=1280), members[3][1]), *members[4:]],
        lambda members: [*members[:3], *members[4:]],  # missing
        lambda members: [*members[:2], members[3], members[2], *members[4:]],  # in another order
        lambda members: [*members[:3], (named("b/two.npy", size=1), b"x"), *members[4:]],
        lambda members: [members[0], *members[2:]],  # without the manifest's sum
        lambda members: members[2:],
    ],
)
def test_another_member_is_refused(path, change):
    with pytest.raises(BundleError) as caught:
        read_all(rewritten(path, change))
    assert str(caught.value).count(".\n") == 0
    assert not (path.parent / "two.npy").exists()


@pytest.mark.parametrize(
    "name", ["../up", "/root", "a//b", ".hidden", "a/../b", "a\\b", "x" * 100, MANIFEST, "a b", ""]
)
def test_a_name_that_is_a_path_is_refused_even_in_a_sound_manifest(tmp_path, name):
    path = tmp_path / "file.tar"
    write_bundle(path, "box", 1, {}, [Content.of("member", b"x")])
    sound = path.read_bytes()
    assert read_all(path) == {"member": b"x"}
    try:
        write_bundle(path, "box", 1, {}, [Content.of(name, b"x")])
    except Exception:  # a name that no header holds
        return
    assert path.read_bytes() != sound
    with pytest.raises(BundleError, match="does not list its members"):
        Bundle(path, "box", 1)


def test_a_manifest_that_lists_a_member_twice_or_none_is_refused(tmp_path):
    path = tmp_path / "file.tar"
    write_bundle(path, "box", 1, {}, [Content.of("a", b"x"), Content.of("a", b"x")])
    with pytest.raises(BundleError, match="lists a twice"):
        Bundle(path, "box", 1)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04cposix\nsystem\n", bytes(2000), b"a,b\n" * 300])
def test_what_is_no_bundle_is_named(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="is no box of bench"):
        Bundle(path, "box", 1)


def test_another_kind_or_format_is_named(path):
    with pytest.raises(BundleError, match="is no lid of bench"):
        Bundle(path, "lid", 1)
    with pytest.raises(BundleError, match="is a box of format 1, and this version of bench reads format 2"):
        Bundle(path, "box", 2)
    with pytest.raises(DataError, match="cannot be read"):
        Bundle(path.parent / "none", "box", 1)


def test_a_size_in_a_header_costs_no_memory(tmp_path):
    """A header may claim a terabyte: it is compared with the file before anything is read."""
    path = tmp_path / "huge.tar"
    path.write_bytes(named(MANIFEST, size=2**40).tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(BundleError, match="is no box"):
        Bundle(path, "box", 1)


def test_a_content_that_shrinks_or_grows_leaves_no_file(tmp_path):
    for size in (1, 3):
        with pytest.raises(DataError, match="changed while it was written"):
            write_bundle(tmp_path / "file.tar", "box", 1, {}, [Content("a", size, lambda: [b"xx"])])
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "file.tar", "box", 1, {}, [Content("a", 2, _interrupted)])
    assert list(tmp_path.iterdir()) == []


def _interrupted():
    yield b"x"
    raise KeyboardInterrupt


def test_members_beyond_eight_gib_have_a_header_too(tmp_path):
    entry = tarfile.TarInfo.frombuf(member_header("dense.npy", 2**35), "ascii", "strict")
    assert (entry.name, entry.size) == ("dense.npy", 2**35)
