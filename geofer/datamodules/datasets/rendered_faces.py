"""Faces that geofer renders itself: exact labels, poses and landmarks, and no license to ask for."""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.datamodules.base import FaceDataModule, FaceStore, Origins
from geofer.datamodules.face_dataset import FaceLabels, ShardedPictures
from geofer.datamodules.preparation.rendering import RenderCache
from geofer.datamodules.splits import Identities, check_folds, fold_splits
from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS, normalize_landmarks
from geofer.landmarks.score_response_assumed import estimate_scores, in_mediapipes_order
from geofer.paths import AnyPath, as_path, cache_folder
from geofer.ranges import check_choice, plain_number
from geofer.ray_cluster import Engine, cluster_of
from geofer.rendering import HEAD_BLENDSHAPES
from geofer.rendering.camera import Crop
from geofer.rendering.prototypes import Lips
from geofer.rendering.spec import PoseGrid, RenderSpec

Blendshapes = Literal["truth", "mediapipe"]


class RenderedFaces(FaceDataModule):
    """A license-free twin of BU-3DFE: pictures of parametric heads, split by person.

    The first ``test_subjects`` people are for testing, the next ``val_subjects`` for validation, the others for
    training; so the people tested stay the same when there are more or fewer to train on.

    Args:
        train_subjects: Number of people to train on.
        val_subjects: Number of people that choose the checkpoint.
        test_subjects: Number of people to test on.
        folds: So many folds of a cross validation over all of these people replace the three groups; see
            ``geofer cross-validate``. As many people as before choose the checkpoint, by their share.
        fold: Which of them is tested, from 0.
        expressions: Which of `geofer.faces.EXPRESSIONS`.
        levels: Intensities from 1 (slight) to 4 (strong).
        performances: How often a person shows each expression at each level.
        poses: ``bu3dfe`` (35 poses), ``multipie`` (5), or ``continuous``.
        views: Poses each performance is seen from, drawn from the grid; None takes all.
        yaw_limit: Largest yaw in degrees, for ``continuous``.
        pitch_limit: Largest pitch in degrees, for ``continuous``.
        roll_jitter: Standard deviation of the roll in degrees.
        image_size: Side of the square picture in pixels, 48 to 512.
        crop: ``tight`` shows brows to chin, ``fer2013`` the forehead, too, ``loose`` the whole head.
        scene: ``session`` fixes light and background for a person, ``picture`` draws them anew for every picture.
        camera: Adds sensor noise, blur and JPEG compression.
        variation: Scales what makes expressions hard to tell apart; 1 is the calibrated default.
        lips: How lips press: ``pressed``, as anger does, or ``drawn`` apart as in a smile.
        blendshapes: ``truth`` hands out the blendshapes that move the head; ``mediapipe`` estimates what MediaPipe
            would score in a photograph of such a face, for a classifier that looks at photographs' scores later; see
            `geofer.landmarks.score_response_assumed`.
        seed: Everything follows from it: the people, their faces, the order of the batches.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        root: Folder of the rendered pictures; None takes `geofer.paths.cache_folder`.
        render_workers: Processes that render; None takes one a core.
        engine: ``processes`` of this machine render, or ``ray``: those of a cluster.
        address: Of a Ray cluster that runs, see `geofer.ray_cluster.RayCluster`.

    Raises:
        ConfigError: A setting is out of its range.
    """

    def __init__(
        self,
        *,
        train_subjects: int = 80,
        val_subjects: int = 10,
        test_subjects: int = 20,
        folds: int | None = None,
        fold: int = 0,
        expressions: tuple[str, ...] = EXPRESSIONS,
        levels: tuple[int, ...] = (4,),
        performances: int = 1,
        poses: PoseGrid = "bu3dfe",
        views: int | None = None,
        yaw_limit: float = 45.0,
        pitch_limit: float = 30.0,
        roll_jitter: float = 3.0,
        image_size: int = 64,
        crop: Crop = "tight",
        scene: Literal["session", "picture"] = "session",
        camera: bool = False,
        variation: float = 1.0,
        lips: Lips = "pressed",
        blendshapes: Blendshapes = "truth",
        seed: int = 0,
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        root: AnyPath | None = None,
        render_workers: int | None = None,
        engine: Engine = "processes",
        address: str | None = None,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed)
        check_choice("blendshapes", blendshapes, get_args(Blendshapes))
        check_choice("engine", engine, get_args(Engine))
        self.cluster = cluster_of(engine, address)
        counts = {"train_subjects": train_subjects, "val_subjects": val_subjects, "test_subjects": test_subjects}
        for name, count in counts.items():
            if count < 0:
                raise ConfigError(f"{name} is {count}; it is a number of people.")
        self.spec = RenderSpec(
            subjects=sum(counts.values()),
            expressions=tuple(expressions),
            levels=tuple(levels),
            performances=performances,
            poses=poses,
            views=views,
            yaw_limit=yaw_limit,
            pitch_limit=pitch_limit,
            roll_jitter=roll_jitter,
            image_size=image_size,
            crop=crop,
            scene=scene,
            camera=camera,
            variation=variation,
            lips=lips,
            seed=seed,
        )
        self._split_of = np.repeat(np.array(["test", "val", "train"]), [test_subjects, val_subjects, train_subjects])
        check_folds(folds, fold)
        if folds is not None:
            people = np.arange(len(self._split_of)).astype(object)
            val_fraction = val_subjects / (len(people) - len(people) // folds)
            self._split_of = fold_splits(people, folds, fold, val_fraction, seed)
        self._render_workers = plain_number(render_workers)
        self._hands_out = blendshapes
        self.cache = RenderCache(cache_folder() if root is None else as_path(root, "root"), self.spec)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return self.spec.expressions

    @property
    def image_size(self) -> int:
        """Side of the square pictures in pixels."""
        return self.spec.image_size

    def resize(self, image_size: int) -> None:
        """Take pictures of another size, before they are rendered.

        Raises:
            ConfigError: The size is not within 64 and 512 pixels.
        """
        self.spec = replace(self.spec, image_size=image_size)
        self.cache = RenderCache(self.cache.folder.parent, self.spec)

    @property
    def crop(self) -> str:
        """The rule that the faces are cropped by."""
        return self.spec.crop

    def prepare_data(self) -> None:
        """Renders what is missing, in parallel; resumes where a killed run stopped."""
        self.cache.prepare(self._render_workers, self.cluster)

    def phenotype(self, subject: int) -> dict[str, float]:
        """Who a person is, by the names of `geofer.rendering.identity.Identity.phenotypes`: gender, age, ancestry.

        Raises:
            DataError: The person is not rendered.
        """
        truth, _ = self.cache.load(subject)
        prefix = "phenotype/"
        return {name.removeprefix(prefix): float(truth[name]) for name in truth if name.startswith(prefix)}

    def _blendshapes(self, subject: int, truth: NDArray[np.float32]) -> NDArray[np.float32]:
        """The blendshapes of a person's faces, ``(n, 52)``, as they are handed out."""
        if self._hands_out == "truth":
            return truth
        return estimate_scores(truth, np.random.default_rng((self.spec.seed, subject)))

    def open_store(self) -> FaceStore:
        """Opens the rendered people as memory maps."""
        tables, pictures = [], []
        for subject in range(self.spec.subjects):
            truth, images = self.cache.load(subject)
            pictures.append(images)
            tables.append(
                FaceLabels(
                    expression=truth["expression"],
                    subject=np.full(len(images), subject),
                    yaw=truth["yaw"],
                    pitch=truth["pitch"],
                    landmarks=normalize_landmarks(torch.from_numpy(truth["landmarks"]), self.image_size).numpy(),
                    blendshapes=self._blendshapes(subject, in_mediapipes_order(truth["blendshapes"], HEAD_BLENDSHAPES)),
                )
            )
        table = FaceLabels.concatenate(tables)
        split = self._split_of[table.subject]
        return FaceStore(table, ShardedPictures(pictures), split, origins=self._origins(table.subject))

    def _origins(self, subject: NDArray[np.int64]) -> Origins:
        """Who is shown: a person follows from the seed and a number alone."""
        names = np.array([f"seed-{self.spec.seed}/person-{number}" for number in range(self.spec.subjects)], object)
        nothing = np.full(len(subject), "", object)
        faces = Identities(names[subject], nothing, nothing)
        return Origins(type(self).__name__, faces, None, lambda rows: names[subject[rows]].tolist())
