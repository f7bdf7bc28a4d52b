"""Say the words of pictures in Chinese, for the Chinese pages of the notes."""

import re
from collections.abc import Callable

from im2col_cnn.pictures.svg import LANGUAGE

__all__ = ["drawn_in_chinese", "in_chinese"]

# What a picture says, as a pattern of all of it, and the same in Chinese.
PHRASES = {
    # settings and names
    r"kernel (\S+), stride (\S+), padding (\S+)": r"卷积核 \1，步长 \2，填充 \3",
    r"kernel (\S+), stride (\S+)": r"卷积核 \1，步长 \2",
    r"columns\u2002(.*)": "列矩阵\u2002\\1",
    r"image\u2002(.*)": "图像\u2002\\1",
    r"x\u2002(\S+), padded to (\S+)": "x\u2002\\1，填充成 \\2",
    r"window (.*)": r"窗口 \1",
    # im2col and col2im
    r"im2col: every window becomes one row": "im2col：每个窗口成为一行",
    r"(\d+) windows of (\d+) pixels: a matrix of \d+ rows": (
        r"\1 个窗口，每个 \2 个像素：矩阵有 \1 行"
    ),
    r"A window of (\d+) pixels slides over an image of (\S+) pixels .* stops (\d+) "
    r"times\..* (\d+) rows and (\d+) columns\.": (
        r"\1 个像素的窗口按阅读顺序在 \2 的图像上滑动，停 \3 次。"
        r"窗口下的像素飞到右边，成为 \4 行 \5 列的矩阵的一行。"
    ),
    r"col2im: rows go back, and add up": "col2im：每一行回到原处，加在那里",
    r"the small number counts the terms that a pixel got": "小字：像素收到了几个数",
    r"The (\d+) rows of a matrix fly back, .* image of (\S+) pixels\. .* up to (\d+) "
    r"terms, and (\d+) pixels get none\.": (
        r"矩阵的 \1 行依次飞回 \2 的图像上的各个窗口。"
        r"窗口重叠的地方，收到的数加在一起："
        r"一个像素最多收到 \3 个数，有 \4 个像素一个也收不到。"
    ),
    # gradients
    r"Both gradients, by channels and filters": "两个梯度，按通道和卷积核分开",
    r"dx adds up over windows and filters, dw over windows": (
        "dx 对窗口和卷积核求和，dw 对窗口求和"
    ),
    r"dx of (\S+) pixels with (\d+) channels, (\d+) filters of (\S+)\. .* stops at "
    r"(\d+) windows, .*": (
        r"\1 的图像的 dx，有 \2 个通道；\3 个 \4 的卷积核。"
        r"dw 对每个通道、每个卷积核各有一面，"
        r"dy 对每个卷积核有一面；框依次停在 \5 个窗口，所有通道同时。"
    ),
    r"Forward and backward: three products, one way to fit": (
        "前向和反向：三个乘积，只有一种摆法"
    ),
    r"forward: unfold x, multiply": "前向：展开 x，相乘",
    r"backward to the kernel: multiply": "反向，到卷积核：相乘",
    r"backward to the image: multiply, fold": "反向，到图像：相乘，折回",
    r"(\w+), reshaped(.*)": r"\1，改变形状\2",
    r"dx by col2im(.*)": r"col2im 得 dx\1",
    r"Three products of matrices\. .*": (
        "三个矩阵乘积。前向：X 乘 W 得 Y。反向：X 的转置乘 dY 得 dW；"
        "dY 乘 W 的转置得 dX，col2im 再把它折回图像的形状。"
    ),
    # pooling
    r"Max pooling: the winner gets dy": "最大池化：最大的像素得到 dy",
    r"forward: a ring marks the winners; backward: dy goes to them": (
        "前向：圈出最大的像素；反向：dy 给它们"
    ),
    r"the first winner takes it": "第一个最大的全得",
    r"all winners share it": "并列最大的平分",
    r"each takes it in full": "并列最大的各得全部",
    r"(\d+) windows of an image each keep their largest pixel\. .* (\d+) of them .*": (
        r"图像的 \1 个窗口各留下最大的像素。反向时，每个窗口把梯度送给它。"
        r"\2 个窗口里有并列最大的：第一个全得，或者平分，或者各得全部。"
    ),
    r"An average gives equal shares": "平均池化：各得相等的一份",
    r"each number of dy is cut into as many shares as": "dy 的每个数切成几份：",
    r"its window reads pixels; small: how many shares": (
        "窗口读几个像素就几份；小字：收到几份"
    ),
    r"one share": "一份",
    r"(dy\[.*\]): one share is (.*)": r"\1：一份是 \2",
    r"Each of (\d+) numbers of dy is divided .* an image of (\S+) gets up to (\d+) "
    r"shares\.": (
        r"dy 的 \1 个数各除以窗口读到的像素个数，每个像素得一份。"
        r"窗口重叠的地方，份额相加："
        r"\2 的图像的一个像素最多收到 \3 份。"
    ),
    # rows and columns
    r"h and w swapped, on (\S+) pixels": r"把 h 和 w 写反，图像 \1",
    r"solid: the window, (.*)": r"实线：窗口 \1",
    r"dashed: the swapped slice, (.*)": r"虚线：写反的切片 \1",
    r"meant": "本来的",
    r"read, swapped": "写反后读到的",
    r"no error, yet (\d+) of (\d+) windows are wrong": (
        r"不报错，但 \2 个窗口里有 \1 个是错的"
    ),
    r"(\d+) of (\d+) pixels do not exist: an error": r"\2 个像素里有 \1 个不存在：报错",
}
SWAPPED = re.compile(
    r"A window of (\S+) stops (\d+) times on an image of (\S+) pixels\. .* at (\d+) "
    r"stops; (.*)\."
)
CODE = re.compile(r"[\d\s\W]|im2col|col2im|ties|first|split|all|d?[xyw]|d?[XYW]ᵀ?|h")


def in_chinese(words: str) -> str:
    """Return words of a picture in Chinese, and code as it is."""
    swapped = SWAPPED.fullmatch(words)
    if swapped:
        kernel, windows, image, others, end = swapped.groups()
        return (
            f"{kernel} 的窗口在 {image} 的图像上停 {windows} 次。行列写反的切片"
            f"有 {others} 次读到别处的像素；{in_chinese(end)}。"
        )
    for pattern, chinese in PHRASES.items():
        match = re.fullmatch(pattern, words)
        if match:
            return match.expand(chinese)
    if CODE.sub("", words):
        message = f"no Chinese words for {words!r}: add them to {__name__}.PHRASES"
        raise ValueError(message)
    return words


def drawn_in_chinese(draw: Callable[[], str]) -> str:
    """Draw a picture whose words are Chinese."""
    before = LANGUAGE.set(in_chinese)
    try:
        return draw()
    finally:
        LANGUAGE.reset(before)
