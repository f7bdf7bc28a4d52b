"""What a comparison prints: ratios round by round, and geometric means."""

from im2col_cnn.commands.compare_tables import Heat, common_base, mean_ratios
from im2col_cnn.compare.race import Result
from im2col_cnn.compare.timed_layers import CASES


def heat(name: str, **steps: list[float]) -> Heat:
    """Return what ran of one case: the contestants, and their times of a step."""
    case = CASES[name]
    results = [
        Result(who, equal=True, images=8, forward=times, step=times)
        for who, times in steps.items()
    ]
    return Heat([case], {case.name: results}, [], "torch")


def test_a_mean_is_geometric_over_the_middle_rounds() -> None:
    heats = [
        heat("lenet1", fast=[1, 2, 9], torch=[1, 1, 1]),  # 2 in the middle round
        heat("lenet2", fast=[8, 8, 8], torch=[1, 1, 1]),
    ]

    means = mean_ratios(heats)

    assert round(means["fast"], 12) == 4
    assert means["torch"] == 1


def test_a_contestant_that_was_not_in_every_case_has_no_mean() -> None:
    heats = [
        heat("lenet1", fast=[2], torch=[1], jax=[1]),
        heat("lenet2", fast=[2], torch=[1]),
    ]

    assert set(mean_ratios(heats)) == {"fast", "torch"}


def test_where_the_wanted_base_is_missing_the_most_frequent_one_is_common() -> None:
    heats = [heat("lenet1", fast=[2], columns=[3])]
    heats += [heat(name, fast=[2], torch=[1]) for name in ("lenet2", "signs1")]

    assert [each.base for each in heats] == ["columns", "torch", "torch"]
    assert common_base(heats) == "torch"
