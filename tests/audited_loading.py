"""Loads changed files under Python's audit hook: ``python audited_loading.py BENCHMARKS FOLDER COUNT``.

Prints, as JSON, what happened that only a file could have caused: imports, opened files, sockets, processes.
"""

import json
import sys
import traceback
import warnings
from itertools import islice
from pathlib import Path

WATCHED = ("import", "open", "exec", "compile", "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")
WATCHED += (
    "os.fork",
    "os.remove",
    "os.rename",
    "os.link",
    "os.symlink",
    "urllib.",
    "http.",
    "ftplib.",
    "ctypes.dlopen",
)


def main(benchmarks: str, folder: str, count: str) -> None:
    sys.path.insert(0, benchmarks)
    import fuzz_files

    from geofer.errors import GeoferError

    warnings.simplefilter("ignore")
    place = Path(folder)
    good = fuzz_files.write_good(place)
    for kind, path in good.items():
        fuzz_files.LOADERS[kind](path)
    for backbone in ("resnet18", "resnet50", "convnext_atto"):  # a changed file may name any that are installed
        fuzz_files.read_backbone_arguments(backbone, {})
    loading, events, usual = None, [], set()

    def watch(event: str, arguments: tuple) -> None:
        if loading is None or not event.startswith(WATCHED):
            return
        if event == "open" and str(arguments[0]) == str(loading):
            return
        events.append(f"{event} {arguments!r:.200}")

    sys.addaudithook(watch)
    for kind, path in good.items():  # such as the list of installed plugins
        loading = path
        fuzz_files.LOADERS[kind](path)
        loading = None
    usual, events = set(events), []
    outcomes = {"accepted": 0, "refused": 0}
    for kind, path in islice(fuzz_files.mutants(good, place, seed=1), int(count)):
        loading, failure = path, None
        try:
            fuzz_files.LOADERS[kind](path)
            outcome = "accepted"
        except GeoferError:
            outcome = "refused"
        except BaseException:
            outcome, failure = "crashed", traceback.format_exc
        loading = None
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if failure:
            events.append(failure())
    print(json.dumps({**outcomes, "events": [event for event in events if event not in usual][:20]}))


main(*sys.argv[1:])
