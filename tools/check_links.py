"""Check that every relative link and picture in Markdown pages leads somewhere: ``check_links.py FILE_OR_FOLDER …``."""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{page}: {link}")
    return broken


def main(places: list[str]) -> int:
    """Print the broken links below some files and folders; returns the exit code."""
    pages = [page for place in map(Path, places) for page in ([place] if place.is_file() else place.rglob("*.md"))]
    broken = [link for page in pages for link in broken_links(page)]
    print("\n".join(broken) or f"{len(pages)} pages, all links lead somewhere")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
