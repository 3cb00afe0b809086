"""The errors that a user can do something about.

The command line prints the message of a ``GeoferError`` alone, without a traceback; so a message says what was
wrong, where, and what to do.
"""

LONGEST_MESSAGE = 10_000
"""Letters of a message on the terminal."""


class GeoferError(Exception):
    """Base of every error that geofer raises on purpose."""


class ConfigError(GeoferError):
    """A setting, or a combination of settings, that cannot work."""


class DataError(GeoferError):
    """A data set, cache or picture that is missing, unreadable or not what it claims to be."""


class LeakError(DataError):
    """A subject that appears in two splits, or in the landmark bank and the test set."""


class CheckpointError(GeoferError):
    """A checkpoint that is damaged, unsafe, or does not fit the model."""


class HubError(GeoferError):
    """The Hugging Face Hub cannot be reached, or has or allows not what was asked for."""


class PluginError(GeoferError):
    """A backbone or landmark detector that is unknown, ambiguous or broken."""


class NonFiniteError(GeoferError):
    """A loss, gradient or weight that became NaN or infinite during training."""


class AssumptionWarning(UserWarning):
    """What geofer takes to be so because nothing says otherwise; a message says what, and how to say it."""


def printable(name: object) -> str:
    r"""A name from outside as a message may show it.

    It is quoted and escaped if it holds what does not show by itself: line breaks, escape codes of terminals, marks
    that turn the direction of writing, bytes that are no text.

    Examples:
        >>> printable('face.jpg')
        'face.jpg'
        >>> printable('face\x1b[2J.jpg')
        "'face\\x1b[2J.jpg'"
    """
    text = str(name)
    return text if text.isprintable() else repr(text)


def escaped(message: str) -> str:
    r"""A message with everything escaped that a terminal would obey or hide; its line breaks stay.

    Of a message that is longer than `LONGEST_MESSAGE` only the beginning is given.

    Examples:
        >>> print(escaped('No face in a\x1b[31m.jpg.\nTry another.'))
        No face in a\x1b[31m.jpg.
        Try another.
    """
    if len(message) > LONGEST_MESSAGE:  # a cell of a table can have megabytes
        message = f"{message[:LONGEST_MESSAGE]}…"
    if message.isprintable():
        return message
    return "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in message)
