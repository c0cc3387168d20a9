"""Archives that lead out of the root are refused; links in a zip are files."""

import io
import tarfile
import zipfile

import pytest
from helpers.archive_server import CONTENT, ignore, tarred, zipped

from bench.data.download import obtain
from bench.errors import DataError


def linked(kind: bytes = tarfile.SYMTYPE, to: str = "/etc", name: str = "link") -> tarfile.TarInfo:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = kind, to
    return link


def zipped_link() -> bytes:
    """A symbolic link, and a file that would be written through it."""
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        pack.writestr(link, "..")
        pack.writestr("link/out.txt", "x")
    return file.getvalue()


UNSAFE = {
    "zip that climbs": ("all.zip", zipped(**{"a/1.jpg": CONTENT, "../out.txt": b"x"})),
    "zip with an absolute path": ("all.zip", zipped(**{"/out.txt": b"x"})),
    "tar that climbs": ("all.tar", tarred(tarfile.TarInfo("../out.txt"))),
    "tar with an absolute link": ("all.tar", tarred(linked())),
    "tar with a link that climbs": ("all.tar", tarred(linked(to="../..", name="a/link"))),
    "tar with a hard link away": ("all.tar", tarred(linked(tarfile.LNKTYPE, "../secret"))),
    "tar with a device": ("all.tar", tarred(linked(tarfile.CHRTYPE, ""))),
    "no archive": ("all.tar", b"this is no archive"),
}


@pytest.mark.parametrize(("name", "content"), UNSAFE.values(), ids=UNSAFE)
def test_an_archive_that_leads_out_of_the_root_is_refused(name, content, server, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(DataError, match=r"leads out of|cannot be unpacked"):
        obtain(server.archive(name, content, "a"), root, ignore)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert [path.name for path in root.iterdir()] == ["downloads"]


def test_a_link_in_a_zip_is_unpacked_as_a_file(server, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(DataError, match="cannot be unpacked"):
        obtain(server.archive("all.zip", zipped_link(), "a"), root, ignore)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert (root / "link").read_text() == ".."
    assert not (root / "link").is_symlink()
