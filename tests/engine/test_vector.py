"""Building blocks that no formula reaches: the root of the step control."""

import ctypes

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from raphe.engine.vector import POINTER, Vector, inverse_root


def root_function(width, degree):
    """x[width] -> x^(-1/degree)[width], in place, compiled for this processor."""
    module = ir.Module("roots")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER]), "root")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    vector, (place,) = Vector(builder, width), function.args
    vector.store(inverse_root(vector, vector.load(place, 0), degree), place, 0)
    builder.ret_void()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("root"))
    call.owner = engine  # keeps the code
    return call


@pytest.mark.parametrize("degree", [8, 10])
@pytest.mark.parametrize("width", [1, 4])
def test_the_root_of_the_step_control_has_six_digits(width, degree):
    function = root_function(width, degree)
    argument = np.geomspace(1e-12, 1e12, 4000)
    found = argument.copy().reshape(-1, width)
    for row in found:
        function(row.ctypes.data)
    assert np.abs(found.ravel() * argument ** (1.0 / degree) - 1.0).max() < 1e-6


def test_the_root_never_rises():
    function = root_function(1, 10)
    argument = np.concatenate([2.0**k * (1.0 + np.arange(-8, 9) * 2.0**-20) for k in range(-9, 9)])
    found = argument.copy().reshape(-1, 1)
    for row in found:
        function(row.ctypes.data)
    assert (np.diff(found.ravel()) <= 0.0).all()
