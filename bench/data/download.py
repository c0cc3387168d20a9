"""Official archives: downloaded only on request, resumable, verified before anything is unpacked."""

import hashlib
import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.errors import DataError
from bench.system.progress import NamedProgress

DOWNLOAD_BLOCK = 1 << 20
ATTEMPTS = 5
TIMEOUT = 60
"""Seconds without a byte after which a connection counts as broken."""


@dataclass(frozen=True)
class Archive:
    """url: where it is. md5: of the whole file, as the hosts publish it or well-kept libraries pin it.

    provides: a path under the root that exists once the archive is unpacked. into: the folder under the root that it
    is unpacked in, if it holds no folder itself.
    """

    url: str
    md5: str
    provides: str
    into: str = ""

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


def obtain(archive: Archive, root: Path, progress: NamedProgress) -> bool:
    """Fetch, verify and unpack `archive` under `root`; False if its files are there already.

    It lies in `downloads/` until it is unpacked as a whole, so an interrupted call is simply repeated. An archive from
    before is checked too, and unpacked only if its checksum is right.
    """
    target = root / "downloads" / archive.name
    if (root / archive.provides).exists() and not target.exists():
        return False
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        _fetch(archive, part, progress)
        md5 = _md5(archive, part, progress)
        if md5 != archive.md5:
            part.unlink()
            raise DataError(
                f"{archive.url} gave a file with MD5 {md5} instead of {archive.md5}; it was deleted unopened, so run "
                "the same command again."
            )
        part.replace(target)
    elif (md5 := _md5(archive, target, progress)) != archive.md5:
        raise DataError(
            f"{target} has the MD5 {md5} instead of {archive.md5} and was not opened; delete it and run the same "
            "command again, which fetches it anew."
        )
    _unpack(target, root / archive.into, progress)
    target.unlink()
    return True


def _fetch(archive: Archive, part: Path, progress: NamedProgress) -> None:
    """Download into `part`, from its end on; broken connections are retried a few times."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if _fetch_rest(archive, part, progress):
                return
            problem = "the connection was closed early"
        except urllib.error.HTTPError as error:
            raise DataError(f"{archive.url} answers {error.code} {error.reason}; fetch the archive by hand.") from None
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
        if attempt == ATTEMPTS:
            raise DataError(f"{archive.url} could not be fetched ({problem}); the same command resumes from there.")


def _fetch_rest(archive: Archive, part: Path, progress: NamedProgress) -> bool:
    """One connection; True if the file is then as long as the server says."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return True  # nothing is left to fetch; the checksum shows whether it is the right file
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0  # this server sends whole files only
        length = int(response.headers.get("Content-Length") or 0)
        total = start + length
        if length > shutil.disk_usage(part.parent).free:
            raise DataError(f"{archive.name} needs {length / 1e9:.1f} GB more than {part.parent} has free; make room.")
        with part.open("ab" if start else "wb") as file:
            while block := response.read(DOWNLOAD_BLOCK):
                file.write(block)
                start += len(block)
                progress(f"fetching {archive.name}", start, total)
    return not length or start == total


def _md5(archive: Archive, path: Path, progress: NamedProgress) -> str:
    digest, size, done = hashlib.md5(usedforsecurity=False), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(DOWNLOAD_BLOCK):
            digest.update(block)
            done += len(block)
            progress(f"verifying {archive.name}", done, size)
    return digest.hexdigest()


def _unpack(path: Path, root: Path, progress: NamedProgress) -> None:
    """Every member lands under `root`, or the archive is refused."""
    size = path.stat().st_size
    progress(f"unpacking {path.name}", 0, size)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as pack:
                for name in pack.namelist():
                    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                        raise DataError(f"{path} holds {name!r}, which leads out of {root}; nothing was unpacked.")
                pack.extractall(root)
        elif not hasattr(tarfile, "data_filter"):
            raise DataError(f"{path} is unpacked safely from Python 3.11.4 on; unpack it into {root} by hand.")
        else:
            with tarfile.open(path) as pack:
                pack.extractall(root, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise DataError(f"{path} cannot be unpacked ({error}); make room or delete it, and run again.") from None
    progress(f"unpacking {path.name}", size, size)
