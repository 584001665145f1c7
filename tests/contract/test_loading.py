"""What a process loads for its whole life is out of the garbage collector's sight; everything else is in it."""

from __future__ import annotations

import subprocess
import sys

_LOADING = """
import gc
from control_layer.contract.loading import for_good

with for_good():
    assert not gc.isenabled()
    kept = [[] for _ in range(1000)]
assert gc.isenabled()
seen = {id(found) for found in gc.get_objects()}
assert not any(id(item) in seen for item in kept)
later = [[]]
assert any(found is later for found in gc.get_objects())

try:
    with for_good():
        raise ImportError
except ImportError:
    assert gc.isenabled()
"""


def test_what_is_loaded_for_good_is_never_looked_at_again() -> None:
    subprocess.run([sys.executable, "-c", _LOADING], check=True)
