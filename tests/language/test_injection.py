"""Nothing from a file is ever run: payloads are refused or stay inert text."""

import ast
from pathlib import Path

import pytest

from raphe.core.errors import InputError
from raphe.core.units import parse_quantity, parse_unit
from raphe.dosing.regimen import Regimen
from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.language.show import parameter_rows

SOURCE = Path(__file__).parents[2] / "src" / "raphe"
CANARY = "canary_of_the_injection_test"
PAYLOADS = [
    "__import__('os').system('touch {canary}')",
    "open('{canary}','w')",
    'eval(\'open("{canary}","w")\')',
    "exec('x=1')",
    "compile('1','','eval')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "__builtins__",
    "lambda: 0",
    "[i for i in ()]",
    "os.system('touch {canary}')",
    "subprocess.run('touch {canary}')",
    "getattr(x,'y')",
    "globals()",
    "locals()",
    "x := 3",
    "import os",
    "from os import system",
    "class X: pass",
    "def f(): pass",
    "print(1)",
    "f'{{1+1}}'",
    "{{0.__class__}}",
    "%s%n%x",
    "{{{{ 7*7 }}}}",
    "{{% for x in y %}}",
    "${{PATH}}",
    "$(touch {canary})",
    "`touch {canary}`",
    "; touch {canary}",
    "| touch {canary}",
    "&& touch {canary}",
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:\\Windows",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "' OR 1=1 --",
    "!!python/object/apply:os.system",
    "cos\nsystem\n(S'touch {canary}'\ntR.",
    "\x00",
    "\x1b[31m",
    "a\u202eb",
    "\u0430bs(1)",
    "\uff11+\uff11",
    "\u221e",
    "1_000",
    "0x10",
    "1e",
    "1j",
    "nan",
    "inf",
    "-inf",
    "1//2",
    "1**2",
    "x if x else y",
    "x and y",
    "not x",
    "x == y",
    "x[0]",
    "kg @ boltzmann",
    "kg as g",
    "ureg.define('x=1')",
    'mg; parameter y = 1 mg {{ assumed "z"; }}',
    "mg**99",
    "1 + 1 mg",
    "Quantity(1,'mg')",
]
SLOTS = {
    "name": 'module m {{ parameter {0} = 1 mg {{ assumed "t"; }} }}',
    "number": 'module m {{ parameter p = {0} mg {{ assumed "t"; }} }}',
    "unit": 'module m {{ parameter p = 1 {0} {{ assumed "t"; }} }}',
    "formula": "module m {{ quantity q : dimensionless = {0}; }}",
    "text": 'module m {{ parameter p = 1 mg {{ meaning "{0}"; assumed "t"; }} quantity q : mg = p; }}',
    "statement": "module m {{ {0} }}",
    "item": "{0}",
}


def test_the_corpus_is_large_enough():
    assert len(PAYLOADS) >= 60


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_refused_or_stays_text(tmp_path, monkeypatch, slot, payload):
    monkeypatch.chdir(tmp_path)
    text = payload.format(canary=CANARY)
    try:
        document = parse(SLOTS[slot].format(text), "payload")
        for module in document.modules:
            model = compose_module(module, Library(modules={}, sources={}))
            for row in parameter_rows(model):
                assert slot != "text" or row.meaning == text
    except InputError:
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("payload", [one for one in PAYLOADS if one != "1e"])  # one e: a charge
def test_units_doses_and_regimens_take_no_code(tmp_path, monkeypatch, payload):
    monkeypatch.chdir(tmp_path)
    text = payload.format(canary=CANARY)
    for read in (parse_unit, parse_quantity, Regimen.from_text):
        with pytest.raises(InputError):
            read(text)
    assert list(tmp_path.iterdir()) == []


def test_no_file_of_ours_runs_text_as_code():
    calls = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in (
                "eval",
                "exec",
                "compile",
                "__import__",
            ):
                calls.append((path.name, node.lineno, called.id))
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                if {"pickle", "marshal", "shelve", "dill"} & set(names):
                    calls.append((path.name, node.lineno, "pickle"))
    assert calls == []
