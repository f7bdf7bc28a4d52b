"""What a parameter is for, by its name, and what may be handed over for it.

People name the same thing in a hundred ways, and the same word means two things:
``channels`` are those of the images or the number of filters, a ``kernel_size`` is one
number, two, or the shape of all kernels. So a name has a role, and a role has choices,
the likeliest first; which one works is found out by tiny calls.
"""

from __future__ import annotations

import inspect
import re
from itertools import islice, product
from typing import Any, Iterator, Mapping

__all__ = [
    "CHOICES",
    "STEPS",
    "argument_lists",
    "parameters_in",
    "roles_of",
    "settings_for",
    "unnamed_in",
]

NAMES = {
    "x": (
        "x inputs input image images img a_prev input_data data inp input_image "
        "input_tensor x_in input_map conv_in orig matrix feature_map in_data i "
        "input_array original prev_layer_output a_previous im tensor arr "
        "origin_img orig_img origin l_in input_pad x_pad input_padded x_padded"
    ),
    "w": (
        "w filters filter filt kernel kernels weights weight fil conv_filter "
        "filter_weights wt theta w_conv curr_fil weight_matrix"
    ),
    "b": "b bias biases bias_vector conv_bias",
    "dy": (
        "dout d_out dz da dy dl_dout d_l_d_out grad grads grad_out grad_output delta "
        "output_gradient d_output dl_dy dl_dz dldz dconv_prev dpool dconv error "
        "output_error error_tensor grad_y grad_z upstream upstream_grad d_next dnext "
        "out_grad grad_input_from_next dh eta_next output_grad dldy dl gradient douts "
        "conv_prev top_diff dvalues delta_out output_delta deltas loss_gradient"
    ),
    "cache": "cache caches memory conv_cache pool_cache ctx saved",
    "settings": (
        "conv_param pool_param hparameters hparams hparam hyperparameters hparas "
        "hyperparams conv_params pool_params params param hyper_params hparameter "
        "hyper_parameters config options"
    ),
    "C": (
        "in_channels in_channel input_channels n_inputs channels_in in_ch c_in "
        "input_channel in_c num_channels n_channels n_in inchannels input_depth "
        "in_depth nb_channels_in in_features cin num_input_channels nchannels ic "
        "n_c_prev prev_channels input_num_channels num_in n_channel inc num_inputs "
        "channel_in number_of_channels inp_channels in_chan channels_num input_chan"
    ),
    "F": (
        "out_channels out_channel output_channels n_outputs num_filters n_filters "
        "filter_amount channels_out out_ch c_out num_kernels out_c n_out nb_filters "
        "outchannels output_depth num_filter filter_num output_channel kernel_num "
        "n_kernels num_kernel n_kernel kernels_num nb_filter nfilters filters_num "
        "filter_count cout oc num_out out_depth n_filter number_of_filters out_features"
        " num_output_channels n_c kernel_count number_filters features no_of_filters "
        "filter_number outc num_outputs channel_out f_num number_of_kernels out_chan"
    ),
    "KH": "filter_h kernel_h kh hh fh pool_h kernel_height filter_height pool_height",
    "KW": "filter_w kernel_w kw ww fw pool_w kernel_width filter_width pool_width",
    "K": (
        "kernel_size filter_size k ksize f kernel_dim kernelsize k_size filter_dim "
        "pool_size pool window_size window pooling_size fsize filtersize poolsize "
        "size_kernel size_filter kernal_size field receptive_field kernel_dims "
        "filter_length pool_dim dim pool_kernel_size"
    ),
    "shape": "kernel_shape filter_shape pool_shape pooling_shape weight_shape shape",
    "stride": "stride strides step s strd stride_size",
    "padding": "padding paddings pad pads p pad_size padding_size",
    "input_shape": (
        "input_shape in_shape input_dim image_shape shape_in img_shape inputshape "
        "input_dims x_shape inp_shape input_dimensions input_dimension prev_input "
        "previnput prev_shape"
    ),
    "output_shape": "output_shape output_size out_shape out_size output_dim out_dim",
    "side": "in_size input_size image_size img_size inp_size",
    "H": "input_height in_height height h h_in image_height in_h input_h img_h",
    "W": "input_width in_width width w_in image_width in_w input_w img_w",
    "N": "batch_size batchsize batch n_batch",
    "step": (
        "learning_rate lr learn_rate alpha eta step_size learningrate l_rate rate"
    ),
    "activation": (
        "activation act activation_function act_fn nonlinearity activate activation_fn "
        "activation_func act_func activation_type activ non_linearity"
    ),
    "slope": (
        "activation_prime activation_derivative derivative act_prime d_activation "
        "activation_deriv derivative_function activation_grad"
    ),
    "mode": "mode pool_type pooling_type pool_mode type method kind pooling",
    "name": "name layer_name id label layer_id index",
    "seed": "seed random_seed random_state",
    "train": (
        "training train is_train is_training train_flg return_grads save_cache "
        "store_cache keep_cache cache_input"
    ),
    "optimizer": "optimizer optimiser optim opt",
    # Two roles, by what else there is.
    "C or F": "channels channel chans n_maps maps num_maps",
    "F or C": "depth",
    "K or x": "size",
}
# Of which the step is the whole gradient.
OPTIMIZER = "type('Plain', (), {'update': staticmethod(lambda w, grad: w - grad)})"
NO_ACTIVATION = ("None", "'linear'", "'none'", "lambda z: z")
CHOICES = {
    "C": ("C",),
    "F": ("F",),
    "KH": ("KH",),
    "KW": ("KW",),
    "K": ("K", "(KH, KW)"),
    "shape": (
        "(KH, KW)",
        "K",
        "(F, C, KH, KW)",
        "(KH, KW, C, F)",
        "(KH, KW, F)",
        "(F, KH, KW)",
        "(C, KH, KW)",
    ),
    "stride": ("stride", "(stride, stride)"),
    "padding": ("padding", "(padding, padding)"),
    "input_shape": ("(C, *spatial)", "(*spatial, C)", "spatial", "x_shape", "C"),
    "side": ("(C, *spatial)", "(*spatial, C)", "spatial", "x_shape", "spatial[0]"),
    "output_shape": ("(OH, OW)",),
    "H": ("spatial[0]",),
    "W": ("spatial[1]",),
    "N": ("N",),
    "step": ("1.0",),
    "activation": NO_ACTIVATION,
    "slope": ("lambda z: 1.0",),
    "mode": ("'max'",),
    "name": ("'layer'",),
    "seed": ("0",),
    "train": ("True",),
    "optimizer": (OPTIMIZER,),
    "C or F": ("C", "F"),
    "F or C": ("F", "C"),
    "K or x": ("K", "(KH, KW)"),
}
DEPTHS = "channels channel c ch chan depth dim features feats maps planes"
FILTERS = "filters filter kernels kernel"
# Of names that are not in the table: a part of each set is in them.
PARTS = (
    ("stride", "stride strides"),
    ("padding", "pad padding"),
    ("step", "lr learning"),
    ("activation", "activation act"),
    ("input_shape", "in input image img inp orig original data x z a", "shape dims"),
    ("C", "in input inp prev previous", f"{DEPTHS} {FILTERS}"),
    ("F", "out output next", f"{DEPTHS} {FILTERS}"),
    ("F", "num n nb no number count amount", FILTERS),
    ("K", f"{FILTERS} window pool", "size s dim width len length k"),
    ("C or F", "channels channel"),
    ("dy", "grad gradient error delta dout dz dy upstream"),
)
STEPS = NAMES["step"].split()
KEYS = {
    "stride": "stride",
    "pad": "padding",
    "padding": "padding",
    "f": "K",
    "F": "K",
    "k": "K",
    "s": "stride",
    "p": "padding",
    "S": "stride",
    "P": "padding",
    "pool_height": "KH",
    "pool_width": "KW",
    "height": "KH",
    "width": "KW",
    "pool_stride": "stride",
    "filter_stride": "stride",
    "pad_size": "padding",
    "pool_size": "K",
    "kernel_size": "K",
    "filter_size": "K",
    "channels": "F",
    "num_filters": "F",
    "n_filters": "F",
}
# What has a default may be left as it is.
SPARED = ("name", "seed", "mode", "N", "input_shape", "side", "optimizer")
MANY = 64  # lists of arguments that are tried, at most
ROLES = {name: role for role, names in NAMES.items() for name in names.split()}


def roles_of(name: str) -> tuple[str, ...]:
    """
    Return what a parameter may be for: one role, two, or none that is known.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.roles import roles_of
    >>> roles_of("num_filters"), roles_of("channels"), roles_of("mystery")
    (('F',), ('C', 'F'), ())
    """
    its_role = role(name)
    return tuple(its_role.split(" or ")) if its_role else ()


def role(name: str) -> str:
    """Return the role of a parameter, by its name or parts of it."""
    known = ROLES.get(name.lower().strip("_"))
    if known is not None:
        return known
    parts = set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))
    return next(
        (r for r, *some in PARTS if all(parts & {*p.split()} for p in some)), ""
    )


def settings_for(names: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a dict of settings with the keys that functions of a file mention."""
    said: set[str] = set()
    codes = [value.__code__ for value in names.values() if hasattr(value, "__code__")]
    codes += [
        method.__code__
        for value in names.values()
        if inspect.isclass(value)
        for method in vars(value).values()
        if hasattr(method, "__code__")
    ]
    while codes:
        code = codes.pop()
        said.update(const for const in code.co_consts if isinstance(const, str))
        codes += [const for const in code.co_consts if inspect.iscode(const)]
    given = [f"'{key}': {value}" for key, value in KEYS.items() if key in said]
    return (f"{{{', '.join(given)}}}",) if given else ()


def parameters_in(function: Any) -> list[inspect.Parameter]:
    """Return the parameters that a call can name, without ``self``; none if unknown."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        parameter
        for parameter in found
        if parameter.kind in named and parameter.name != "self"
    ]


def unnamed_in(function: Any) -> list[str]:
    """
    Return the parameters whose names tell nothing, and which are ints by default.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.roles import unnamed_in
    >>> def convolve(x, w, stride=1, border=0, eps=1e-8, verbose=False): ...
    >>> unnamed_in(convolve)
    ['border']
    """
    return [
        each.name
        for each in parameters_in(function)
        if type(each.default) is int and not roles_of(each.name)
    ]


def choices_for(parameter: inspect.Parameter, more: Any) -> list[str]:
    """Return what may be handed over for a parameter, ``""`` for its default."""
    has_default = parameter.default is not parameter.empty
    its_role = role(parameter.name)
    choices = list(more.get(its_role, CHOICES.get(its_role, ())))
    default = parameter.default
    if not choices:
        return [""] if has_default else []
    if its_role == "activation" and has_default:
        return ["", *choices] if default is None else [*choices, ""]
    if its_role == "padding" and isinstance(default, (str, bool)):
        return ["", "'valid'"] if default == "same" else [""]
    if its_role in SPARED and has_default:
        return [*choices, ""] if its_role == "mode" else ["", *choices]
    return choices


def argument_lists(
    function: Any, more: Any = None, skip: int = 0, given: tuple[str, ...] = ()
) -> Iterator[str]:
    """
    Yield the arguments that a function or class may take, the likeliest first.

    Parameters
    ----------
    function : callable
    more : mapping, optional
        From a role to choices that are not those of `CHOICES`.
    skip : int
        How many parameters get something else.
    given : tuple of str
        For each parameter what it gets, or ``""`` where its name decides.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.roles import argument_lists
    >>> def layer(in_channels, num_filters, kernel_size, padding="valid"): ...
    >>> list(argument_lists(layer))
    ['in_channels=C, num_filters=F, kernel_size=K', \
'in_channels=C, num_filters=F, kernel_size=(KH, KW)']
    """
    parameters = parameters_in(function)[skip:]
    more = dict(more or {})
    known = {role for each in parameters for role in roles_of(each.name)}
    if "C" in known:
        more.setdefault("input_shape", ("spatial", *CHOICES["input_shape"]))
    if "F" in known and not known & {"K", "KH", "KW", "shape", "w"}:
        more.setdefault("H", ("K", *CHOICES["H"]))  # then of the kernel
        more.setdefault("W", ("K", *CHOICES["W"]))
    choices = [choices_for(parameter, more) for parameter in parameters]
    for n, fixed in enumerate(given):
        choices[n] = [fixed.partition("=")[2]] if fixed else choices[n]
    for chosen in islice(product(*choices), MANY):
        yield ", ".join(
            f"{parameter.name}={value}"
            for parameter, value in zip(parameters, chosen)
            if value
        )
