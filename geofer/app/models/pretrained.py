"""The methods that models of the Hugging Face Hub commonly have, for recognizers."""

from typing import Any, Self

from torch import nn

from geofer.app.models.hub import HubName, hub_name, pull, push
from geofer.app.models.model_file import ModelDescription
from geofer.app.models.pretrained_folder import load_pretrained, save_pretrained
from geofer.errors import CheckpointError, printable
from geofer.paths import AnyPath, as_path


class Pretrained:
    """``from_pretrained``, ``save_pretrained`` and ``push_to_hub``, named as in ``PyTorchModelHubMixin``.

    Attributes:
        description: What the model is.
        network: The network.
    """

    description: ModelDescription
    network: nn.Module

    @classmethod
    def from_pretrained(
        cls,
        name: AnyPath,
        *,
        revision: str | None = None,
        token: str | None = None,
        cache_dir: AnyPath | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Self:
        """A recognizer from a folder that `save_pretrained` made or, if there is none, from the Hub.

        Args:
            name: The folder, or ``user/name``.
            revision: A branch, a tag or a commit of the Hub; None is the newest of ``main``.
            token: Of the Hub; None takes the one that the user is logged in with, if any.
            cache_dir: Where to keep what is fetched; None takes the cache of ``huggingface_hub``.
            options: Those of `geofer.app.recognition.recognizer.Recognizer`.

        Raises:
            CheckpointError: The model is damaged, tampered with, or something else.
            ConfigError: The extra ``hub`` is not installed.
            HubError: The Hub has no such model, or cannot be reached.
        """
        folder = as_path(name)
        if not folder.is_dir():
            folder = pull(_repo(str(name), revision), token, None if cache_dir is None else as_path(cache_dir))
        build: Any = cls  # what a subclass is made of is its own affair
        recognizer: Self = build(*load_pretrained(folder), **options)
        return recognizer

    def save_pretrained(self, save_directory: AnyPath, *, license_id: str | None = None) -> None:
        """Writes ``model.safetensors``, ``config.json`` and a model card, ``README.md``, into a folder.

        Args:
            save_directory: The folder; it is made when missing.
            license_id: The license's identifier on the Hub, such as ``apache-2.0``, for the card.
        """
        folder = as_path(save_directory)
        save_pretrained(folder, self.network, self.description, folder.name, license_id)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool = True,
        branch: str | None = None,
        token: str | None = None,
        license_id: str | None = None,
        commit_message: str = "Push a recognizer of geofer.",
    ) -> str:
        """Uploads the recognizer and its card to the Hub.

        Args:
            repo_id: ``user/name``; it is made when missing.
            private: Whether a repository that is made now is for its owner alone; an older one stays as it is.
            branch: Where to; None is ``main``.
            token: Of the Hub, with the right to write; None takes the one that the user is logged in with.
            license_id: The license's identifier on the Hub, such as ``apache-2.0``, for the card.
            commit_message: Of the commit.

        Returns:
            The address of the commit.

        Raises:
            ConfigError: The extra ``hub`` is not installed, or there is no token.
            HubError: The Hub cannot be reached, or refuses.
        """
        name = _repo(repo_id, branch)
        return push(
            name,
            self.network,
            self.description,
            private=private,
            license_id=license_id,
            token=token,
            message=commit_message,
        )


def _repo(name: str, revision: str | None) -> HubName:
    found = hub_name(name if revision is None else f"{name}@{revision}")
    if found is None:
        raise CheckpointError(f"{printable(name)} is no folder, and no model of the Hub, which is called user/name.")
    return found
