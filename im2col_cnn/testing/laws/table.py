"""The table of laws: what each demands, and of which kinds of operation."""

from collections.abc import Callable
from dataclasses import dataclass

from . import contract, linearity, oracle, ties
from .drawing import Draw
from .subject import Subject

__all__ = ["FIRST", "LAWS", "Law", "laws_for"]

CONVOLUTIONS = ("conv", "conv_transpose")
MEANS = ("avg_pool", "adaptive_avg_pool", "global_avg_pool")
HELPERS = ("mask", "share")
NOT_HELPERS, ALL_KINDS = (
    ("*",),
    ("*", *HELPERS),
)  # helpers look at one window, without backward


@dataclass(frozen=True)
class Law:
    """
    A law, and the operations that it is about.

    Parameters
    ----------
    demand : callable
        ``demand(subject, draw)`` raises `BrokenLawError` where the law does not hold.
    kinds : tuple of str
        The kinds of subject that it is put to; ``"*"`` is every kind but `HELPERS`.
    array : str
        The array whose gradient it is about; empty if it is about something else.
    concerns : tuple of str
        Which of forward and backward it is about; one must be the author's.
    oracle : bool
        Whether it needs to be told what is right.
    follows : bool
        Whether breaking it is no news where numbers are wrong already.
    turns : str
        The setting that it changes, if any: one that has no such setting is not asked.
    needs_dx, needs_bias : bool
        Whether it needs the gradient of the images, and a bias.
    advice : bool
        Whether it demands more than most courses do. Then breaking it does not fail.
    """

    demand: Callable[[Subject, Draw], None]
    kinds: tuple[str, ...] = NOT_HELPERS
    array: str = ""
    concerns: tuple[str, ...] = ("forward", "backward")
    oracle: bool = False
    follows: bool = False
    turns: str = ""
    needs_dx: bool = False
    needs_bias: bool = False
    advice: bool = False

    @property
    def name(self) -> str:
        """The name of the function, in words."""
        return self.demand.__name__.replace("_", " ")

    @property
    def sentence(self) -> str:
        """What the law demands, and why."""
        return (self.demand.__doc__ or "").strip().splitlines()[0]

    def is_put_to(self, subject: Subject) -> bool:
        """Tell whether this law applies to an implementation."""
        return (
            ("*" if "*" in self.kinds and subject.kind not in HELPERS else subject.kind)
            in self.kinds
            and (not self.array or self.array in subject.arrays)
            and self.array not in ("", *subject.without)[1:]
            and not (self.needs_dx and "x" in subject.without)
            and not (self.needs_bias and not subject.bias)
            and (subject.backward is not None or "forward" in self.concerns)
            and any(part in subject.graded for part in self.concerns)
            and (subject.oracle is not None or not self.oracle)
            and (subject.small != () or self.demand != contract.small_calls_return)
            and all(self.turns in ("", *call.settings) for call in subject.small)
            and (
                # Of one window the forward shows who wins, of a pooling the backward.
                self.demand != ties.tied_maxima_follow_the_rule
                or subject.kind == "mask"
                or subject.backward is not None
            )
        )

    def about(self, subject: Subject) -> tuple[str, ...]:
        """Return which of forward and backward it is about here."""
        if self.demand == ties.tied_maxima_follow_the_rule:
            return ("forward",) if subject.kind == "mask" else ("backward",)
        own = tuple(part for part in self.concerns if part in subject.graded)
        return own or self.concerns

    def __call__(self, subject: Subject, draw: Draw) -> None:
        """Put the law to a subject, with what is drawn."""
        self.demand(subject, draw)


FORWARD, BACKWARD = ("forward",), ("backward",)

# These two are put by themselves, before the others.
FIRST = Law(contract.small_calls_return, ALL_KINDS)
TIES = Law(
    ties.tied_maxima_follow_the_rule, ("max_pool", "mask"), oracle=True, follows=True
)
LAWS = (
    FIRST,
    Law(oracle.forward_equals_the_loops, ALL_KINDS, concerns=FORWARD, oracle=True),
    Law(oracle.dx_equals_the_loops, array="x", concerns=BACKWARD, oracle=True),
    Law(oracle.dw_equals_the_loops, array="w", concerns=BACKWARD, oracle=True),
    Law(oracle.db_equals_the_loops, array="b", concerns=BACKWARD, oracle=True),
    TIES,
    Law(
        linearity.forward_and_backward_are_adjoint,
        (*CONVOLUTIONS, *MEANS, "im2col"),
        concerns=BACKWARD,
        follows=True,
    ),
    Law(
        linearity.pixels_that_no_window_reads_get_gradient_0,
        ("conv", "max_pool", "avg_pool"),
        concerns=BACKWARD,
        follows=True,
        needs_dx=True,
    ),
    Law(
        linearity.the_bias_is_added_once,
        CONVOLUTIONS,
        concerns=FORWARD,
        follows=True,
        needs_bias=True,
    ),
    Law(
        linearity.the_sum_of_dx_is_the_sum_of_dy,
        ("max_pool", "avg_pool"),
        concerns=BACKWARD,
        follows=True,
    ),
    Law(
        linearity.the_mean_of_a_constant_is_the_constant,
        MEANS,
        concerns=FORWARD,
        follows=True,
    ),
    Law(
        contract.every_gradient_has_the_shape_of_its_array,
        concerns=BACKWARD,
        follows=True,
    ),
    Law(contract.a_batch_is_the_concatenation_of_its_images, follows=True),
    Law(contract.arguments_are_left_alone),
    Law(contract.backward_can_be_called_again, concerns=BACKWARD),
    Law(contract.backward_goes_with_its_own_forward, concerns=BACKWARD),
    Law(contract.memory_layout_does_not_matter),
    Law(contract.a_float_dtype_is_kept, advice=True),
    Law(
        oracle.nan_and_infinity_go_where_the_loops_send_them,
        ("*", "mask"),
        oracle=True,
        follows=True,
        advice=True,
    ),
    Law(
        contract.a_gradient_of_another_shape_is_refused, concerns=BACKWARD, advice=True
    ),
    Law(linearity.channels_that_do_not_match_are_refused, ("conv",), advice=True),
    Law(
        linearity.a_stride_of_0_is_refused,
        ("conv", "max_pool", "avg_pool"),
        turns="stride",
        advice=True,
    ),
)


def laws_for(subject: Subject) -> list[Law]:
    """Return the laws that apply to an implementation."""
    return [law for law in LAWS if law.is_put_to(subject)]
