"""A graph computes what its names say, passes gradients back, and keeps little."""

import tracemalloc
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import nn, recycling, threads
from im2col_cnn._typing import Array
from im2col_cnn.files import DIGITS, read_dataset
from im2col_cnn.files.archive import write_archive
from im2col_cnn.files.weights import file_names
from im2col_cnn.nn import (
    Adam,
    Add,
    Clip,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalAvgPool,
    Graph,
    MaxPool,
    Multiply,
    Network,
    ReLU,
    Rescale,
    Sequential,
    Sigmoid,
    Tanh,
    evaluate,
    fit,
    loss_and_gradients,
)
from tests.nn.strategies import graphs, spread
from tests.profile import in_turn

STEP = 2.0**-20
SHAPE = (6, 5, 2)


def residual(name: str, reads: str, filters: int) -> dict[str, Any]:
    return {
        f"{name}_conv1": (Conv(filters, 3, padding="same"), reads),
        f"{name}_relu": ReLU(),
        f"{name}_conv2": Conv(filters, 3, padding="same"),
        name: (Add(), f"{name}_conv2", reads),
    }


def small(seed: int = 0, **settings: Any) -> Graph:
    """Build a residual network of two blocks."""
    nodes = {
        "stem": Conv(4, 3, padding="same"),
        **residual("one", "stem", 4),
        **residual("two", "one", 4),
        "pool": GlobalAvgPool(keepdims=False),
        "scores": Dense(3),
    }
    return Graph(nodes).build(SHAPE, rng=np.random.default_rng(seed), **settings)


def by_name(graph: Graph, values: Any) -> dict[str, Array]:
    """Return outputs by name, also where there is one."""
    return values if len(graph.outputs) > 1 else {graph.outputs[0]: values}


@given(graph=graphs(), N=st.integers(1, 3), seed=st.integers(0, 2**16))
def test_gradients_are_the_slopes_of_the_whole_graph(
    graph: Graph, N: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (N, *graph.input_shape))
    scores, caches = graph.forward(x)
    dy = {k: rng.normal(size=y.shape) for k, y in by_name(graph, scores).items()}

    dx, gradients = graph.backward(
        dy if len(dy) > 1 else dy[graph.outputs[0]], caches, input_gradient=True
    )

    points, slopes = {"x": x, **graph.parameters}, {"x": dx, **gradients}
    assert slopes.keys() == points.keys()
    directions = {name: rng.normal(size=point.shape) for name, point in points.items()}
    ends = []
    for step in STEP, -2 * STEP:  # there, and back to the other side
        for name, point in points.items():
            point[...] += step * directions[name]
        ends.append(by_name(graph, graph.forward(x.copy())[0]))
    np.testing.assert_allclose(
        sum(np.vdot(ends[0][k] - ends[1][k], dy[k]) for k in dy) / (2 * STEP),
        sum(np.vdot(slopes[name], directions[name]) for name in points),
        rtol=1e-5,
        atol=1e-5,
    )


@given(graph=graphs(), N=st.integers(1, 3))
def test_without_dx_the_gradients_of_parameters_are_the_same(
    graph: Graph, N: int
) -> None:
    x = np.random.default_rng(N).integers(-2, 3, (N, *graph.input_shape))
    scores, caches = graph.forward(x)
    _, expected = graph.backward(scores, caches)

    dx, gradients = graph.backward(scores, caches, input_gradient=False)

    assert dx is None
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-9, atol=1e-9)


@given(graph=graphs(dtype=np.float32))
def test_each_layer_is_given_what_it_names_however_the_nodes_are_ordered(
    graph: Graph,
) -> None:
    x = np.random.default_rng(0).random((2, *graph.input_shape), np.float32)
    values = {"input": x}
    for name, layer in graph.layers.items():
        read = tuple(values[one] for one in graph.reads[name])  # each has come before
        values[name], _ = layer.forward(read if layer.merges else read[0])

    found = by_name(graph, graph.predict(x))

    assert found.keys() == set(graph.outputs)
    for name, y in found.items():
        assert_array_equal(y, values[name])


def test_a_chain_as_a_graph_is_that_chain_bit_for_bit() -> None:
    layers = [Conv(3, 2), ReLU(), MaxPool(2), Flatten(), Dense(4)]
    again = [Conv(3, 2), ReLU(), MaxPool(2), Flatten(), Dense(4)]
    chain = Sequential(layers).build(SHAPE, rng=np.random.default_rng(3))
    graph = Graph(dict(zip(chain.layers, again, strict=True)))
    graph.build(SHAPE, rng=np.random.default_rng(3))
    x = np.random.default_rng(0).random((5, *SHAPE))
    (y, caches), (same, others) = chain.forward(x), graph.forward(x)

    assert_array_equal(same, y)
    assert_array_equal(graph.predict(x, batch_size=2), chain.predict(x, batch_size=2))
    dx, gradients = chain.backward(y, caches)
    dx_too, gradients_too = graph.backward(y, others)
    assert_array_equal(dx_too, dx)
    assert list(gradients_too) == list(gradients)
    for name, gradient in gradients.items():
        assert_array_equal(gradients_too[name], gradient)


def test_nodes_stay_where_they_are_if_they_can() -> None:
    nodes = {"b": Tanh(), "a": (Sigmoid(), "input"), "c": (Add(), "a", "b")}
    turned = {"c": (Add(), "a", "b"), "a": (Sigmoid(), "input"), "b": (Tanh(), "input")}

    assert list(Graph(nodes).layers) == ["b", "a", "c"]
    assert list(Graph(turned, "c").layers) == ["a", "b", "c"]


def test_gradients_that_meet_are_the_same_bits_with_any_number_of_threads() -> None:
    graph = small()
    x = np.random.default_rng(1).random((40, *SHAPE))
    labels = np.arange(40) % 3

    with threads(1):
        _, expected, _ = loss_and_gradients(graph, x, labels)
    with threads(3):
        _, gradients, _ = loss_and_gradients(graph, x, labels)

    for name, gradient in gradients.items():
        assert_array_equal(gradient, expected[name])


def ladder(rungs: int) -> Graph:
    """Return a graph in which each layer adds what the one before it read."""
    nodes: dict[str, Any] = {"first": Clip(-1, 1)}
    for n in range(rungs):
        *_, last = nodes
        nodes |= {f"clip{n}": Clip(-1, 1), f"add{n}": (Add(), f"clip{n}", last)}
    return Graph(nodes)


@pytest.mark.parametrize(
    ("network", "arrays"),
    [
        (Sequential([Clip(-1, 1) for _ in range(20)]), 2),  # what goes in and out
        (ladder(20), 3),  # and what goes past
    ],
    ids=["chain", "ladder"],
)
def test_what_no_later_layer_reads_is_forgotten_when_predicting(
    network: Network, arrays: int
) -> None:
    network.build((64, 64, 4), rng=np.random.default_rng(0))
    x = np.zeros((8, 64, 64, 4), np.float32)
    network.predict(x)

    with recycling(0):  # memory of an earlier result would not be counted
        tracemalloc.start()
        network.predict(x)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < (arrays + 0.5) * x.nbytes


def test_several_inputs_and_outputs_go_by_their_names() -> None:
    graph = Graph(
        {
            "join": (Concat(), "left", "right"),
            "sum": Dense(2),
            "scores": (Dense(3), "join"),
        },
        outputs=("scores", "sum"),
        inputs=("left", "right"),
    )
    shapes = {"right": (3,), "left": (2,)}
    graph.build(shapes, rng=np.random.default_rng(0), dtype=np.float64)
    rng = np.random.default_rng(1)
    x = {name: rng.random((5, *shape)) for name, shape in shapes.items()}

    scores, caches = graph.forward(x)
    dx, gradients = graph.backward(scores, caches)

    assert {name: y.shape for name, y in scores.items()} == {
        "scores": (5, 3),
        "sum": (5, 2),
    }
    found = graph.predict(x, batch_size=2)
    for name, y in scores.items():
        np.testing.assert_allclose(found[name], y)
    joined = np.concatenate([x["left"], x["right"]], axis=1)
    np.testing.assert_allclose(gradients["sum.w"], joined.T @ scores["sum"])
    assert {name: one.shape for name, one in dx.items()} == {
        "left": (5, 2),
        "right": (5, 3),
    }


def test_squeeze_and_excite_weighs_channels() -> None:
    nodes = {
        "squeeze": GlobalAvgPool(keepdims=False),
        "excite": Sigmoid(),
        "weigh": (Multiply(), "input", "excite"),
    }
    graph = Graph(nodes).build(SHAPE, rng=np.random.default_rng(0), dtype=np.float64)
    x = np.random.default_rng(1).random((3, *SHAPE))

    means = x.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(graph.predict(x), x / (1 + np.exp(-means)))


@given(graph=graphs(dtype=np.float32))
def test_a_graph_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, graph: Graph
) -> None:
    path = tmp_path_factory.getbasetemp() / "graph.h5"
    graph.save(path)
    before = path.read_bytes()

    loaded = Graph.load(path)

    assert repr(loaded) == repr(graph)
    assert (loaded.shapes, loaded.reads) == (graph.shapes, graph.reads)
    loaded.save(path)
    assert path.read_bytes() == before
    x = np.random.default_rng(0).random((2, *graph.input_shape))
    scores = by_name(graph, graph.predict(x))
    for name, y in by_name(loaded, loaded.predict(x)).items():
        assert_array_equal(y, scores[name])


def test_graph_reads_the_file_of_a_chain_and_a_chain_refuses_a_graph(
    tmp_path: Path,
) -> None:
    chain = Sequential([Flatten(), Dense(2)]).build((3,), rng=np.random.default_rng(0))
    chain.save(tmp_path / "chain.h5")
    small().save(tmp_path / "graph.h5")

    loaded = Graph.load(tmp_path / "chain.h5")

    assert list(loaded.arrays) == list(chain.arrays)
    assert repr(loaded.summary()) == repr(chain.summary())
    with pytest.raises(ValueError, match=r"graph\.h5.* no chain: Graph.load reads"):
        Sequential.load(tmp_path / "graph.h5")


@pytest.mark.parametrize(
    ("place", "changes", "words"),
    [
        (1, {"reads": ["one_conv1", "two"]}, "one_relu does not come after what"),
        (1, {"reads": ["one_relu"]}, "one_relu does not come after what it"),
        (
            1,
            {"reads": ["one_conv1"] * 2},
            "one_relu reads one array, got one_",
        ),
        (1, {"reads": []}, "one_relu does not come after what"),
        (1, {"reads": [["stem"]]}, "one_relu reads must be a list of names"),
        (1, {"name": "stem"}, "layers must have names of their own"),
        (1, {"name": "../one"}, "must do without . and /"),
        (1, {"name": "\x1b[31m"}, "printable letters"),
        (1, {"name": ["a"]}, "a name must be a str"),
        (None, {"inputs": {}}, "inputs must be a dict of names and shapes"),
        (None, {"inputs": {"input": "wide"}}, "input_shape must be a list"),
        (None, {"inputs": {"input": [6, 5, 2], "b": [2]}}, "b is read by no layer"),
        (None, {"outputs": ["input"]}, "outputs: 'input' names no layer"),
        (None, {"outputs": ["scores"] * 2}, "outputs must be names, each there once"),
        (
            None,
            {"outputs": ["one"]},
            "two_conv1.* read by no layer|is read by no",
        ),
    ],
)
def test_a_file_that_lies_about_a_graph_is_refused(
    tmp_path: Path, place: int | None, changes: dict[str, Any], words: str
) -> None:
    graph = small()
    configuration = graph.configuration
    changed = configuration if place is None else configuration["layers"][place + 1]
    changed.update(changes)
    path = tmp_path / "lies.h5"
    write_archive(path, "weights", configuration, file_names(graph.arrays))

    with pytest.raises(ValueError, match=f"lies.h5: configuration: .*({words})"):
        Graph.load(path)


@given(graph=graphs())
def test_a_graph_is_shown_as_the_call_that_makes_it(graph: Graph) -> None:
    again = eval(repr(graph), vars(nn))

    assert repr(again) == repr(graph)
    assert (again.reads, again.outputs) == (graph.reads, graph.outputs)


@in_turn(3)
def test_a_residual_network_learns_the_digits() -> None:
    digits = read_dataset(DIGITS)
    nodes = {
        "rescale": Rescale(16),
        "stem": Conv(8, 3, padding="same"),
        **residual("one", "stem", 8),
        "shrink": MaxPool(2),
        **residual("two", "shrink", 8),
        "flat": Flatten(),
        "scores": Dense(10),
    }
    rng = np.random.default_rng(0)
    network = Graph(nodes).build((8, 8, 1), rng=rng)

    fit(network, *digits.train, epochs=5, batch_size=32, optimizer=Adam(0.004), rng=rng)

    assert evaluate(network, *digits.test).accuracy > 0.9


def test_a_run_of_a_graph_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    images, labels = rng.normal(size=(12, *SHAPE)), rng.integers(0, 3, 12)

    def trained(epochs: int, **settings: Any) -> Graph:
        graph, rng = small(), np.random.default_rng(1)
        adam = {"batch_size": 5, "optimizer": Adam(0.01), **settings}
        fit(graph, images, labels, epochs=epochs, rng=rng, **adam)
        return graph

    whole = trained(3)
    trained(1, checkpoint=tmp_path / "run.h5")

    resumed = trained(3, resume=tmp_path / "run.h5")

    for name, array in whole.arrays.items():
        assert_array_equal(resumed.arrays[name], array)


def test_what_is_not_finite_is_named_in_a_graph_too() -> None:
    graph = small()
    graph.parameters["two_conv1.w"][...] = np.finfo(np.float32).max

    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="is the output of two_conv"),
    ):
        fit(
            graph,
            np.ones((4, *SHAPE)),
            [0, 1, 2, 0],
            epochs=1,
            batch_size=4,
            optimizer=Adam(0.01),
            rng=np.random.default_rng(0),
        )


def test_a_graph_of_several_outputs_is_no_classifier() -> None:
    graph = Graph({"a": Dense(2), "b": (Dense(2), "input")}, ("a", "b"))
    graph.build((3,), rng=np.random.default_rng(0))

    with pytest.raises(ValueError, match="it reads input and gives a, b: "):
        evaluate(graph, np.ones((1, 3)), [0])


@pytest.mark.parametrize(
    ("nodes", "settings", "words"),
    [
        ({"a": (Tanh(), "b"), "b": (Tanh(), "a")}, {}, "in a circle: a to b to a"),
        (
            {"a": (Add(), "b", "input"), "b": (Tanh(), "a")},
            {},
            "layers must not read in a circle: a to b to a",
        ),
        ({"a": (Tanh(), "c")}, {}, "a reads 'c', which names no layer and no input"),
        ({"a": (Tanh(), 3)}, {}, "a reads 3, which names no layer"),
        ({"a": Tanh(), "b": (Tanh(), "input")}, {}, "a is read by no layer and is no"),
        ({"a.b": Tanh()}, {}, "'a.b' must do without . and /"),
        ({"a/b": Tanh()}, {}, "'a/b' must do without . and /"),
        ({"": Tanh()}, {}, "1 to 200 printable letters, got 0 in ''"),
        ({"\x1b[31m": Tanh()}, {}, r"printable letters, got 5 in '\\x1b\[31m'"),
        ({"input": Tanh()}, {}, "input names an input"),
        ({"a": (Tanh(), "input", "input")}, {}, "a reads one array, got input, input"),
        (
            {"a": Tanh(), "b": Add()},
            {},
            r"b merges arrays and names none: \(Add\(\), 'a', \.\.\.\) names what it",
        ),
        ({"a": Tanh()}, {"outputs": "b"}, "outputs: 'b' names no layer"),
        ({"a": Tanh()}, {"outputs": ()}, "outputs must be names, each there once"),
        ({"a": Tanh()}, {"inputs": ("x", "x")}, "inputs must be names, each there"),
    ],
)
def test_what_is_no_graph_is_refused(
    nodes: Any, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Graph(nodes, **settings)


def test_what_holds_no_layers_is_refused() -> None:
    twice = Tanh()

    for nodes, words in (
        ([Tanh()], "nodes must be a dict of layers, got "),
        ({}, "nodes must be a dict of layers, got {}"),
        ({"a": Tanh}, "a must be a layer, or a tuple of a layer and what it reads"),
        ({"a": ()}, "a must be a layer, or a tuple"),
        ({3: Tanh()}, "a name must be a str, got 3"),
    ):
        with pytest.raises(TypeError, match=words):
            Graph(nodes)  # type: ignore[arg-type]  # the point of this test
    with pytest.raises(ValueError, match="a and b are the same layer: make two"):
        Graph({"a": twice, "b": twice})
    with pytest.raises(ValueError, match="add1 reads several arrays: make a Graph"):
        Sequential([Add()])


def test_arrays_that_do_not_merge_are_refused_when_a_graph_is_built() -> None:
    rng = np.random.default_rng(0)
    for merge, words in (
        (Add(), r"sum cannot read 6x5x2 and 6x5x3: shapes must be the same, or 1"),
        (Concat(axis=1), r"arrays must differ along axis 1 only: 6x5x2 and 6x5x3"),
        (Concat(axis=4), r"axis 4 is none of images with 3 axes: it must be 1 to 3"),
    ):
        nodes = {"conv": Conv(3, 1), "sum": (merge, "input", "conv")}
        with pytest.raises(ValueError, match=words):
            Graph(nodes).build(SHAPE, rng=rng)
    with pytest.raises(ValueError, match="axis must not be 0, along which there are"):
        Concat(axis=0)
    with pytest.raises(TypeError, match="x must be a tuple of arrays, got 3"):
        Add().forward(3)
    with pytest.raises(ValueError, match="batches of as many images: 2 and 2"):
        Add().forward((np.ones((2, 2)), np.ones((1, 2))))


def test_a_gradient_of_another_shape_is_not_broadcast() -> None:
    nodes = {"one": Tanh(), "two": Tanh()}
    graph = Graph(nodes, ("one", "two")).build((3,), rng=np.random.default_rng(0))
    scores, caches = graph.forward(np.ones((2, 3)))

    for shape in (2, 1), (1, 3):
        with pytest.raises(ValueError, match=r"shape of one, \(2, 3\), got "):
            graph.backward(scores | {"one": np.ones(shape)}, caches)


def test_images_that_do_not_suit_several_inputs_are_refused() -> None:
    graph = Graph({"add": Add()}, inputs=("a", "b"))
    graph.build({"a": (2,), "b": (2,)}, rng=np.random.default_rng(0))
    x: Any = np.ones((3, 2))

    with pytest.raises(TypeError, match="x must be a dict with a, b, got array"):
        graph.predict(x)
    with pytest.raises(ValueError, match=r"x\['b'\] must have shape \(N, 2\)"):
        graph.forward({"a": x, "b": spread((3, 3), np.random.default_rng(0))})
    with pytest.raises(ValueError, match=r"as many images for each input, got {'a': 3"):
        graph.forward({"a": x, "b": x[:2]})
    with pytest.raises(ValueError, match=r"it reads a, b and gives add: predict takes"):
        evaluate(graph, x, [0, 1, 0])
