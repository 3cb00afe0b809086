"""What README.md and the pages of docs tell people to type: blocks of code, and the commands in them."""

import re
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    str(path.relative_to(REPOSITORY)) for path in (*REPOSITORY.glob("README.md"), *REPOSITORY.glob("docs/**/*.md"))
)

FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?:^|\s+)#\s.*$")


class Block(NamedTuple):
    """A fenced block of code."""

    page: str
    line: int
    language: str  # empty for what programs print
    text: str


class Command(NamedTuple):
    """What a console block has behind a `$`, without its comment, and the lines that it prints."""

    page: str
    line: int
    text: str
    output: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def blocks(page: str) -> list[Block]:
    text = REPOSITORY.joinpath(page).read_text(encoding="utf-8")
    return [
        Block(page, text[: found.start()].count("\n") + 2, found["language"], found["text"])
        for found in FENCED.finditer(text)
    ]


def outside_of_blocks(page: str) -> str:
    """The prose of a page."""
    return FENCED.sub("", REPOSITORY.joinpath(page).read_text(encoding="utf-8"))


def commands(block: Block) -> list[Command]:
    """The commands of a console block; a line that ends with a backslash goes on in the next one."""
    found: list[Command] = []
    continued = False
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        if line.startswith("$ "):
            found.append(Command(block.page, number, COMMENT.sub("", line[2:]), ()))
        elif continued:
            last = found[-1]
            found[-1] = last._replace(text=f"{last.text[:-1].rstrip()} {COMMENT.sub('', line.strip())}")
        elif found:
            found[-1] = found[-1]._replace(output=(*found[-1].output, line))
        continued = bool(found) and not found[-1].output and found[-1].text.endswith("\\")
    return found


def documented_commands() -> list[Command]:
    """All commands of all pages."""
    return [
        command
        for page in PAGES
        for block in blocks(page)
        if block.language == "console"
        for command in commands(block)
    ]
