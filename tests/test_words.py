"""Words that were given up for those of the field come back nowhere: not in code, configurations, pages or tests."""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("geofer", "configs", "docs", "tests", "benchmarks", "experiments", "tools", "training")
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".ipynb", ".css", ".js", ".html"}

OLD = {
    "facial actions": (r"facial[ _]actions?\b(?! coding)|\bactions\b|\bactions?_\w+", "blendshapes"),
    "witness": (r"witness", "geometry branch, modality_dropout, fusion_loss"),
    "answers": (r"(?-i:\bAnswers\b)|\banswers_of\b", "ClassifierOutput"),
    "committee": (r"committee", "GeometryEnsemble"),
    "self-paced": (r"self[-_ ]paced", "confidence_weighting"),
    "stranger": (r"stranger", "ImpostorDistance"),
    "closer look": (r"closer_?look", "TiledDetector"),
    "rises": (r"measured_answers|estimated_scores|\brises\(", "score_response_measured, logit_slopes()"),
    "average": (r"\baverage(?:: |=)[01]\.|module\.average\b|[\"']average[\"'](?::|, -?\d)", "ema_decay"),
    "decay": (r"\bdecay(?:: |=)[0-9.]|\.decay\b|[\"']decay[\"']", "lr_decay_fraction"),
    "score edge": (r"score_edge", "logit_eps"),
    "deviation": (r"\.deviation\b|\b\w+_deviation\b|\bdeviation *[:=]", "std"),
    "share": (r"(?-i:\b[a-z]+_share\b)", "fraction"),
    "pan": (r"\bpan(?:s|ned|ning)?\b|\bpan_", "yaw"),
    "tilt": (r"\btilt", "pitch"),
    "judge": (r"\b(?:the|a|that|same) judge\b|\bjudge(?:'s|[:=.,)])|examiner", "reference classifier"),
    "carries": (r"(?:package|geofer|\bit|\bthat [\w-]+) carr(?:y|ies)\b|\bcarried\b", "bundled"),
    "verb": (r"\bverbs?\b|_verbs?\b", "command"),
    "room": (r"\brooms?\b", "package"),
    "side": (r"\bsides? of (?:a|the|its|their) split", "split"),
    "put into words": (r"\bputs? into words", "is recognized"),
}
"""Name of a word → pattern, of any case, and what is written in its place."""

ALLOWED = {
    ("facial actions", "geofer/rendering/reduction.py"): "Anny's own argument",
    ("facial actions", "tests/rendering/test_expressions.py"): "Anny's own module",
    ("facial actions", "tests/rendering/test_head.py"): "Anny's own argument",
    ("facial actions", "tests/helpers/hub_stand_in.py"): "what Git LFS answers",
    ("decay", "configs/experiment/photo.yaml"): "Lightning's own argument",
    ("room", "geofer/rendering/portrait.py"): "space around the head",
    ("room", "geofer/study/report/accuracy.py"): "space in a terminal",
}
"""Word and file → the other sense in which the word stands there."""

BRITISH = re.compile(
    r"colour|grey|favour|behaviour|neighbour|centre|labell|cancell|modell|catalogue|artefact|"
    r"(?:recogn|normal|synthes|initial|optim|raster|random|standard|summar|visual|token|serial|general|categor|minim|"
    r"maxim|quant|local|custom|character|equal|penal|special|vector|parametr|regular|anonym|author|discret|digit|final|"
    r"organ)is(?:e|ed|er|ers|es|ing|ation)(?![a-z])",
    re.IGNORECASE,
)


@cache
def texts() -> dict[str, str]:
    """What is grepped: path below the root → text. Published results stay as they came."""
    found = [path for place in PLACES for path in sorted((ROOT / place).rglob("*")) if path.suffix in SUFFIXES]
    found += [path for name in ("*.md", "*.toml", "*.cff") for path in sorted(ROOT.glob(name))]
    names = {path.relative_to(ROOT).as_posix(): path for path in found if path != Path(__file__)}
    return {
        name: path.read_text(encoding="utf-8") for name, path in names.items() if not name.startswith("docs/results/")
    }


@pytest.mark.parametrize("word", OLD)
def test_an_old_word_is_nowhere(word):
    pattern, new = OLD[word]
    allowed = {file for name, file in ALLOWED if name == word}
    found, used = [], set()
    for file, text in texts().items():
        if not re.search(pattern, text, re.IGNORECASE):
            continue
        if file in allowed:
            used.add(file)
            continue
        lines = enumerate(text.splitlines(), start=1)
        found += [f"{file}:{n}: {line.strip()}" for n, line in lines if re.search(pattern, line, re.IGNORECASE)]
    assert not found, f"write {new}:\n" + "\n".join(found)
    assert allowed <= used, "what is allowed is nowhere"


def identifiers() -> Iterator[tuple[str, str]]:
    for file, text in texts().items():
        if file.endswith(".py"):
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.NAME and not token.string.startswith("test_"):
                    yield file, token.string
        elif file.endswith((".yaml", ".yml")):
            yield from ((file, key) for key in re.findall(r"\w+(?=:)", text))


def test_identifiers_are_american_and_of_the_field():
    wrong = {
        f"{file}: {name}"
        for file, name in identifiers()
        if BRITISH.search(name) or re.search(r"[a-z]_shares?$|deviation", name)
    }
    assert not wrong, "\n".join(sorted(wrong))
