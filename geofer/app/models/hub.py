"""Recognizers on the Hugging Face Hub: fetched when somebody names one, and pushed when somebody says so."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from torch import nn

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.pretrained_folder import CARD, CONFIG, WEIGHTS, read_config, save_pretrained
from geofer.errors import ConfigError, HubError, printable
from geofer.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import HfApi

FILES = (".safetensors", ".ckpt", ".onnx", ".pt2")
"""Endings of names that mean a file, never a repository."""

PART = r"[A-Za-z0-9](?:[\w-]|\.(?!\.))*"
"""Letters, digits, dashes and dots, but never two dots: a name becomes a folder of the cache."""

NAME = re.compile(rf"(?P<repo>{PART}/{PART})(?:@(?P<revision>{PART}(?:/{PART})*))?", re.ASCII)

LONGEST = 96
"""Letters of each part of a name, as on the Hub."""


COMMIT = re.compile("[0-9a-f]{40}")


class HubName(NamedTuple):
    """A model of the Hub.

    Attributes:
        repo: ``user/name``.
        revision: A branch, a tag or a commit; None is the newest of ``main``.
    """

    repo: str
    revision: str | None = None

    def __str__(self) -> str:
        """As the user writes it: ``user/name@revision``."""
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"


def hub_name(text: str) -> HubName | None:
    """What ``user/name`` or ``user/name@revision`` names; None for a text that is no name of the Hub."""
    found = NAME.fullmatch(text)
    if found is None or text.lower().endswith(FILES) or max(map(len, re.split("[/@]", text))) > LONGEST:
        return None
    return HubName(found["repo"], found["revision"])


def pull(name: HubName, token: str | None = None, cache_dir: Path | None = None) -> Path:
    """The folder of a model's files, from the cache of ``huggingface_hub`` or fetched into it.

    The description comes first, so that the weights of something else are never fetched. ``HF_HUB_OFFLINE``,
    ``HF_HOME`` and ``HF_TOKEN`` count, as for every tool of the Hub.

    Args:
        name: Which model.
        token: Of the Hub; None takes the one that the user is logged in with, if any.
        cache_dir: Where to keep the files; None takes the cache of ``huggingface_hub``.

    Raises:
        ConfigError: The extra ``hub`` is not installed.
        HubError: There is no such model or revision, the Hub cannot be reached, or refuses.
        CheckpointError: The model is not one of geofer, or needs a newer one.
    """
    api = _hub(token)
    with _told(name, "fetch"):
        config = api.hf_hub_download(name.repo, CONFIG, revision=name.revision, cache_dir=cache_dir)
    folder = Path(config).parent
    if not COMMIT.fullmatch(folder.name):  # the server's word for what it sent, and a folder of the cache
        raise HubError(f"Could not fetch {name}: the Hub names no commit, but {printable(folder.name)}.")
    read_config(folder / CONFIG)
    with _told(name, "fetch"):
        api.hf_hub_download(name.repo, WEIGHTS, revision=folder.name, cache_dir=cache_dir)
    return folder


def push(
    name: HubName,
    network: nn.Module,
    description: ModelDescription,
    *,
    private: bool = True,
    license_id: str | None = None,
    token: str | None = None,
    message: str = "Push a recognizer of geofer.",
) -> str:
    """Uploads a recognizer in one commit, with its configuration and its card.

    Args:
        name: Where to; the repository is made when missing, and so is the branch that ``revision`` names.
        network: The network.
        description: What it is.
        private: Whether a repository that is made now is for its owner alone; an older one stays as it is.
        license_id: The license's identifier, for the card.
        token: Of the Hub, with the right to write; None takes the one that the user is logged in with.
        message: Of the commit.

    Returns:
        The address of the commit.

    Raises:
        ConfigError: The extra ``hub`` is not installed, or there is no token.
        HubError: The Hub cannot be reached, or refuses.
        CheckpointError: A weight is not finite, or the network is not the one described.
    """
    api = _hub(token)
    from huggingface_hub import CommitOperationAdd, get_token

    if token is None and get_token() is None:
        raise ConfigError(
            f"Pushing to {name} needs a token that may write: log in with `hf auth login`, or set HF_TOKEN."
        )
    with TemporaryDirectory() as folder, _told(name, "push to"):
        save_pretrained(Path(folder), network, description, name.repo, license_id)
        repo = api.create_repo(name.repo, private=private, exist_ok=True).repo_id
        if name.revision is not None:
            api.create_branch(repo, branch=name.revision, exist_ok=True)
        added = [CommitOperationAdd(file, Path(folder, file)) for file in (WEIGHTS, CONFIG, CARD)]
        commit = api.create_commit(repo, added, commit_message=message, revision=name.revision)
    return str(commit.commit_url)


def _hub(token: str | None) -> "HfApi":
    if find_spec("huggingface_hub") is None:
        raise ConfigError("The Hugging Face Hub needs huggingface_hub, not installed here: pip install 'geofer[hub]'.")
    from huggingface_hub import HfApi

    return HfApi(token=token, library_name="geofer", library_version=__version__)


@contextmanager
def _told(name: HubName, doing: str) -> Iterator[None]:
    """Turns whatever the Hub, its library or the network raises into one sentence that tells what to do."""
    from huggingface_hub import constants, errors

    log_in = "if it is private or gated, log in with `hf auth login` or set HF_TOKEN"
    try:
        yield
    except (ConfigError, HubError):
        raise
    except errors.RepositoryNotFoundError as error:
        reason = f"the Hub shows no model of that name; {log_in}"
        raise HubError(
            f"Could not {doing} {name}: {reason}. If you mean a file or folder, there is none here."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"Could not {doing} {name}: {name.repo} has no such revision.") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        if constants.HF_HUB_OFFLINE:
            reason = "HF_HUB_OFFLINE is set, so only what was fetched before can be used; unset it"
        else:
            reason = f"the Hub cannot be reached ({_first_line(error.__cause__ or error)})"
        raise HubError(f"Could not {doing} {name}: {reason}.") from error
    except errors.EntryNotFoundError as error:
        raise HubError(
            f"Could not {doing} {name}: it holds no {CONFIG} or {WEIGHTS}, so no model of geofer."
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "nothing"
        refused = {401: "your token is not valid", 403: "your token may not do that"}.get(
            status, f"it answered {status}"
        )
        raise HubError(f"Could not {doing} {name}: the Hub refuses, {refused} ({_first_line(error)}).") from error
    except Exception as error:  # each version of the library meets the network through another package
        raise HubError(f"Could not {doing} {name}: {type(error).__name__}: {_first_line(error)}.") from error


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
