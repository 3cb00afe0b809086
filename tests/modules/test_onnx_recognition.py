"""Weights that an ONNX file keeps elsewhere, in each place of a model where there can be some."""

import pytest

from geofer.errors import CheckpointError
from geofer.modules.onnx_recognition import OnnxRecognition

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
FLOAT = onnx.TensorProto.FLOAT


def elsewhere(location="secret.bin"):
    """Sixteen numbers of another file; the location may be an address in memory, as ONNX Runtime has it."""
    tensor = onnx.TensorProto(name="w", data_type=FLOAT, dims=[1, 16], data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def constant(**attribute):
    return onnx.helper.make_node("Constant", [], ["w"], **attribute)


def sparse():
    indices = onnx.helper.make_tensor("i", onnx.TensorProto.INT64, [1], [0])
    return onnx.SparseTensorProto(values=elsewhere(), indices=indices, dims=[1, 16])


def branch(**inside):
    """A graph in a graph that has nothing but what is given."""
    graph = onnx.GraphProto(name="g", **inside)
    return onnx.helper.make_node("If", ["c"], ["w"], then_branch=graph, else_branch=graph)


def model(nodes=(), functions=(), **inside):
    picture = onnx.helper.make_tensor_value_info("x", FLOAT, ["n", 1, 4, 4])
    answer = onnx.helper.make_tensor_value_info("y", FLOAT, ["n", 2])
    made = onnx.helper.make_model(onnx.helper.make_graph(list(nodes), "g", [picture], [answer]))
    made.functions.extend(functions)
    for name, value in inside.items():
        getattr(made.graph, name).append(value)
    return made


def function():
    opset = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_function("mine", "F", [], ["w"], [constant(value=elsewhere())], opset)


def trained():
    made = model()
    made.training_info.add().initialization.initializer.append(elsewhere())
    return made


PLACES = {
    "initializer": lambda: model(initializer=elsewhere()),
    "address": lambda: model(initializer=elsewhere("*/_ORT_MEM_ADDR_/*")),
    "sparse initializer": lambda: model(sparse_initializer=sparse()),
    "attribute": lambda: model([constant(value=elsewhere())]),
    "sparse attribute": lambda: model([constant(sparse_value=sparse())]),
    "inner graph": lambda: model([branch(initializer=[elsewhere()])]),
    "inner sparse": lambda: model([branch(sparse_initializer=[sparse()])]),
    "function": lambda: model([onnx.helper.make_node("F", [], ["w"], domain="mine")], [function()]),
    "training": trained,
}


@pytest.mark.parametrize("place", PLACES)
def test_weights_elsewhere_are_never_opened(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    (tmp_path / "x.onnx").write_bytes(PLACES[place]().SerializeToString())
    with pytest.raises(CheckpointError, match=r"x\.onnx keeps \d of its weights in other files, which are not opened"):
        OnnxRecognition(("a", "b"), 4, str(tmp_path / "x.onnx"), ("a", "b"))
