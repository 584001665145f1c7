"""A process that folds, a few requests at a time, and says so on standard output. It is there to be killed."""

from __future__ import annotations

import asyncio
import sys

from control_layer.recorder import Folding
from control_layer.store.engine import open_engine


async def main(url: str, most: int) -> None:
    folding = Folding(open_engine(url, pool_size=1), most=most)
    while True:
        sys.stdout.write(f"{await folding.fold()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
