# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The two engines that are compared: LiteRT's reference kernels, and this library."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import piecewise
from mobilenet_c import DTYPES, ROOT, Model, Refused, Session, library, tiers

__all__ = ["DTYPES", "FLOAT_TOLERANCE", "Model", "ROOT", "Refused", "Session", "difference", "library", "litert",
           "litert_run", "tiers"]


def litert(model, keep_tensors=True, resolver=OpResolverType.BUILTIN_REF):
    """An allocated LiteRT interpreter of the model in `model` (bytes). Operators that BUILTIN_REF lacks (ELU, TILE of
    int16) run in LiteRT's other kernels, the rest of the model in the reference kernels all the same."""
    try:
        interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver,
                                  experimental_preserve_all_tensors=keep_tensors, num_threads=1)
    except ValueError as reason:
        missing = piecewise.lacking(reason)
        if missing is None or resolver != OpResolverType.BUILTIN_REF:
            raise
        return piecewise.PiecewiseInterpreter(model, missing)
    interpreter.allocate_tensors()
    return interpreter


def litert_run(interpreter, inputs):
    """Outputs of one run, in model order."""
    for detail, value in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


FLOAT_TOLERANCE = 1e-5  # of the largest magnitude in the expected tensor


def difference(expected, actual, tolerance=FLOAT_TOLERANCE):
    """None when equal (float: within `tolerance` of the largest), else a sentence about the first difference."""
    if expected.shape != actual.shape:
        return "shape %s, expected %s" % (list(actual.shape), list(expected.shape))
    if expected.dtype != actual.dtype:
        return "type %s, expected %s" % (actual.dtype, expected.dtype)
    if expected.size == 0:
        return None
    if np.issubdtype(expected.dtype, np.floating):
        finite = np.isfinite(expected)
        limit = tolerance * np.max(np.abs(expected[finite]), initial=0)
        with np.errstate(invalid="ignore"):
            close = np.abs(expected.astype(np.float64) - actual.astype(np.float64)) <= limit
        same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
        wrong = ~np.where(finite, close, same)
    else:
        wrong = expected != actual
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    return "%d of %d elements differ, first at %s: %s, expected %s" % (
        np.count_nonzero(wrong), wrong.size, list(where), actual[where], expected[where])
