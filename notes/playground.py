# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""Play with the package: unfold, multiply, fold, and watch a small network learn.

    marimo run notes/playground.py      the page, in a browser
    marimo edit notes/playground.py     the same, with its code
    python notes/playground.py          every cell once, without a page

marimo comes with ``pip install 'im2col-cnn[notebook]'``.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="im2col playground")

with app.setup:
    from base64 import b64encode

    import marimo as mo
    import numpy as np

    from im2col_cnn import Window, conv_backward, conv_forward, im2col
    from im2col_cnn.files import DIGITS, read_dataset
    from im2col_cnn.nn import Adam, evaluate, fit, small_cnn
    from im2col_cnn.pictures import (
        draw_answers,
        draw_col2im,
        draw_learning,
        draw_product,
        draw_window,
    )


@app.function
def show(picture: str) -> mo.Html:
    """Show an SVG as an image, so that its style stays its own."""
    data = b64encode(picture.encode()).decode()
    words = picture.partition('<desc id="desc">')[2].partition("</desc>")[0]
    source = f"data:image/svg+xml;base64,{data}"
    return mo.Html(
        f'<div><img src="{source}" alt="{words}" style="max-width: 100%"></div>'
    )


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Playground

    Move a slider, and everything below it is computed again, by `im2col_cnn` itself.
    The pixel at row $i$, column $j$ holds $10 i + j$.
    """)
    return


@app.cell
def geometry():
    rows = mo.ui.slider(2, 6, value=3, label="rows of x", show_value=True)
    columns = mo.ui.slider(2, 6, value=4, label="columns of x", show_value=True)
    kernel_rows = mo.ui.slider(1, 3, value=2, label="rows of w", show_value=True)
    kernel_columns = mo.ui.slider(1, 3, value=2, label="columns of w", show_value=True)
    stride = mo.ui.slider(1, 3, value=1, label="stride", show_value=True)
    padding = mo.ui.slider(0, 2, value=0, label="padding", show_value=True)
    dilation = mo.ui.slider(1, 2, value=1, label="dilation", show_value=True)
    mo.hstack(
        [
            mo.vstack([rows, columns]),
            mo.vstack([kernel_rows, kernel_columns]),
            mo.vstack([stride, padding, dilation]),
        ],
        wrap=True,
    )
    return columns, dilation, kernel_columns, kernel_rows, padding, rows, stride


@app.cell
def window_of(columns, dilation, kernel_columns, kernel_rows, padding, rows, stride):
    kernel_size = (kernel_rows.value, kernel_columns.value)
    settings = {
        "stride": stride.value,
        "padding": padding.value,
        "dilation": dilation.value,
    }
    try:
        window = Window((rows.value, columns.value), kernel_size, **settings)
    except ValueError as refusal:
        mo.stop(True, mo.callout(mo.md(str(refusal)), kind="warn"))
    mo.plain_text(window.explain())
    return settings, window


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Unfold

    `im2col` writes every window down as one row.
    """)
    return


@app.cell
def unfolded(window):
    show(draw_window(window))
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Multiply

    With its windows written out, a convolution is one product of two matrices.
    """)
    return


@app.cell
def multiplied(settings, window):
    i, j = np.ogrid[: window.spatial[0], : window.spatial[1]]
    x = 10 * i + j
    w = np.arange(1, np.prod(window.kernel_size) + 1).reshape(window.kernel_size)
    X = im2col(x[None, :, :, None], window.kernel_size, **settings)
    y, cache = conv_forward(x[None, :, :, None], w[:, :, None, None], **settings)
    assert (X @ w.ravel() == y.ravel()).all()
    show(draw_product(x, w, **settings))
    return cache, w, y


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Fold

    Going back, every output sends its gradient to the pixels it was made of, and
    `col2im` adds up what arrives. Here the gradients of the outputs count 1, 2, 3.
    """)
    return


@app.cell
def folded(cache, settings, w, window, y):
    dy = np.arange(1, y.size + 1).reshape(y.shape)
    dX = dy.reshape(-1, 1) @ w.reshape(1, -1)
    dx, dw, _ = conv_backward(dy, cache)
    size = window.spatial, window.kernel_size
    show(draw_col2im(dX, *size, **settings, names=("dX", "dx")))
    return dw, dx


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Learn

    The same products, forward and backward, a few hundred times: a small network
    learns handwritten digits of 8 by 8 pixels. Which learning rate is too low, and
    which too high?
    """)
    return


@app.cell
def choices():
    epochs = mo.ui.slider(1, 10, value=2, label="epochs", show_value=True)
    rate = mo.ui.slider(
        steps=[0.00001, 0.0001, 0.001, 0.01, 0.1],
        value=0.001,
        label="learning rate",
        show_value=True,
    )
    images = mo.ui.slider(
        100, 1400, step=100, value=1000, label="images", show_value=True
    )
    mo.hstack([epochs, rate, images], wrap=True)
    return epochs, images, rate


@app.cell
def learned(epochs, images, rate):
    digits = read_dataset(DIGITS)
    rng = np.random.default_rng(0)
    network = small_cnn(digits.shape, len(digits.classes), pixel_maximum=16)
    network = network.build(digits.shape, rng=rng)
    tests, labels = digits.test
    seen, answers = [], []

    def ask(examples):
        seen.append(examples)
        answers.append(network.predict(tests).argmax(axis=1))

    def ask_now_and_then(at):
        step = (at.epoch - 1) * at.steps + at.step
        if step.bit_count() == 1:  # 1, 2, 4, 8 and so on
            ask((at.epoch - 1) * images.value + min(32 * at.step, images.value))

    ask(0)
    history = fit(
        network,
        digits.train.images[: images.value],
        digits.train.labels[: images.value],
        epochs=epochs.value,
        batch_size=32,
        optimizer=Adam(rate.value),
        rng=rng,
        on_step=ask_now_and_then,
    )
    if seen[-1] < epochs.value * images.value:
        ask(epochs.value * images.value)
    chosen = [int(np.argmax(labels == label)) for label in range(10)]
    evaluation = evaluate(network, *digits.test)
    losses = [at.batch_loss for at in history.steps]
    mo.vstack(
        [
            mo.md(
                f"**{evaluation.accuracy:.1%}** of {evaluation.images} digits it has "
                "never seen are recognised."
            ),
            mo.hstack(
                [
                    show(
                        draw_answers(
                            tests[chosen, :, :, 0],
                            labels[chosen],
                            np.array(answers)[:, chosen],
                            seen=seen,
                            right=[int((each == labels).sum()) for each in answers],
                            tested=len(labels),
                        )
                    ),
                    show(draw_learning(losses)),
                ],
                justify="start",
                wrap=True,
            ),
        ]
    )
    return evaluation, losses, seen


if __name__ == "__main__":
    app.run()
