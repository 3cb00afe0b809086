"""The ``lightning`` command: trains with geofer, and hands everything else to lightning-sdk where it is installed.

Lightning itself installs no ``lightning`` script; lightning-sdk does, and its script knows no ``fit``.
"""

import sys
from importlib.metadata import entry_points

from geofer.cli.command import main as geofer_main

TRAINER_COMMANDS = ("fit", "validate", "test", "predict")


def main() -> int:
    """Run ``lightning COMMAND …`` with the arguments of this process; returns the exit code."""
    if set(sys.argv[1:2]) & set(TRAINER_COMMANDS):
        return geofer_main()
    for script in entry_points(group="console_scripts", name="lightning"):
        if script.dist is not None and script.dist.name != "geofer":
            return int(script.load()() or 0)
    print(
        f"usage: lightning {{{','.join(TRAINER_COMMANDS)}}} --config FILE\n\n"
        "This command comes with geofer and trains its models, like `geofer` itself. Other commands belong to "
        "lightning-sdk, which is not installed (pip install lightning-sdk)."
    )
    return 0 if set(sys.argv[1:2]) <= {"-h", "--help"} else 2
