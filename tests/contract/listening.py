"""A table service that answers what it is told to, and keeps what it was asked."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY = "cm9sbGNhbGwtdGVzdHMta2V5LW9mLW5vLXVzZS1hdC1hbGw="
HUNG_UP = b""
SILENCE = None
"""In place of an answer: the connection stays open, and nothing comes."""


def answer(
    status: str,
    body: str = "",
    kind: str = "application/json",
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    size = len(body) if length is None else length
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{more}\r\n{body}".encode()


def error(code: str, index: int = 0) -> str:
    return f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{index}:{code}"}}}}}}'


def parts(*statuses: str, body: str = "") -> bytes:
    """The answer to an entity group transaction."""
    inner = "".join(
        f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f'HTTP/1.1 {status}\r\nETag: W/"{number}"\r\nContent-Type: application/json\r\n\r\n{body}\r\n'
        for number, status in enumerate(statuses, 1)
    )
    outer = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n"
    return answer("202 Accepted", outer, "multipart/mixed; boundary=b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came.

    Attributes:
        headers: by their names in small letters.
    """

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Listener:
    """A server that gives its answers in turn, the last one again and again, and hangs up after each."""

    answers: list[bytes | None]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def storage(self) -> str:
        """Its connection string, with a key."""
        return f"{self.endpoint};AccountName=a;AccountKey={KEY}"

    @property
    def endpoint(self) -> str:
        """The part of the connection string that says where it is."""
        return f"TableEndpoint=http://127.0.0.1:{self.port}/a"

    async def start(self, tls: ssl.SSLContext | None = None) -> Self:
        """Take connections."""
        self._server = await asyncio.start_server(self._respond, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Take none any more, and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()

    async def _respond(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(line, headers, body))
        given = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if given is SILENCE:
            await reader.read()
        else:
            writer.write(given)
            await writer.drain()
        writer.close()


def certificate(folder: Path, *hosts: str) -> Path:
    """A file with a certificate for some hosts, signed by nobody but itself, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
