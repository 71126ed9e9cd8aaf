"""Services start in order, stop in the reverse, and say how they are."""

import asyncio

import pytest

from homalos.kernel.lifecycle import Service, Services, ServiceState


def make(log: list[str], name: str, *depends: str, fails: str = "") -> Service:
    async def start() -> None:
        if fails == "start":
            raise OSError("no")
        log.append(f"+{name}")

    def stop() -> None:
        if fails == "stop":
            raise OSError("no")
        log.append(f"-{name}")

    return Service(name, depends=depends, start=start, stop=stop)


def test_order_follows_dependencies_and_stop_is_the_reverse() -> None:
    log: list[str] = []
    services = Services()
    services.add(make(log, "console", "bus", "store"))
    services.add(make(log, "store", "bus"))
    services.add(make(log, "bus"))

    async def main() -> None:
        await services.start()
        await services.stop()

    asyncio.run(main())
    assert log == ["+bus", "+store", "+console", "-console", "-store", "-bus"]
    assert {row["state"] for row in services.table()} == {"stopped"}


def test_a_failed_start_stops_what_had_started() -> None:
    log: list[str] = []
    services = Services()
    services.add(make(log, "bus"))
    services.add(make(log, "store", "bus", fails="start"))
    services.add(make(log, "console", "store"))
    with pytest.raises(OSError, match="no"):
        asyncio.run(services.start())
    assert log == ["+bus", "-bus"]
    assert [row["state"] for row in services.table()] == ["stopped", "failed", "registered"]


def test_a_stop_that_fails_is_kept_and_does_not_stop_the_others() -> None:
    log: list[str] = []
    services = Services()
    services.add(make(log, "bus"))
    services.add(make(log, "store", "bus", fails="stop"))

    async def main() -> None:
        await services.start()
        await services.stop()

    asyncio.run(main())
    assert log[-1] == "-bus"
    assert services.faults == ["store: stop: OSError: no"]


def test_a_stop_that_hangs_is_given_up() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    async def main() -> list[str]:
        services = Services()
        services.add(Service("slow", stop=hang, stop_timeout_s=0.01))
        await services.start()
        await services.stop()
        return services.faults

    assert asyncio.run(main())[0].startswith("slow: stop: TimeoutError")


def test_health_and_heartbeat_are_visible() -> None:
    trouble: list[str | None] = [None]

    async def main() -> tuple[dict[str, object], dict[str, object]]:
        services = Services(heartbeat_s=0.001)
        services.add(Service("store", health=lambda: trouble[0]))
        await services.start()
        await asyncio.sleep(0.02)
        well = services.table()[0]
        trouble[0] = "disk full"
        ill = services.table()[0]
        await services.stop()
        return well, ill

    well, ill = asyncio.run(main())
    assert well["healthy"] is True
    assert well["state"] == ServiceState.RUNNING.value
    assert isinstance(well["heartbeat_age_s"], float)
    assert well["heartbeat_age_s"] < 1
    assert (ill["healthy"], ill["trouble"]) == (False, "disk full")


@pytest.mark.parametrize(
    ("depends", "text"), [(("nobody",), "nobody registered"), (("a",), "circle")]
)
def test_bad_dependencies_are_named(depends: tuple[str, ...], text: str) -> None:
    services = Services()
    services.add(Service("a", depends=depends))
    with pytest.raises(ValueError, match=text):
        services.order()


def test_a_health_that_raises_stops_the_heartbeat_and_breaks_no_answer() -> None:
    def broken() -> str | None:
        raise RuntimeError("no")

    async def main() -> tuple[dict[str, object], dict[str, object]]:
        services = Services(heartbeat_s=0.001)
        services.add(Service("good"))
        services.add(Service("bad", health=broken))
        await services.start()
        beats = [services.table()[0]["heartbeat_age_s"] for _ in range(1)]
        await asyncio.sleep(0.05)
        good, bad = services.table()
        assert beats[0] is not None
        await services.stop()
        return good, bad

    good, bad = asyncio.run(main())
    assert good["healthy"] is True
    assert bad["healthy"] is False
    assert isinstance(good["heartbeat_age_s"], float)
    assert isinstance(bad["heartbeat_age_s"], float)
    assert good["heartbeat_age_s"] < 0.04 < bad["heartbeat_age_s"]
