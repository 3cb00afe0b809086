"""How each documented command is run here: what is made smaller, what it finds, and what cannot run at all.

A new command of a page needs nothing here if it starts with `geofer`, ends by itself, and names nothing but configs,
data sets and files of `PLANTED`. Else it goes, as it stands in the page and without its comment, into one of

* `NOT_RUN`, with the reason; `geofer fit` and its like are parsed all the same;
* `SMALLER`, with what takes the place of a part of it.

A Python block whose names come from elsewhere gets them from `BEFORE`.
"""

import functools
import re
import shlex
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import data_set_trees
import protocol_trees
import yaml
from picture_trees import RenderedPicture, write_picture
from video_files import write_video

from geofer.configurations import with_files

Faces = Sequence[RenderedPicture]
Planter = Callable[[Path, Faces], object]

LIGHTNING_COMMANDS = ("fit", "validate", "test", "predict")

RAY = "needs a cluster; tests/ddp/test_ray.py makes one"

NOT_RUN = {
    "geofer fit --config fine-tune --data.root photos/": "tests/e2e/test_fine_tuning.py runs it, with few pictures",
    "geofer recognize photo.jpg --model runs/fine-tune": "the run of the line above",
    "geofer evaluate other.onnx --classes angry,disgust,fear,happy,sad,surprise,neutral --mean 0.5 --std 0.5 "
    "--config data/face-table --data.root photos --data.all_for_test true --output other-on-photos": (
        "needs somebody's network; tests/cli/test_evaluate.py makes one"
    ),
    "git clone <this repository> geofer && cd geofer": "the tests run inside of a clone",
    "aws s3 sync /data/faces/affectnet-96px-… s3://bucket/affectnet": "needs an account at a store in a cloud",
    "geofer study all --budget smoke": "minutes; `make study` of .ci/run does, and each other study is here",
    "geofer study in-the-wild --budget paper --config data/bu3dfe-to-sfew": (
        "the scans planted here show two expressions; tests/study/studies/test_in_the_wild.py runs the study"
    ),
    "torchrun --nproc_per_node 2 -m geofer fit --config quickstart --trainer.devices 2 "
    "--trainer.strategy ddp_find_unused_parameters_true --trainer.default_root_dir runs/two": (
        "tests/ddp/test_launchers.py runs torchrun on smaller networks"
    ),
    "srun --ntasks 1 --cpus-per-task 16 geofer prepare --config experiment/paper-224": "needs SLURM",
    "ray start --head --port 6379": RAY,
    "geofer prepare --config experiment/paper-224 --engine ray --address HEAD:6379": RAY,
    "geofer recognize photos --recursive --output faces.csv --engine ray --address HEAD:6379": RAY,
    "geofer study ablations --budget paper --engine ray --address HEAD:6379 --cpus 8 --gpus 1": RAY,
    "geofer recognize --camera 0 --every 1 --output me.jsonl": "needs a camera; a test gives it a file",
    "geofer export runs/quickstart --push ada/faces --license apache-2.0": (
        "needs an account; tests/app/models/test_hub.py pushes to a stand-in of the Hugging Face Hub"
    ),
    "geofer evaluate ada/faces@v1 --config data/kdef --data.root /data/KDEF --output faces-on-kdef": (
        "needs the Hugging Face Hub; tests/app/models/test_hub.py fetches branches from a stand-in"
    ),
    "wandb login": "needs an account",
    "wandb sync runs/quickstart/wandb/offline-run-*": "needs an account; that there is such a folder is tested",
    "wandb sweep configs/sweep.yaml": "needs an account; tests/test_configs.py checks the file",
    "wandb agent SWEEP": "needs an account",
}
"""Command → why it is not run."""

ENDLESS = {"demo": "serves until it is stopped"}
"""Command of geofer → why it is not run; its options are compared with those that its help tells."""

DRY = {
    "make": "`make -n` tells whether the target is there; .ci/run calls those for tests",
    "pip": "fetches from the network; that the extras exist is tested",
    "python": "takes minutes or hours; that the file takes these arguments is tested",
}
"""Program → why it is only looked at."""

SMALLER = [
    ("--folds 10", "--folds 2"),
    ("--folds 5", "--folds 2"),
    ("s3://bucket/affectnet", "data/faces/affectnet-96px-…"),
    ("image_size=224", "image_size=64"),  # of the Python blocks
    ("pairs=500", "pairs=6"),
]
"""What stands in a command or a Python block, and what takes its place."""

HERE = {"trainer.accelerator": "cpu", "trainer.devices": "1", "trainer.strategy": "auto"}
"""Options that are added to every command of the trainer."""

SMALL = {
    "trainer.max_epochs": "1",
    "trainer.limit_train_batches": "2",
    "trainer.check_val_every_n_epoch": "1",
    "model.classifier.pretrained": "false",
}
"""Options that are added to it, unless it has them."""

RENDERED = {
    **{"train_subjects": "2", "val_subjects": "1", "test_subjects": "1", "views": "2"},
    **{"batch_size": "4", "render_workers": "1"},
}
PICTURES = {"batch_size": "4", "preparation.workers": "1"}
TWO_EXPRESSIONS = "[anger, surprise]"  # which the planted scans show
SMALL_DATA = {
    "RenderedFaces": {f"data.{name}": value for name, value in RENDERED.items()},
    "PreparedFaces": {"data.batch_size": "4"},
    "BU3DFE": {
        **{f"data.{name}": value for name, value in PICTURES.items()},
        **{"data.expressions": TWO_EXPRESSIONS, "data.yaws": "[-30, 0, 30]", "data.pitches": "[0]"},
    },
    "RenderedFaces to SFEW": {
        **{f"data.source.{name}": value for name, value in RENDERED.items()},
        "data.target.preparation.workers": "1",
    },
    "BU3DFE to SFEW": {
        **{f"data.source.{name}": value for name, value in PICTURES.items()},
        **{"data.source.expressions": TWO_EXPRESSIONS, "data.target.expressions": TWO_EXPRESSIONS},
        **{"data.source.yaws": "[-30, 0, 30]", "data.source.pitches": "[0]"},
        "data.target.preparation.workers": "1",
    },
}
"""Data module → options that make it small; others are `PICTURES`."""


def astronaut(path: Path, faces: Faces) -> None:
    import skimage.data

    write_picture(path, skimage.data.astronaut())


def somebody(path: Path, faces: Faces) -> None:
    write_picture(path, next(face.pixels for face in faces if face.expression == "surprise"))


def pretrained(path: Path, faces: Faces) -> None:
    """A model of the Hugging Face Hub, in a folder of its name, which comes first."""
    import geofer

    geofer.load(detector="none").save_pretrained(path)


def film(path: Path, faces: Faces) -> None:
    import skimage.data

    write_video(path, [skimage.data.astronaut()[:260, 100:360]] * 12)


def three_pictures(path: Path, faces: Faces) -> None:
    astronaut(path / "astronaut.png", faces)
    for number, face in enumerate(faces[:2]):
        write_picture(path / f"{number}.jpg", face.pixels)


def by_expression(path: Path, faces: Faces) -> None:
    """A folder for each expression, and a table beside them."""
    rows = ["path,expression,subject"]
    for number, face in enumerate(faces):
        name = f"{face.expression}/{number}.jpg"
        write_picture(path / name, face.pixels)
        rows.append(f"{name},{face.expression},person {face.subject}")
    path.joinpath("faces.csv").write_text("\n".join(rows))


def by_person(path: Path, faces: Faces) -> None:
    for number, face in enumerate(faces[::20]):
        write_picture(path / f"person {face.subject}" / f"{number}.jpg", face.pixels)


def crops(path: Path, faces: Faces) -> None:
    """Faces that are cropped already."""
    for number, face in enumerate(faces[:12]):
        (left, top), (right, bottom) = face.landmarks.min(0).clip(0).astype(int), face.landmarks.max(0).astype(int)
        write_picture(path / face.expression / f"{number}.png", face.pixels[top:bottom, left:right])


def table_of_pictures(path: Path, faces: Faces) -> None:
    by_expression(path.parent / "tabled", faces)
    rows = path.parent.joinpath("tabled", "faces.csv").read_text().splitlines()
    path.write_text("\n".join([rows[0], *(f"tabled/{row}" for row in rows[1:])]))


def pose_list(path: Path, faces: Faces) -> None:
    path.write_text("3/test_0001_aligned.jpg\n5/test_0002_aligned.jpg\n")


def tree(plant: Callable[[Path, Faces], int]) -> Planter:
    def planted(path: Path, faces: Faces) -> None:
        path.mkdir(parents=True)
        plant(path, faces)

    return planted


PLANTED: dict[str, Planter] = {
    "astronaut.png": astronaut,
    "photo.jpg": astronaut,
    "me.jpg": astronaut,
    "friend.jpg": somebody,
    "film.mp4": film,
    "ada/faces": pretrained,
    "pictures": three_pictures,
    "more": three_pictures,
    "photos": by_expression,
    "photographs": by_expression,
    "data/pictures": by_expression,
    "data/pictures.csv": table_of_pictures,
    **{f"data/{name}.txt": pose_list for name in ("pose30", "pose45", "val_raf_db_list", "val_raf_db_list_45")},
    "data/KDEF": tree(data_set_trees.kdef),
    "data/RaFD": tree(data_set_trees.rafd),
    "data/CK+": tree(data_set_trees.ck_plus),
    "data/JAFFE": tree(data_set_trees.jaffe),
    "data/RAF-DB": tree(data_set_trees.raf_db),
    "data/AffectNet": tree(data_set_trees.affect_net_lists),
    "data/FER2013": tree(data_set_trees.fer2013),
    "data/BU-3DFE": tree(data_set_trees.bu3dfe),
    "data/Multi-PIE": tree(protocol_trees.multi_pie),
    "data/SFEW_1": tree(protocol_trees.sfew_1),
    "data/SFEW_2": tree(protocol_trees.sfew_2),
}
"""What commands and Python blocks name and find; `/data` is the folder `data` here. `runs/quickstart` and
`runs/quickstart-classifier` are there, too: trained and tested."""

PLANTED_FOR_PAGE: dict[str, dict[str, Planter]] = {
    "docs/synthesize.md": {"photos": by_person},
    "docs/export.md": {"faces": crops},
}

RENDERED_PEOPLE = """
from geofer.datamodules import RenderedFaces
data = RenderedFaces(
    train_subjects=2, val_subjects=1, test_subjects=1, views=2, batch_size=4, seed=13, image_size=64
)
data.prepare_data()
data.setup("test")
"""

BEFORE = {
    "from geofer.landmarks import build_detector": """
from geofer.pictures import read_picture
picture = read_picture("astronaut.png")
""",
    "from geofer.metrics import DlibEmbedding": RENDERED_PEOPLE
    + """
from pathlib import Path
from geofer.app.synthesis.generation import load_generator
from geofer.modules import ExpressionClassifier
generator = load_generator(Path("runs/quickstart/checkpoints/best.ckpt"))
classifier = ExpressionClassifier.load_from_checkpoint(
    "runs/quickstart-classifier/checkpoints/best.ckpt", weights_only=True
).eval()
""",
    "from geofer.callbacks.predictions import read_predictions": RENDERED_PEOPLE
    + """
from pathlib import Path
from geofer.modules import ExpressionClassifier
run_folder = Path("runs/quickstart")
model = ExpressionClassifier.load_from_checkpoint(
    "runs/quickstart-classifier/checkpoints/best.ckpt", weights_only=True
).eval()
""",
    "import json": """
import numpy
faces = numpy.zeros((2, 3, 64, 64), numpy.float32)
""",
}
"""First line of a Python block → what its reader is taken to have written before."""


def smaller(text: str) -> str:
    """A command or Python block with everything in it that is replaced."""
    for old, new in SMALLER:
        text = text.replace(old, new)
    return re.sub(r"(?<![\w.])/data(?=[/\s\"',}]|$)", "data", text)


def shortened(words: Sequence[str]) -> list[str]:
    """The arguments of `geofer` with options behind them that let the command end in seconds."""
    command, *arguments = words
    if command == "study" and arguments and not arguments[0].startswith("-"):
        return _short_study(words)
    trains = command in (*LIGHTNING_COMMANDS, "cross-validate", "evaluate")
    trains = trains or (command in ("prepare", "compare") and "--config" in arguments)
    if not trains:
        return list(words)
    options = {**SMALL, **_small_data(data_module(arguments))}
    if command in ("evaluate", "compare"):  # their models come from checkpoints
        del options["model.classifier.pretrained"]
    if command == "cross-validate" and "--folds" not in arguments:
        arguments = ["--folds", "2", *arguments]
    given = {argument.partition("=")[0] for argument in arguments}
    few = [name for name in options if name.endswith("batch_size")]  # the planted sets are smaller than some batches
    options = {name: value for name, value in options.items() if f"--{name}" not in given or name in few} | HERE
    return [command, *arguments, *(f"--{name}={value}" for name, value in options.items())]


def _short_study(words: Sequence[str]) -> list[str]:
    """At the smallest budget, with one seed, and one row if the command names none."""
    from geofer.study.studies.catalog import STUDIES

    command, name, *arguments = words
    if "--rows" not in arguments:
        arguments += ["--rows", STUDIES[name].rows[0].name]
    text = re.sub(r"--(budget|seeds)( [^-]\S*)*", "", shlex.join(arguments))
    return [command, name, *shlex.split(text), "--budget", "smoke", "--seeds", "0"]


def _small_data(module: str) -> dict[str, str]:
    return SMALL_DATA.get(module, {f"data.{name}": value for name, value in PICTURES.items()})


def data_module(arguments: Sequence[str]) -> str:
    """The name of the data module that the arguments of a trainer's command come to."""
    if "--data" in arguments:
        return arguments[arguments.index("--data") + 1]
    data = data_settings(arguments)
    if data["class_path"].endswith("CrossDataSet"):
        return " to ".join(_class(data["init_args"][side]) for side in ("source", "target"))
    return _class(data)


def data_settings(arguments: Sequence[str]) -> dict:
    """What the last of the configurations that says something of the data says."""
    configs = [Path(value) for name, value in pairwise(with_files(arguments)) if name == "--config"]
    settings = [_data(config) for config in configs if _data(config)]
    return settings[-1]


@functools.cache
def _data(config: Path) -> dict:
    return yaml.safe_load(config.read_text()).get("data", {})


def _class(settings: dict) -> str:
    return settings["class_path"].rpartition(".")[2]
