"""My image, now: pictures in, faces with their expressions, head poses and how far to trust them out."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.model_source import BUNDLED, read_model
from geofer.app.models.pretrained import Pretrained
from geofer.app.recognition.face_warnings import face_warning, is_askew
from geofer.app.recognition.inputs import Picture, Pictures, read_any, several
from geofer.app.recognition.recognized_face import RecognizedFace
from geofer.app.recognition.tracks import tracked
from geofer.app.recognition.views import View, camera_views, video_views
from geofer.errors import CheckpointError, ConfigError, DataError, printable
from geofer.faces import normalize_image
from geofer.landmarks import Faces, LandmarkDetector, build_detector
from geofer.landmarks.alignment import alignment_for
from geofer.landmarks.quarter_turns import QuarterTurns
from geofer.networks.geometry_classifier import NUM_BLENDSHAPES
from geofer.paths import AnyPath, as_path
from geofer.pictures import MAX_PIXELS
from geofer.ranges import check_choice, plain_number
from geofer.videos import VideoFrame

if TYPE_CHECKING:
    import pandas

OnError = Literal["raise", "return"]


class Recognizer(Pretrained):
    """Finds the faces of pictures and recognizes their expressions.

    It can be pickled, and used in a forked process, if its detector was named: the detector is built anew there.

    Attributes:
        description: What the model is, and what it was trained on.
        network: The network, on its device.
    """

    def __init__(
        self,
        network: nn.Module,
        description: ModelDescription,
        detector: str | LandmarkDetector = "retinaface",
        device: str = "cpu",
        batch_size: int = 32,
        bf16: bool = False,
    ) -> None:
        """Join a network and a landmark detector.

        Args:
            network: As `geofer.app.models.model_file.load_model` returns it.
            description: What it is.
            detector: A landmark detector, or the name of one.
            device: Where the network runs, such as ``cuda``.
            batch_size: Most faces that the network sees at once.
            bf16: Whether the network computes in bfloat16 where that is safe.

        Raises:
            ConfigError: There is no such device, or the batch size is less than 1.
        """
        batch_size = plain_number(batch_size)
        if batch_size < 1:
            raise ConfigError(f"The batch size is {batch_size}; give 1 or more.")
        self.description = description
        self._detects = detector
        self._built: tuple[int, LandmarkDetector] | None = None
        self._find()
        try:
            self._device = torch.device(device)
            self.network = network.eval().to(self._device)
        except (RuntimeError, AssertionError) as error:  # torch says it in both ways
            raise ConfigError(f"The device {device!r} cannot be used: {error}") from error
        self._batch_size, self._bf16 = batch_size, bf16

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a text can be iterated over
        self, pictures: Picture, on_error: OnError = "raise"
    ) -> list[RecognizedFace]: ...

    @overload
    def __call__(self, pictures: Pictures, on_error: Literal["raise"] = "raise") -> list[list[RecognizedFace]]: ...

    @overload
    def __call__(self, pictures: Pictures, on_error: Literal["return"]) -> list[list[RecognizedFace] | DataError]: ...

    def __call__(self, pictures: Any, on_error: OnError = "raise") -> Any:
        """The faces of one picture, or of each of several.

        Args:
            pictures: One picture in any form that `geofer.app.recognition.inputs.read_any` takes, or several, as
                `geofer.app.recognition.inputs.several` tells them: a list, a generator, a Series, a batch.
            on_error: What a picture of several that cannot be read does: ``raise`` ends the call; ``return`` puts its
                `DataError` in the place of its faces.

        Returns:
            The faces of one picture, the largest first; of several, a list with one entry a picture.

        Raises:
            DataError: A picture cannot be read, or is none; of several it says which, counted from 0.

        Examples:
            >>> import geofer
            >>> recognizer = geofer.load()
            >>> (face,) = recognizer(geofer.render("surprise", size=256))
            >>> face.expression
            'surprise'
        """
        check_choice("on_error", on_error, get_args(OnError))
        many = several(pictures)
        if many is None:
            return self.recognize(pictures)
        found = self.each(_view(picture, number) for number, picture in enumerate(many))
        results: list[list[RecognizedFace] | DataError] = []
        for view, faces in found:
            if view.error is not None and on_error == "raise":
                raise DataError(view.error)
            results.append(faces if view.error is None else DataError(view.error))
        return results

    def table(self, pictures: Picture | Pictures) -> "pandas.DataFrame":
        """The faces of one or more pictures as a table of pandas, one row a face.

        A picture without a face, or one that cannot be read, has one row with the reason in ``error``.

        Args:
            pictures: As for a call.

        Returns:
            The columns of ``geofer recognize --output``; ``file`` is the path of a picture, or its number.

        Raises:
            ConfigError: pandas is not installed.
        """
        from geofer.app.recognition.result_table import columns, rows

        try:
            import pandas
        except ImportError as error:
            raise ConfigError("A table needs pandas, which is not installed: pip install pandas.") from error
        many = several(pictures)
        listed = [pictures] if many is None else many
        found = self.each(_view(picture, number) for number, picture in enumerate(listed))
        names = columns(self.description.expressions)
        return pandas.DataFrame(
            [row for view, faces in found for row in rows(view, faces, self.fingerprint)], columns=names
        )

    def recognize(self, picture: Picture) -> list[RecognizedFace]:
        """The faces of one picture, the largest first; none if there are none.

        Raises:
            DataError: It cannot be read, or is no picture.
        """
        pixels, name = read_any(picture)
        ((_, faces),) = self.each([View(name, pixels)])
        return faces

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits, the same for the same weights, description and detector."""
        detects = self._detects if isinstance(self._detects, str) else type(self._detects).__qualname__
        digest = hashlib.sha256(f"{detects} {self.description.to_json()}".encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(
                name.encode() + value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            )
        return digest.hexdigest()[:12]

    def _find(self) -> LandmarkDetector:
        """The detector of this process; MediaPipe would wait forever for threads that a fork leaves behind.

        Raises:
            ConfigError: The detector was not named, and this process was forked: nobody knows how to build it anew.
        """
        if self._built is None or self._built[0] != os.getpid():
            if isinstance(self._detects, str):
                detector: LandmarkDetector = build_detector(self._detects)
            elif self._built is None:
                detector = self._detects
            else:
                raise ConfigError(
                    "This process was forked, and the detector was given as an object of the process before: name it "
                    "instead, such as detector='retinaface', or make the recognizer here."
                )
            if self._built is not None:
                torch.set_num_threads(1)  # OpenMP's threads do not survive a fork either
            self._built = (os.getpid(), detector)
        return self._built[1]

    def __getstate__(self) -> dict[str, Any]:
        """All but the built detector, if it was named."""
        state = self.__dict__.copy()
        if isinstance(self._detects, str):
            state["_built"] = None
        return state

    def video(
        self, path: AnyPath, every: float = 0.0, smooth: float = 0.0
    ) -> Iterator[tuple[VideoFrame, list[RecognizedFace]]]:
        """The faces of each frame of a video.

        Args:
            path: The file.
            every: Seconds from one frame to the next; 0 takes all.
            smooth: Seconds over which the probabilities of a face are smoothed, see
                `geofer.app.recognition.tracks.tracked`.

        Raises:
            DataError: The file cannot be read; or, after its last frame, something of it is missing.
            ConfigError: PyAV is not installed, or ``smooth`` is below 0.
        """
        for view, faces in tracked(self.each(video_views(as_path(path), every)), smooth):
            if view.frame is None:
                raise DataError(view.error)
            yield view.frame, faces

    def camera(
        self, device: int | str = 0, every: float = 0.0, smooth: float = 0.0
    ) -> Iterator[tuple[VideoFrame, list[RecognizedFace]]]:
        """The faces that a camera sees, frame by frame, until the caller has enough.

        Args:
            device: Number of the camera, or the path of one.
            every: Least seconds from one frame to the next.
            smooth: As in `video`.

        Raises:
            DataError: There is no such camera, or it stops.
        """
        for view, faces in tracked(self.each(camera_views(device, every), at_once=True), smooth):
            if view.frame is not None:
                yield view.frame, faces

    def each(self, views: Iterable[View], at_once: bool = False) -> Iterator[tuple[View, list[RecognizedFace]]]:
        """The faces of many pictures and frames, in their order; what has no pixels has none.

        A network of pixels sees faces of several pictures at once, which is quicker.

        Args:
            views: Looked at one by one, as they are needed.
            at_once: Give the faces of each view before the next one is taken.
        """
        waiting: list[tuple[View, Faces, tuple[Tensor, ...]]] = []
        at_once = at_once or self.description.kind == "geometry"  # which would gain nothing
        for view in views:
            waiting.append((view, *self._look(view)))
            if at_once or self._are_a_batch(waiting):
                yield from self._recognized(waiting)
                waiting = []
        yield from self._recognized(waiting)

    def _are_a_batch(self, waiting: Sequence[tuple[View, Faces, tuple[Tensor, ...]]]) -> bool:
        """Whether these views have faces enough, or are too many to hold."""
        pixels = sum(view.pixels.size // 3 for view, _, _ in waiting if view.pixels is not None)
        faces = sum(len(faces) for _, faces, _ in waiting)
        return max(faces, len(waiting)) >= self._batch_size or pixels >= MAX_PIXELS

    def _look(self, view: View) -> tuple[Faces, tuple[Tensor, ...]]:
        """The faces of a view, and what the network looks at, one row a face."""
        if view.pixels is None:
            return Faces.none(), ()
        (faces,) = self._find().detect([view.pixels], [view.name])
        return faces, self._inputs(view.pixels, faces) if len(faces) else ()

    def _recognized(
        self, looks: Sequence[tuple[View, Faces, tuple[Tensor, ...]]]
    ) -> Iterator[tuple[View, list[RecognizedFace]]]:
        """Each view with its faces, once the network has seen all of them."""
        inputs = [torch.cat(parts) for parts in zip(*(inputs for _, _, inputs in looks if inputs), strict=True)]
        shares = iter(self._probabilities(inputs) if inputs else [])
        for view, faces, _ in looks:
            yield view, [self._face(faces, number, next(shares)) for number in range(len(faces))]

    def _probabilities(self, inputs: Sequence[Tensor]) -> list[list[float]]:
        batches = zip(*(torch.split(part, self._batch_size) for part in inputs), strict=True)
        try:
            with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                logits = torch.cat([self.network(*(part.to(self._device) for part in batch)) for batch in batches])
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as error:  # such as a ViT of 224 pixels whose file says 96
            size = self.description.image_size
            told = printable(str(error)[:300]).removesuffix(".")
            raise CheckpointError(
                f"The model cannot look at {size} × {size} pixels, as its file says: {told}."
            ) from error
        shares = logits.float().softmax(dim=1).cpu()
        if not shares.isfinite().all():
            raise CheckpointError("The model answers with what is no number: its weights are damaged or made so.")
        answers: list[list[float]] = shares.tolist()
        return answers

    def _inputs(self, pixels: NDArray[np.uint8], faces: Faces) -> tuple[Tensor, ...]:
        """What the network looks at."""
        return tuple(self._input(name, pixels, faces) for name in self.description.inputs)

    def _input(self, name: str, pixels: NDArray[np.uint8], faces: Faces) -> Tensor:
        """One of the network's inputs, see `ModelDescription.inputs`."""
        if name == "image":
            return torch.stack([self._crop(pixels, faces, number) for number in range(len(faces))])
        if name == "landmarks":
            turns = (QuarterTurns.upright(float(roll), pixels.shape) for roll in faces.poses[:, 2])
            return torch.from_numpy(
                np.stack([turn.points(at) for turn, at in zip(turns, faces.landmarks, strict=True)])
            )
        if faces.blendshapes is None and self.description.kind == "picture":
            return torch.full((len(faces), NUM_BLENDSHAPES), torch.nan)  # its pixels alone decide then
        if faces.blendshapes is None:
            raise ConfigError(
                "This recognizer looks at blendshapes, which this detector does not tell; take retinaface."
            )
        return torch.from_numpy(faces.blendshapes)

    def _crop(self, pixels: NDArray[np.uint8], faces: Faces, number: int) -> Tensor:
        """``(3, S, S)`` in [-1, 1], cropped as for training; a face that lies or hangs is turned upright."""
        turn = QuarterTurns.upright(float(faces.poses[number, 2]), pixels.shape)
        box, landmarks = turn.box(faces.boxes[number]), turn.points(faces.landmarks[number])
        size, upright = self.description.image_size, turn.picture(pixels)
        crop = alignment_for(self.description.crop, box, landmarks, upright.shape, size).apply(upright)
        return normalize_image(torch.from_numpy(crop).permute(2, 0, 1))

    def _face(self, faces: Faces, number: int, shares: list[float]) -> RecognizedFace:
        yaw, pitch, roll = map(float, faces.poses[number])
        known = self.description.reliability
        estimated = faces.estimated is not None and bool(faces.estimated[number])
        tested = known is not None and not estimated and not is_askew(roll)
        return RecognizedFace(
            box=faces.boxes[number],
            landmarks=faces.landmarks[number],
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            probabilities=dict(zip(self.description.expressions, shares, strict=True)),
            reliability=known.at(yaw, pitch) if known and tested else None,
            warning=face_warning(faces.landmarks[number], yaw, pitch, known, roll, estimated),
        )


def _view(picture: object, number: int) -> View:
    """One picture of several, or what is wrong with it."""
    name = printable(picture) if isinstance(picture, str | PathLike) else f"picture {number}"
    try:
        return View(name, read_any(picture)[0])  # type: ignore[arg-type]
    except DataError as error:
        told = str(error)
        return View(name, error=told if told.startswith(name) else f"Picture {number}: {told}")


def load(path: AnyPath | None = None, **options: Any) -> Recognizer:  # noqa: ANN401
    """A recognizer, ready to call.

    Args:
        path: The name of a bundled model (``geofer models`` lists them), a model file, a checkpoint, a folder, or a
            model of the Hugging Face Hub, see `geofer.app.models.model_source.read_model`; None takes ``photo``, a
            bundled one.
        options: ``detector``, ``device``, ``batch_size`` and ``bf16`` of `Recognizer`.

    Raises:
        CheckpointError: The file is missing, damaged, or something else.
        HubError: The Hub has no such model, or cannot be reached.

    Examples:
        >>> import geofer
        >>> geofer.load().description.expressions
        ('anger', 'disgust', 'fear', 'happiness', 'neutral', 'sadness', 'surprise')
    """
    return Recognizer(*read_model(BUNDLED if path is None else path), **options)
