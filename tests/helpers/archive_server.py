"""A server of archives on this machine that can drop connections, and archives for it."""

import hashlib
import io
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.data.download import Archive

CONTENT = bytes(range(256)) * 4000


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        for name, content in members.items():
            pack.writestr(name, content)
    return file.getvalue()


def tarred(*members: tarfile.TarInfo, mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as pack:
        for member in members:
            member.size = len(CONTENT) if member.isfile() else 0
            pack.addfile(member, io.BytesIO(CONTENT))
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """files: what it serves. log: (path, Range) of each request. cut: bytes after which a connection is dropped."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[str, str | None]] = []
        self.cut: list[int] = []
        self.ranges = True

    def archive(self, name: str, content: bytes, provides: str, into: str = "") -> Archive:
        self.files[f"/{name}"] = content
        url = f"http://127.0.0.1:{self.server_port}/{name}"
        return Archive(url, hashlib.md5(content).hexdigest(), provides, into)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.log.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = start + self.server.cut.pop(0) if self.server.cut else len(content)
        self.wfile.write(content[start:stop])

    def log_message(self, format: str, *args: object) -> None:
        pass


def ignore(title: str, done: int, total: int) -> None:
    assert 0 <= done <= total
