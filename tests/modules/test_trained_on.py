"""What a checkpoint says of the data that its model was trained on, and what it refuses for it."""

import pytest
import torch
from adversarial_game import trainer_in
from cartoon_faces import CartoonFaces
from narrow_method import CLASSIFIER

import geofer
from geofer.checkpoints import PROVENANCE, provenance_of, read_checkpoint
from geofer.errors import AssumptionWarning, CheckpointError
from geofer.modules import ExpressionClassifier


class CroppedCartoons(CartoonFaces):
    def __init__(self, crop="tight", people=2):
        super().__init__(people=people, takes=1)
        self._crop = crop

    @property
    def crop(self):
        return self._crop


def classifier(data):
    return ExpressionClassifier(data.expressions, data.image_size, classifier=CLASSIFIER)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    data = CroppedCartoons()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PL_GLOBAL_SEED", "17")
        trainer_in(folder, max_epochs=1).fit(classifier(data), datamodule=data)
    return folder / "checkpoints" / "last.ckpt"


def test_a_checkpoint_knows_its_training_data(trained):
    known = provenance_of(read_checkpoint(trained))
    data = CroppedCartoons()
    data.setup()
    assert known == {**data.provenance(), "geofer": geofer.__version__, "seed": 17}
    assert known["crop"] == "tight"
    assert ExpressionClassifier.load_from_checkpoint(trained).provenance == known


def test_a_test_on_other_data_changes_nothing(trained, tmp_path):
    module, other = ExpressionClassifier.load_from_checkpoint(trained), CroppedCartoons(people=3)
    trainer = trainer_in(tmp_path)
    trainer.test(module, datamodule=other, verbose=False)
    trainer.save_checkpoint(tmp_path / "again.ckpt")
    assert read_checkpoint(tmp_path / "again.ckpt")[PROVENANCE]["arguments"]["people"] == 2


@pytest.mark.parametrize("command", ["fit", "test"])
def test_faces_cropped_otherwise_are_refused(trained, tmp_path, command):
    data = CroppedCartoons("paper")
    with pytest.raises(CheckpointError, match=r"rule 'tight', but these are cropped by 'paper'"):
        getattr(trainer_in(tmp_path), command)(classifier(data), datamodule=data, ckpt_path=trained)


def test_faces_taken_whole_may_have_been_cropped_before(trained, tmp_path):
    data = CroppedCartoons("none")
    with pytest.warns(AssumptionWarning, match="'tight', and these were cropped by 'none'"):
        trainer_in(tmp_path).test(classifier(data), datamodule=data, ckpt_path=trained, verbose=False)


def test_a_checkpoint_that_says_nothing_still_loads(trained, tmp_path):
    held = torch.load(trained, weights_only=True)
    del held[PROVENANCE]
    torch.save(held, tmp_path / "old.ckpt")
    assert ExpressionClassifier.load_from_checkpoint(tmp_path / "old.ckpt").provenance == {}
    torch.save({**held, PROVENANCE: "KDEF"}, tmp_path / "odd.ckpt")
    with pytest.raises(CheckpointError, match="is 'KDEF', not a table of names and values; it is damaged"):
        ExpressionClassifier.load_from_checkpoint(tmp_path / "odd.ckpt")
