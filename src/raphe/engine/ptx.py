"""Program -> PTX, text for graphics cards: the kernel of one lane, and an entry that gives each thread a subject.

The functions are those that every processor runs, with each rounding written out, and nothing is approximated.
Needs no card, and knows nothing of them (`gpu`).
"""

from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir

from raphe.engine.control import Control, whole
from raphe.engine.emit import emit, shape_of
from raphe.engine.emit_slopes import emit_slopes
from raphe.engine.lane_memory import ARGUMENTS, KINDS, memory_vectors
from raphe.engine.lanes import emit_driver
from raphe.engine.program import Program
from raphe.engine.rosenbrock import RODAS5P, Rosenbrock
from raphe.engine.vector import DOUBLE, INTEGER
from raphe.engine.writer import Shape

ENTRY = "run_subjects"
GIVEN = tuple(
    (name, kind) for name, kind in ARGUMENTS if name != "memory"
)  # arguments of the entry
PROCESSOR = "sm_80"  # and all later ones
_TRIPLE = "nvptx64-nvidia-cuda"
_OPTIMIZATION = 1  # as for processors; the driver of the card optimizes once more


def emit_ptx(program: Program, *, method: Rosenbrock = RODAS5P, processor: str = PROCESSOR) -> str:
    """Write a program as text for graphics cards. Needs none.

    Parameters
    ----------
    program
        What to compute.
    method
        How to step.
    processor
        The earliest generation of cards that must run it.

    Returns
    -------
    str
        With one entry, `run_subjects`: it takes what `lane_memory.ARGUMENTS` lists, but for the memory.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(_TRIPLE)
    machine = target.create_target_machine(cpu=processor, opt=_OPTIMIZATION)
    module = ir.Module("raphe")
    module.triple, module.data_layout = _TRIPLE, str(machine.target_data)
    shape = shape_of(program, method, 1)
    emitted = emit(program, method, shape, module)
    emit_slopes(emitted, method)
    emit_driver(emitted, method)
    _emit_entry(module, shape)
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_new_gvn_pass()
    passes.add_instruction_combine_pass()
    passes.add_dead_code_elimination_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(parsed, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return str(machine.emit_assembly(parsed))


def strides(shape: Shape) -> dict[str, int]:
    """By how many items the arrays that have a part for each subject move on with it; the others stay."""
    alone = ("begin", "end", "edge_first", "sample_first", "sample_last", "row_first")
    ended = {"status": 1, "reached": 1, "steps": 2}
    return {"parameters": shape.parameters, **dict.fromkeys(alone, 1), **ended}


def _emit_entry(module: ir.Module, shape: Shape) -> None:
    """Thread t runs subject t alone, if there is one, in memory of its own, which the card lays out side by side."""
    run = module.globals["run"]
    run.linkage = "internal"
    run.attributes.add("alwaysinline")  # then it is seen which memory is whose
    signature = ir.FunctionType(ir.VoidType(), [KINDS[kind] for _, kind in GIVEN])
    function = ir.Function(module, signature, ENTRY)
    function.calling_convention = "ptx_kernel"
    control = Control(function)
    builder = control.builder
    block, size, thread = (_special(control, name) for name in ("ctaid", "ntid", "tid"))
    subject = builder.add(builder.mul(block, size), thread)
    given = {name: value for (name, _), value in zip(GIVEN, function.args, strict=True)}
    memory = control.local(DOUBLE, memory_vectors(shape))
    with builder.if_then(builder.icmp_signed("<", subject, given["count"])):
        for name, stride in strides(shape).items():
            given[name] = control.item(given[name], builder.mul(subject, whole(stride)))
        given |= {"count": whole(1), "memory": memory}
        builder.call(run, [given[name] for name, _ in ARGUMENTS])
    builder.ret_void()


def _special(control: Control, name: str) -> ir.Value:
    """A register of the card that tells a thread who it is."""
    kind = ir.FunctionType(ir.IntType(32), [])
    function = ir.Function(control.builder.module, kind, f"llvm.nvvm.read.ptx.sreg.{name}.x")
    return control.builder.zext(control.builder.call(function, []), INTEGER)
