"""Runs a local gateway without rate limits for a benchmark, and prints its port. Its ids are consecutive numbers."""

import asyncio
import itertools
import logging
import math
import resource
from typing import Any

from pushwire.gateway import GatewaySettings, LocalGateway, Quotas


def handler(_event: dict[str, Any], _context: Any) -> dict[str, int]:
    return {"statusCode": 200}


async def main() -> None:
    quotas = Quotas(requests_per_second=math.inf, connections_per_second=math.inf)
    numbers = itertools.count()
    gateway = LocalGateway(
        handler,
        omit_routes=("$connect", "$disconnect"),
        settings=GatewaySettings(quotas=quotas),
        new_id=lambda: f"{next(numbers):015d}=",
    )
    async with gateway:
        print(gateway.port, flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    logging.disable()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
