"""Lets the command line hand paths to arguments that are annotated with ``os.PathLike``.

jsonargparse does not know that type by itself: `--data.root null` would become the text ``None``.
"""

import os
from pathlib import Path

from jsonargparse.typing import register_type

register_type(os.PathLike, serializer=os.fspath, deserializer=Path)
