"""What Weights & Biases and TensorBoard hold after a run, read back from their own files."""

import json
import struct

import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from random_faces import EXPRESSIONS, RandomFaces, full_model, make_trainer

from geofer.callbacks.reports import Reports
from geofer.callbacks.synthesis import SyntheticFaces
from geofer.metrics.tables import accuracy_rows

LOSSES = {f"train/{name}" for name in ("d_att", "d_i", "adv", "prior", "cls", "rec", "geo", "tv", "c_real", "c_fake")}
PICTURES = {"train/faces"} | {
    f"{split}/{name}"
    for split in ("val", "test")
    for name in ("faces", "interpolation", "pose_expression_picture", "confusion_picture")
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One fit and one test with all three loggers; W&B offline."""
    import wandb

    folder = tmp_path_factory.mktemp("logged")
    loggers = [
        CSVLogger(folder, name="logs"),
        TensorBoardLogger(folder, name="tensorboard"),
        WandbLogger(save_dir=folder, offline=True, project="geofer", settings=wandb.Settings(silent=True)),
    ]
    model = full_model()
    trainer = make_trainer(folder, [Reports(), SyntheticFaces(every_n_epochs=1)], epochs=1, logger=loggers)
    trainer.fit(model, datamodule=RandomFaces())
    trainer.test(model, datamodule=RandomFaces(), verbose=False)
    wandb.finish()  # or the next run of this process would go on with this one
    wandb.teardown()  # returns when everything is on disk; finish() does not wait for it
    return folder, model


def wandb_records(path):
    """The records of an offline run: a LevelDB log of 32 KiB blocks after a header of 7 bytes.

    Each piece says its length and whether it is whole (1), the first (2), a middle (3) or the last one (4) of a record.
    """
    data, at, record = path.read_bytes(), 7, b""
    while at < len(data):
        left = 32_768 - at % 32_768
        if left < 7:
            at += left
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield record
            record = b""


def wandb_history(folder):
    """The last value of everything that was logged; of pictures and tables, what W&B keeps about their files."""
    from wandb.proto import wandb_internal_pb2

    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    history = {}
    for data in wandb_records(path):
        record = wandb_internal_pb2.Record.FromString(data)
        for item in record.history.item:
            name, *part = item.nested_key or [item.key]
            value = json.loads(item.value_json)
            history[name] = {**history.get(name, {}), part[0]: value} if part else value
    return history


def test_wandb_holds_losses_pictures_and_tables(run):
    folder, model = run
    history = wandb_history(folder)
    assert history.keys() >= LOSSES | PICTURES
    assert history["test/accuracy"] == pytest.approx(model.reports["test"].accuracy)
    (files,) = folder.glob("wandb/offline-run-*/files")
    for key in PICTURES:
        entry = history[key]
        (name,) = entry["filenames"]
        assert (files / name).read_bytes().startswith(b"\x89PNG")
        assert min(entry["width"], entry["height"]) > 300

    report = model.reports["test"]
    table = json.loads((files / history["test/pose_expression"]["path"]).read_text())
    assert table["columns"] == ["yaw, pitch", *EXPRESSIONS, "average"]
    assert table["data"] == [[name, *(pytest.approx(100 * v) for v in cells)] for name, cells in accuracy_rows(report)]
    table = json.loads((files / history["test/confusion"]["path"]).read_text())
    assert [row[1:] for row in table["data"]] == report.confusion.tolist()
    assert [row[0] for row in table["data"]] == list(EXPRESSIONS)


def test_tensorboard_holds_losses_pictures_and_tables(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, model = run
    (path,) = folder.glob("tensorboard/*")
    events = EventAccumulator(str(path), size_guidance={"images": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) >= LOSSES
    assert set(tags["images"]) == PICTURES
    assert min(events.Images("test/faces")[0].width, events.Images("test/faces")[0].height) > 300
    text = events.Tensors("test/confusion/text_summary")[0].tensor_proto.string_val[0].decode()
    first = model.reports["test"].confusion[0].tolist()
    assert f"| happiness | {' | '.join(map(str, first))} |" in text


def test_csv_holds_losses_and_scores(run):
    (path,) = run[0].glob("logs/*/metrics.csv")
    head = path.read_text().splitlines()[0].split(",")
    assert set(head) >= LOSSES | {"val/accuracy", "test/accuracy", "test/accuracy_low", "test/accuracy_high"}
