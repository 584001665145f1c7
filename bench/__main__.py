import tempfile, sys
from pathlib import Path
from bench.cores import Cores
from bench import saturation
with tempfile.TemporaryDirectory(prefix="cl-bench-") as d:
    Path(d).chmod(0o755)
    r = saturation.measure(Path(d), Cores.of_this_machine(), rounds=int(sys.argv[1]), seconds=int(sys.argv[2]))
    for name in ("sink","nginx","gateway"):
        print(name, [round(x) for x in r.of(name,"served")], [round(x) for x in r.of(name,"per_processor_second")], [round(x,2) for x in r.of(name,"busy")], r.of(name,"bad"))
    print("ratio", r.ratio("served"), r.ratio("per_processor_second"))
