"""Archives from a server on this machine: fetched, resumed, verified, or refused."""

import hashlib
import tarfile
from pathlib import Path

import pytest
from helpers.archive_server import CONTENT, ignore, tarred, zipped

from bench.data import DATASETS, download
from bench.data.download import obtain
from bench.errors import DataError


def test_an_archive_is_fetched_verified_unpacked_and_taken_away(server, tmp_path):
    archive = server.archive("all.zip", zipped(**{"train2014/1.jpg": CONTENT}), "train2014")
    calls: list[str] = []
    assert obtain(archive, tmp_path, lambda title, done, total: calls.append(title))
    assert (tmp_path / "train2014" / "1.jpg").read_bytes() == CONTENT
    assert list((tmp_path / "downloads").iterdir()) == []
    assert list(dict.fromkeys(calls)) == ["fetching all.zip", "verifying all.zip", "unpacking all.zip"]
    assert not obtain(archive, tmp_path, ignore)
    assert len(server.log) == 1


def test_an_archive_without_a_folder_is_given_one(server, tmp_path):
    archive = server.archive("flat.zip", zipped(**{"a.txt": b"1"}), "texts/a.txt", into="texts")
    assert obtain(archive, tmp_path, ignore)
    assert (tmp_path / "texts" / "a.txt").read_bytes() == b"1"
    assert not obtain(archive, tmp_path, ignore)


@pytest.mark.parametrize("ranges", [True, False], ids=["resuming server", "server of whole files"])
def test_a_dropped_connection_is_taken_up_again(ranges, server, tmp_path):
    server.ranges = ranges
    server.cut = [1000, 5000]
    archive = server.archive("all.tgz", tarred(tarfile.TarInfo("a/1.jpg"), mode="w:gz"), "a")
    assert obtain(archive, tmp_path, ignore)
    assert (tmp_path / "a" / "1.jpg").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.log][:2] == [None, "bytes=1000-"]


def test_what_a_stopped_command_left_is_gone_on_with(server, tmp_path):
    content = zipped(**{"a/1.jpg": CONTENT})
    archive = server.archive("all.zip", content, "a")
    part = tmp_path / "downloads" / "all.zip.part"
    part.parent.mkdir()
    part.write_bytes(content[:3000])
    assert obtain(archive, tmp_path, ignore)
    assert [wanted for _, wanted in server.log] == ["bytes=3000-"]
    part.write_bytes(content)
    (tmp_path / "a" / "1.jpg").unlink()
    (tmp_path / "a").rmdir()
    assert obtain(archive, tmp_path, ignore)
    assert (tmp_path / "a" / "1.jpg").read_bytes() == CONTENT


def test_an_interrupted_unpacking_is_done_again_without_fetching(server, tmp_path):
    content = zipped(**{"a/1.jpg": CONTENT, "a/2.jpg": CONTENT})
    archive = server.archive("all.zip", content, "a")
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "all.zip").write_bytes(content)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(CONTENT[:10])
    assert obtain(archive, tmp_path, ignore)
    assert (tmp_path / "a" / "1.jpg").read_bytes() == (tmp_path / "a" / "2.jpg").read_bytes() == CONTENT
    assert server.log == []


def test_a_server_that_always_drops_is_given_up_and_the_part_kept(server, tmp_path):
    server.cut = [10] * 20
    archive = server.archive("all.zip", zipped(**{"a/1.jpg": CONTENT}), "a")
    with pytest.raises(DataError, match=r"could not be fetched .the connection was closed early"):
        obtain(archive, tmp_path, ignore)
    assert len(server.log) == download.ATTEMPTS
    assert (tmp_path / "downloads" / "all.zip.part").stat().st_size == 10 * download.ATTEMPTS


def test_a_file_that_is_another_is_deleted_unopened(server, tmp_path):
    archive = server.archive("all.zip", zipped(**{"a/1.jpg": CONTENT}), "a")
    server.files["/all.zip"] = zipped(**{"a/1.jpg": b"another"})
    with pytest.raises(DataError, match="gave a file with MD5"):
        obtain(archive, tmp_path, ignore)
    assert not (tmp_path / "a").exists()
    assert list((tmp_path / "downloads").iterdir()) == []


def test_an_address_that_answers_with_an_error_is_named_at_once(server, tmp_path):
    archive = server.archive("all.zip", b"", "a")
    del server.files["/all.zip"]
    with pytest.raises(DataError, match=r"all.zip answers 404 .*; fetch the archive by hand"):
        obtain(archive, tmp_path, ignore)
    assert len(server.log) == 1


def test_too_small_a_disk_is_said_before_anything_is_written(server, tmp_path, monkeypatch):
    archive = server.archive("all.zip", zipped(**{"a/1.jpg": CONTENT}), "a")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: type("", (), {"free": 1000}))
    with pytest.raises(DataError, match="make room"):
        obtain(archive, tmp_path, ignore)
    assert list((tmp_path / "downloads").iterdir()) == []


@pytest.mark.parametrize("content", [b"", zipped(**{"a/1.jpg": b"another"}), b"no archive"])
def test_an_archive_that_lies_there_already_is_not_opened_unless_it_is_the_right_one(content, server, tmp_path):
    archive = server.archive("all.zip", zipped(**{"a/1.jpg": CONTENT}), "a")
    lying = tmp_path / "downloads" / "all.zip"
    lying.parent.mkdir()
    lying.write_bytes(content)
    digest = hashlib.md5(content).hexdigest()
    with pytest.raises(DataError) as caught:
        obtain(archive, tmp_path, ignore)
    assert str(caught.value).startswith(f"{lying} has the MD5 {digest} instead of {archive.md5}")
    assert "delete it and run the same command again" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a").exists()
    assert lying.read_bytes() == content, "it may be somebody's only copy"
    assert server.log == []


def test_official_archives_have_an_address_and_a_checksum_each():
    fetched = {name: DATASETS.get(name).archives for name in ("coco", "voc2007", "voc2012", "cub")}
    assert {name: len(archives) for name, archives in fetched.items()} == {
        "coco": 3,
        "voc2007": 2,
        "voc2012": 1,
        "cub": 1,
    }
    archives = [archive for several in fetched.values() for archive in several]
    assert len({archive.md5 for archive in archives}) == len(archives) == 7
    for archive in archives:
        assert archive.url.startswith(("http://", "https://"))
        assert len(bytes.fromhex(archive.md5)) == 16
        assert not Path(archive.provides).is_absolute()
