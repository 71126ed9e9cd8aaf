"""Connections that hold a place for nothing, against the real server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.console.test_console import Rig, rig

from homalos.console import connections

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HALF_HEAD = b"POST /api/v1/risk/kill HTTP/1.1\r\nHost: "


def health(r: Rig) -> bytes:
    return f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{r.port}\r\n\r\n".encode()


def half_body(r: Rig) -> bytes:
    """A head in order, of a body that never ends."""
    lines = (
        "POST /api/v1/risk/kill HTTP/1.1",
        f"Host: 127.0.0.1:{r.port}",
        f"Authorization: Bearer {r.cli}",
        "Content-Type: application/json",
        "Content-Length: 100",
        "",
        '{"reason":',
    )
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def crowd(port: int, number: int, says: bytes) -> AsyncIterator[list[Stream]]:
    """Connections that began a request, or did not."""
    streams: list[Stream] = []
    try:
        for _ in range(number):
            streams.append(await asyncio.open_connection("127.0.0.1", port))
            streams[-1][1].write(says)
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()


@pytest.mark.parametrize("whole_head", [False, True])
@pytest.mark.parametrize("number", [150, 300])
def test_half_open_connections_do_not_lock_the_kill_switch_out(
    tmp_path: Path, number: int, whole_head: bool
) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            async with crowd(r.port, number, half_body(r) if whole_head else HALF_HEAD):
                async with asyncio.timeout(10):
                    killed = await client.post(
                        "/api/v1/risk/kill", json={"reason": "now"}, headers=r.bearer()
                    )
                    assert killed.status_code == 202
                    assert (await client.get("/healthz")).status_code == 200
            assert r.desk.commands == [("kill", "cli", "now")]

    asyncio.run(main())


def test_the_connection_that_did_nothing_for_longest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_MAX", 3)

    async def main() -> None:
        async with rig(tmp_path) as (r, _), crowd(r.port, 5, b"") as streams:
            for reader, _ in streams[:2]:
                async with asyncio.timeout(2):
                    assert await ended(reader)
            for reader, writer in streams[2:]:
                writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{r.port}\r\n\r\n".encode())
                async with asyncio.timeout(2):
                    assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    asyncio.run(main())


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("says", [b"", b"\r\n", HALF_HEAD, b"body"])
def test_a_request_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.1)

    async def main() -> None:
        async with rig(tmp_path) as (r, _):
            begun = half_body(r) if says == b"body" else says
            async with crowd(r.port, 1, begun) as [(reader, _)], asyncio.timeout(3):
                assert await ended(reader)
            assert r.desk.commands == []

    asyncio.run(main())


def test_trickled_bytes_and_a_second_request_have_the_same_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)

    async def main() -> None:
        async with rig(tmp_path) as (r, _):
            whole = health(r)
            async with crowd(r.port, 1, whole) as [(reader, writer)]:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                await reader.readexactly(len(b'{"status":"ok"}'))
                await asyncio.sleep(0.4)  # idle between requests: uvicorn's keep-alive rules
                writer.write(whole)
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                await reader.readexactly(len(b'{"status":"ok"}'))
                writer.write(b"GET / HTTP/1.1\r\nX: ")
                done = asyncio.create_task(ended(reader))
                async with asyncio.timeout(3):
                    while not done.done():
                        writer.write(b"x")
                        await asyncio.sleep(0.02)

    asyncio.run(main())


def test_a_head_without_end_is_cut_off(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, _):
            endless = b"GET / HTTP/1.1\r\nX: " + b"x" * (connections.HEAD_MAX + 1)
            async with crowd(r.port, 1, endless) as [(reader, _)], asyncio.timeout(3):
                assert await ended(reader)

    asyncio.run(main())
