"""Pictures of networks show the wires they have, and what their channels find."""

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    Add,
    Conv,
    Graph,
    ReLU,
    Sequential,
    Tanh,
    feature_maps,
)
from im2col_cnn.pictures import draw_feature_maps, draw_graph
from im2col_cnn.pictures.graph import wires
from tests.nn.strategies import graphs, network
from tests.notes.svg import SVG


def nodes_of(picture: str) -> dict[str, tuple[str, ...]]:
    """Return what each box of a picture reads, by its name."""
    groups = ET.fromstring(picture).iter(f"{SVG}g")
    return {
        group.attrib["data-node"]: tuple(group.attrib["data-reads"].split())
        for group in groups
        if "data-node" in group.attrib
    }


@given(graph=graphs())
def test_every_layer_is_drawn_with_what_it_reads(graph: Graph) -> None:
    assert nodes_of(draw_graph(graph)) == {"input": (), **graph.reads}


@given(graph=graphs())
def test_wires_that_share_a_lane_do_not_cross(graph: Graph) -> None:
    names = ["input", *graph.layers]
    drawn = list(wires(names, graph.reads))

    for one in drawn:
        for other in drawn:
            if one.lane == other.lane and one.source < other.source:
                assert one.readers[-1] <= other.source
    beside = {(names[w.source], names[row]) for w in drawn for row in w.readers}
    above = set(pairwise(names))
    wanted = {(read, name) for name, reads in graph.reads.items() for read in reads}
    assert beside == wanted - above


def test_a_chain_is_drawn_too_and_names_are_only_words() -> None:
    names = [name for name, _, _, _ in network().summary()]
    assert list(nodes_of(draw_graph(network()))) == ["input", *names]

    graph = Graph({"<b>&": Tanh()}).build((2,), rng=np.random.default_rng(0))
    assert list(nodes_of(draw_graph(graph))) == ["input", "<b>&"]


def test_what_is_no_built_network_is_not_drawn() -> None:
    with pytest.raises(TypeError, match="network must be a Sequential or Graph, got 3"):
        draw_graph(3)  # type: ignore[arg-type]  # the point of this test
    with pytest.raises(RuntimeError, match="build this network first"):
        draw_graph(Sequential([Tanh()]))


def residual() -> Graph:
    nodes: dict[str, Any] = {
        "conv": Conv(2, 3, padding="same"),
        "relu": ReLU(),
        "add": (Add(), "relu", "input"),
        "last": Conv(1, 1),
    }
    return Graph(nodes).build((4, 5, 2), rng=np.random.default_rng(0))


def test_feature_maps_are_what_a_layer_returns_for_one_image() -> None:
    graph = residual()
    image = np.random.default_rng(1).random((4, 5, 2), np.float32)

    maps = feature_maps(graph, image, "add")

    y, _ = graph.layers["conv"].forward(image[np.newaxis])
    assert_array_equal(maps, np.maximum(y[0], 0) + image)
    last = feature_maps(graph, image, "last")
    assert_array_equal(last, graph.predict(image[np.newaxis])[0])


def test_feature_maps_stop_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = residual()
    monkeypatch.setitem(vars(graph.layers["last"]), "forward", None)

    assert feature_maps(graph, np.ones((4, 5, 2)), "relu").shape == (4, 5, 2)


def test_feature_maps_of_several_inputs_take_an_image_of_each() -> None:
    graph = Graph({"add": Add()}, inputs=("a", "b"))
    graph.build({"a": (2,), "b": (2,)}, rng=np.random.default_rng(0))

    maps = feature_maps(graph, {"a": [1, 2], "b": [10, 20]}, "add")

    assert maps.tolist() == [11, 22]


def test_feature_maps_of_another_layer_or_image_are_refused() -> None:
    graph = residual()

    with pytest.raises(ValueError, match=r"that summary\(\) lists, got 'pool'"):
        feature_maps(graph, np.ones((4, 5, 2)), "pool")
    with pytest.raises(ValueError, match=r"must have shape \(N, 4, 5, 2\), got "):
        feature_maps(graph, np.ones((5, 4, 2)), "add")
    with pytest.raises(RuntimeError, match="build this network first"):
        feature_maps(Sequential([Tanh()]), np.ones(2), "tanh1")


def shades(picture: str) -> dict[str, Array]:
    """Return the shades of all maps of a picture, by name."""
    found = {}
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        if "data-map" in group.attrib:
            H, W = map(int, group.attrib["data-shape"].split())
            pixels = np.zeros((H, W), int)
            for path in group:
                for run in path.attrib["d"].removeprefix("M").split("M"):
                    place, length, _ = run.replace("v1h", "h").split("h")
                    j, i = map(int, place.split())
                    pixels[i, j : j + int(length)] = int(path.attrib["data-shade"])
            found[group.attrib["data-map"]] = pixels
    return found


def test_maps_are_drawn_in_shades_on_one_scale() -> None:
    maps = np.random.default_rng(0).integers(0, 13, (3, 4, 2))
    maps[0, :2, 0] = 0, 12  # the ends of the scale
    image = 10 * np.ogrid[:3, :4][0] + np.ogrid[:3, :4][1]

    drawn = shades(draw_feature_maps(maps, image=image))

    assert_array_equal(drawn["channel 0"], maps[..., 0])
    assert_array_equal(drawn["channel 1"], maps[..., 1])
    assert_array_equal(drawn["the image"], np.rint(image * 12 / image.max()))


def test_maps_that_are_all_the_same_are_drawn_as_paper() -> None:
    assert not shades(draw_feature_maps(np.full((2, 3, 1), -4)))["channel 0"].any()


@pytest.mark.parametrize(
    ("maps", "image", "words"),
    [
        (np.ones((2, 3)), None, r"maps must have shape \(H, W, F\) .* got \(2, 3\)"),
        (np.full((2, 3, 1), np.nan), None, "maps must have .* finite numbers"),
        (np.ones((256, 257, 1)), None, "at most 65536 pixels, got 256x257x1: draw"),
        (np.ones((2, 3, 1)), np.ones(3), r"image must have shape \(H, W, C\), got"),
    ],
)
def test_what_are_no_maps_is_not_drawn(maps: Array, image: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_feature_maps(maps, image=image)
