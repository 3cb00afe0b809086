"""What a study asks of a data module's settings, against the data modules themselves."""

from geofer.datamodules import MultiPIE, RenderedFaces
from geofer.study.data import BATCH_SIZE, batched, folds_of


def test_batches_are_multiples_of_what_a_data_module_has_unless_it_is_told():
    assert RenderedFaces().batch_size == BATCH_SIZE
    settings = {"class_path": "RenderedFaces", "init_args": {"seed": 3}}
    assert batched(settings, 2.0)["init_args"] == {"seed": 3, "batch_size": 2 * BATCH_SIZE}
    assert batched({"class_path": "KDEF", "init_args": {"batch_size": 10}}, 0.5)["init_args"] == {"batch_size": 5}


def test_multi_pie_alone_has_folds_unless_settings_name_them(tmp_path):
    assert folds_of({"class_path": "geofer.datamodules.MultiPIE"}) == MultiPIE(tmp_path).folds == 5
    assert folds_of({"class_path": "MultiPIE", "init_args": {"folds": None}}) is None
    assert folds_of({"class_path": "KDEF"}) is None
    assert folds_of({"class_path": "KDEF", "init_args": {"folds": 3}}) == 3
