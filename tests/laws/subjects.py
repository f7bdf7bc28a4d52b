"""List all that laws are put to: operations, their loops, and im2col with col2im.

The loops are judged by the laws that need no oracle, for they are the oracle.
"""

from dataclasses import replace
from typing import Any

import im2col_cnn as fast
from im2col_cnn._typing import Array
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.strategies import unfoldings
from tests.laws.operations import INPUTS, OPERATIONS, WITH_LOOPS, Operation

__all__ = ["SUBJECTS"]


def unfold(x: Array, kernel_size: Any, **settings: Any) -> tuple[Array, Any]:
    """Call im2col, and keep what col2im must be told."""
    return fast.im2col(x, kernel_size, **settings), (x.shape, kernel_size, settings)


def fold(columns: Array, cache: Any) -> Array:
    """Call col2im."""
    shape, kernel_size, settings = cache
    return fast.col2im(columns, shape, kernel_size, **settings)


def by_loops(operation: Operation) -> Subject:
    """Return the loops of an operation, with nobody to tell them what is right."""
    subject = operation.subject
    assert subject.oracle is not None
    forward, backward = subject.oracle
    return replace(subject, forward=forward, backward=backward, oracle=None)


SUBJECTS = {
    **{operation.name: operation.subject for operation in OPERATIONS},
    "im2col": Subject(
        "im2col", unfoldings, unfold, fold, KINDS["im2col"].oracle, inputs=INPUTS
    ),
    **{f"{operation.name}_by_loops": by_loops(operation) for operation in WITH_LOOPS},
}
