"""A process that writes a journal as a gateway does, and says on standard output what it may be held to.

`O <id>` when a request's `Opened` is in the kernel's hands, `C <id>` when its `Closed` is. It is there to be killed.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from tests.recorder.journals import bodies, closed, new_id, opened

from control_layer.gateway.journal import Journal

_SEGMENT_BYTES = 32 * 1024


async def main(directory: Path, seed: int) -> None:
    dice = random.Random(seed)
    journal = Journal(directory, _SEGMENT_BYTES, asyncio.get_running_loop())

    def say(kind: str, event_id: bytes) -> None:
        sys.stdout.write(f"{kind} {event_id.hex()}\n")
        sys.stdout.flush()

    under_way: list[bytes] = []
    while True:
        for _ in range(dice.randrange(1, 6)):
            event_id = new_id()
            under_way.append(event_id)
            journal.append(opened(event_id), lambda event_id=event_id: say("O", event_id))  # type: ignore[misc]
        while len(under_way) > dice.randrange(12):
            event_id = under_way.pop(dice.randrange(len(under_way)))
            journal.append(bodies(event_id, response=dice.randbytes(dice.randrange(2000))))
            journal.append(closed(event_id), lambda event_id=event_id: say("C", event_id))  # type: ignore[misc]
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
