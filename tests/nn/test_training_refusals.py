"""What `fit` cannot do is refused before work, by name, and with a way out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.files import (
    DIGITS,
    load_weights,
    open_dataset,
    read_dataset,
    save_weights,
)
from im2col_cnn.nn import (
    SGD,
    Augmentation,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    ProgressLine,
    Sequential,
    Softmax,
    cosine,
    evaluate,
    fit,
)

X = np.random.default_rng(0).random((12, 3, 2, 1))
LABELS = np.arange(12) % 3


def network() -> Sequential:
    return Sequential([Flatten(), Dense(3)]).build(
        (3, 2, 1), rng=np.random.default_rng(0)
    )


def run(**changes: Any) -> None:
    settings: dict[str, Any] = {
        "network": network(),
        "images": X,
        "labels": LABELS,
        "epochs": 1,
        "batch_size": 4,
        "optimizer": SGD(),
        "rng": np.random.default_rng(0),
    }
    fit(**settings | changes)


def never(*_: Any) -> Any:
    raise AssertionError("work was done before the refusal")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": None}, "network must be a Sequential or Graph, got None"),
        (
            {"optimizer": "adam"},
            "optimizer must be an optimizer, SGD.. say, got 'adam'",
        ),
        ({"optimizer": SGD}, "optimizer must be an optimizer, SGD.. say, got <class"),
        ({"rng": 0}, r"rng must be a numpy.random.Generator, got 0: .*default_rng"),
        ({"rng": np.random.RandomState(0)}, "rng must be a numpy.random.Generator"),
        ({"schedule": 0.1}, "schedule must be a function, got 0.1"),
        ({"augment": 3}, "augment must be a function, got 3"),
        ({"on_step": 1}, "on_step must be a function, got 1"),
        (
            {"on_step": ProgressLine},
            r"on_step must be a function, got a class: write ProgressLine\(\)",
        ),
        (
            {"augment": Augmentation},
            r"augment must be a function, .*: write Augmentation\(\)",
        ),
        ({"on_epoch": "print"}, "on_epoch must be a function, got 'print'"),
        ({"should_stop": True}, "should_stop must be a function, got True"),
        ({"checkpoint": 3}, "checkpoint must be a path, got 3"),
        ({"resume": 3.5}, "resume must be a path, got 3.5"),
        (
            {"validation": True},
            r"validation must be .*a pair \(images, labels\), got Tr",
        ),
        (
            {"validation": X},
            r"validation must be .*a pair \(images, labels\), got array",
        ),
        ({"images": np.ma.masked_equal(X, X[0, 0, 0, 0])}, "images must not be masked"),
        ({"images": "photos"}, "images must hold real numbers"),
        (
            {"labels": LABELS.astype(float)},
            r"labels must hold whole numbers, got .*: labels.astype\(int\) makes such$",
        ),
        (
            {"labels": LABELS.astype(str)},
            r"labels must hold whole numbers, got names.*'0'.*: classes, labels = np.u",
        ),
        ({"labels": ["cat"] * 12}, "labels must hold whole numbers, got names.*'cat'"),
    ],
)
def test_what_is_of_the_wrong_kind_is_named(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=f"^{words}"):
        run(**{"on_step": never} | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"images": X[..., 0]},
            r"images .*, got \(12, 3, 2\): for grey images, images\[..., np.newaxis\]$",
        ),
        (
            {"images": X[0]},
            r"images .*, got \(3, 2, 1\): for a single one, images\[np.newaxis\]$",
        ),
        ({"images": X[:, 1:]}, r"images must .* got \(12, 2, 2, 1\)$"),
        ({"images": 3}, r"images must have shape \(N, 3, 2, 1\), got \(\)$"),
        (
            {"labels": np.eye(3)[LABELS]},
            r"labels .* got \(12, 3\): for one-hot labels, labels.argmax\(axis=-1\)$",
        ),
        (
            {"labels": np.eye(3, dtype=int)[LABELS]},
            r"labels must .* got \(12, 3\): for one-hot labels, labels.argmax",
        ),
        ({"labels": LABELS[None]}, r"labels must .* got \(1, 12\): use labels\[0\]$"),
        (
            {"labels": LABELS[:, None]},
            r"labels must .* got \(12, 1\): squeeze them, labels\[..., 0\]$",
        ),
        ({"labels": LABELS[:5]}, r"labels must have shape \(12,\), .* got \(5,\)$"),
        ({"labels": LABELS + 1}, "labels must lie between 0 and 2, .* got 1 to 3$"),
        (
            {"validation": (X,)},
            r"validation must be .*a pair \(images, labels\), got 1",
        ),
        ({"validation": []}, r"validation must be .*a pair \(images, labels\), got 0"),
        (
            {"validation": (X[:2, 1:], LABELS[:2])},
            r"validation: images must have shape \(N, 3, 2, 1\), got \(2, 2, 2, 1\)",
        ),
    ],
)
def test_what_is_of_the_wrong_size_is_named_with_its_numbers(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        run(**{"on_step": never} | changes)


def test_a_checkpoint_that_could_not_be_written_is_refused_before_work(
    tmp_path: Path,
) -> None:
    with pytest.raises(OSError, match="there is no folder"):
        run(checkpoint=tmp_path / "none" / "run.h5", on_step=never)


@pytest.mark.parametrize(
    ("N", "settings"),
    [
        (33, {"batch_size": 32}),
        (11, {"batch_size": 5, "accumulate": 3}),
        (4, {"batch_size": 1}),
        (1, {"batch_size": 8}),
        (11, {"batch_size": 4, "validation": 2 / 11}),
    ],
)
@pytest.mark.filterwarnings("ignore:batch_norm1. images see each other")
def test_a_batch_too_small_to_normalize_is_refused_before_any_work(
    N: int, settings: dict[str, Any]
) -> None:
    rng = np.random.default_rng(0)
    layers = [Flatten(), Dense(4), BatchNorm(), Dense(3)]
    arguments: dict[str, Any] = {
        "network": Sequential(layers).build((2, 2, 1), rng=rng),
        "images": rng.random((N, 2, 2, 1)),
        "labels": np.arange(N) % 3,
    }
    words = (
        r"the last batch of an epoch would be 1 image.* batch_norm1 needs at least 2"
    )

    with pytest.raises(ValueError, match=words):
        run(**arguments, **settings, on_step=never)


def test_the_way_out_of_a_batch_too_small_is_one() -> None:
    rng = np.random.default_rng(0)
    net = Sequential([BatchNorm(), Dense(3)]).build((4,), rng=rng)
    data: dict[str, Any] = {"network": net, "labels": np.arange(33) % 3}
    data["images"] = rng.random((33, 4))

    with pytest.raises(ValueError, match="batch_size=31, say"):
        run(**data, batch_size=32)
    run(**data, batch_size=31)
    net = Sequential([Conv(2, 1), BatchNorm(), Flatten(), Dense(3)])
    run(network=net.build((3, 2, 1), rng=rng), batch_size=11)  # a pixel is a value


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
@pytest.mark.parametrize("where", ["images", "validation"])
def test_a_checkpoint_never_takes_the_place_of_the_data(
    tmp_path: Path, link: str, where: str
) -> None:
    data, path = tmp_path / "data.h5", tmp_path / "run.h5"
    data.write_bytes(DIGITS.read_bytes())
    if link == "symbolic":
        path.symlink_to(data)
    elif link == "hard":
        path.hardlink_to(data)
    else:
        path = tmp_path / "." / "data.h5"
    with open_dataset(data) as dataset:
        images, labels = dataset.train
        arguments: dict[str, Any] = {
            "network": Sequential([Flatten(), Dense(10)]).build(
                dataset.shape, rng=np.random.default_rng(0)
            ),
            "images": images if where == "images" else images[:20],
            "labels": labels if where == "images" else labels[:20],
            "validation": None if where == "images" else dataset.test,
        }

        with pytest.raises(FileExistsError, match="h5: is being read here"):
            run(**arguments, checkpoint=path, on_step=never)

    assert data.read_bytes() == DIGITS.read_bytes()


def test_a_checkpoint_never_takes_the_place_of_a_memory_map(tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    np.save(path, X)

    with pytest.raises(ValueError, match=r"^checkpoint \S+ is the file of the images"):
        run(images=np.load(path, mmap_mode="r"), checkpoint=path, on_step=never)


def test_a_pair_may_be_a_list() -> None:
    run(validation=[X[:3], LABELS[:3]])


@pytest.mark.parametrize("found", [None, X[:2], X[:4, 1:]])
def test_an_augmentation_that_gives_other_shapes_is_to_blame_for_it(found: Any) -> None:
    given = (
        r"augment must return an array of shape \(4, 3, 2, 1\), as it was given, got"
    )

    with pytest.raises(ValueError, match=given):
        run(augment=lambda _images, _rng: found)


def test_images_that_are_no_numbers_are_to_blame_for_themselves() -> None:
    with pytest.raises(
        FloatingPointError,
        match=r"first not finite is the images: replace NaN and infinity in them$",
    ):
        run(images=np.where(LABELS.reshape(-1, 1, 1, 1) == 1, np.nan, X))


def test_images_held_out_that_are_no_numbers_are_named() -> None:
    with pytest.raises(
        FloatingPointError,
        match=r"the loss of the images held out is nan after epoch 1",
    ):
        run(validation=(X * np.nan, LABELS))


def test_scores_of_one_image_are_asked_for_with_an_axis_for_it() -> None:
    with pytest.raises(ValueError, match=r"x must .*: for a single one, x\[np.newaxis"):
        network().predict(X[0])
    with pytest.raises(ValueError, match=r"images must .* for a single one, images"):
        evaluate(network(), X[0], LABELS)


def test_a_network_is_built_from_a_generator_and_not_from_a_seed() -> None:
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got 0"):
        network().build((3, 2, 1), rng=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [Dense(3), None, 3])
def test_layers_come_in_a_list(layers: Any) -> None:
    with pytest.raises(TypeError, match=r"layers must be a list, got (Dense|None|3)"):
        Sequential(layers)


@pytest.mark.parametrize("caches", [None, {}, {"dense1": None}])
def test_gradients_go_back_with_the_caches_of_a_forward_pass(caches: Any) -> None:
    with pytest.raises(TypeError, match="caches must be those forward returned, one p"):
        network().backward(np.ones((12, 3)), caches)


CALLS: dict[str, Callable[[], object]] = {
    "save_weights": lambda: save_weights(network(), "weights.h5"),  # type: ignore[arg-type]
    "load_weights": lambda: load_weights(network(), "weights.h5"),  # type: ignore[arg-type]
    "save": lambda: network().save(3),  # type: ignore[arg-type]
    "load": lambda: Sequential.load(3),  # type: ignore[arg-type]
    "read_dataset": lambda: read_dataset(3),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_path_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=r"^path must be a path, got"):
        CALLS[name]()


def test_a_schedule_shows_what_it_was_made_with() -> None:
    assert (
        repr(cosine(0.8, 10, warmup=2))
        == "Cosine(peak=0.8, steps=10, end=0.0, warmup=2)"
    )


def test_probabilities_are_refused_where_the_loss_takes_scores() -> None:
    network = Sequential([Flatten(), Dense(2), Softmax()])
    network.build((2, 2, 1), rng=np.random.default_rng(0))
    before = network.parameters["dense1.w"].copy()

    with pytest.raises(ValueError, match="ends in softmax1, a softmax, and the loss"):
        fit(
            network,
            np.zeros((4, 2, 2, 1)),
            np.array([0, 1, 0, 1]),
            epochs=1,
            batch_size=2,
            optimizer=SGD(0.1),
            rng=np.random.default_rng(0),
        )
    assert (network.parameters["dense1.w"] == before).all()
