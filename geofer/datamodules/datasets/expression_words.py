"""What people call expressions in their tables and folders: other words, numbers, numbers before words."""

import re
from collections.abc import Mapping, Sequence

from geofer.datamodules.datasets import affect_net, fer2013, kdef, raf_db
from geofer.errors import ConfigError, DataError
from geofer.ranges import check_choice, did_you_mean

SYNONYMS = {
    "anger": ("angry", "rage"),
    "contempt": ("contemptuous",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared", "frightened"),
    "happiness": ("happy", "joy", "joyful"),
    "neutral": ("calm", "neutrality", "neutral face"),
    "sadness": ("sad", "sorrow"),
    "surprise": ("surprised",),
}
"""Other words for an expression, in tables and as names of folders; upper and lower case are alike."""

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")

NUMBERINGS: Mapping[str, Mapping[str, str]] = {
    "affectnet": {code: name for code, name in affect_net.CODES.items() if int(code) <= 7},
    "fer2013": fer2013.CODES,
    "ferplus": {str(code): name for code, name in enumerate(FERPLUS)},
    "kdef": kdef.CODES,
    "raf-db": raf_db.CODES,
}
"""The codes of known data sets, which many tables have taken over."""

Labels = str | Mapping[str, str] | None
"""The name of one of `NUMBERINGS`, or what each label stands for; None if they are words."""

NUMBER_BEFORE = re.compile(r"\d+[\s_.-]+(?=\D)")
"""As in ``0_anger``, ``1. happy`` and ``2-sad``."""


class ExpressionWords:
    """From a label as somebody wrote it to the name of an expression.

    Args:
        vocabulary: The expressions that there are.
        labels: What labels stand for that are no words.

    Raises:
        ConfigError: There is no such numbering, or a label stands for what is no expression.
    """

    def __init__(self, vocabulary: Sequence[str], labels: Labels = None) -> None:
        self._vocabulary = tuple(vocabulary)
        self._words = {name.casefold(): name for name in vocabulary}
        for name in vocabulary:
            self._words.update({word: name for word in SYNONYMS.get(name, ()) if word not in self._words})
        self._numbering = labels if isinstance(labels, str) else "labels"
        self._codes: dict[str, str] = {}
        if isinstance(labels, str):
            check_choice("labels", labels, NUMBERINGS)
            self._codes = dict(NUMBERINGS[labels])
        elif labels:
            for code, word in labels.items():
                meant = self._words.get(str(word).strip().casefold())
                if meant is None:
                    raise ConfigError(
                        f"labels: {code!r} stands for {word!r}, which is no known expression. There are "
                        f"{', '.join(self._vocabulary)}.{did_you_mean(word, self._words)}"
                    )
                self._codes[str(code)] = meant

    def __call__(self, label: str, where: str) -> str:
        """The expression that a label stands for.

        Args:
            label: A code of ``labels``, a word in any case, or a word with a number before it.
            where: Where it was found, for the message.

        Raises:
            DataError: It stands for none; the message tells what was probably meant.
        """
        text = label.strip()
        code = text.removesuffix(".0")  # as tables write whole numbers that once were fractions
        for known, key in ((self._codes, text), (self._codes, code), (self._words, text.casefold())):
            if key in known:
                return known[key]
        if (word := NUMBER_BEFORE.sub("", text, count=1).casefold()) in self._words:
            return self._words[word]
        if self._codes:
            codes = ", ".join(f"{code} ({name})" for code, name in self._codes.items())
            raise DataError(f"{where}: {label!r} is no label of {self._numbering}, and no known expression: {codes}.")
        if code.isdigit():
            raise DataError(
                f"{where}: the label is the number {text}. Say with `labels` what numbers stand for: the numbering of "
                f"a known data set, {', '.join(NUMBERINGS)}, or a mapping such as {{0: anger, 1: happiness}}."
            )
        raise DataError(
            f"{where}: {label!r} is no known expression. There are {', '.join(self._vocabulary)}; correct it, or add "
            f"it to `expressions`.{did_you_mean(word, self._words)}"
        )
