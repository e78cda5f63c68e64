"""Small SBML documents, written as short as they can be, and their courses."""

import libsbml

from raphe.engine.solve import Options
from raphe.exchange.sbml import read_sbml
from raphe.study.alone import simulate_model

SPACES = {
    (2, 4): "http://www.sbml.org/sbml/level2/version4",
    (3, 1): "http://www.sbml.org/sbml/level3/version1/core",
    (3, 2): "http://www.sbml.org/sbml/level3/version2/core",
}
ROOM = '<compartment id="room" size="2" constant="true" spatialDimensions="3"/>'


def math(formula):
    """MathML of a formula in libsbml's infix."""
    tree = libsbml.parseL3Formula(formula)
    assert tree is not None, libsbml.getLastParseL3Error()
    text = libsbml.writeMathMLToString(tree)
    return text.partition("?>")[2] if text.startswith("<?xml") else text


def parameter(name, value=None, *, constant=False):
    given = "" if value is None else f' value="{value}"'
    return f'<parameter id="{name}"{given} constant="{str(constant).lower()}"/>'


def species(name, start, *, kind="Concentration", only="false", boundary="false", extra=""):
    return (
        f'<species id="{name}" compartment="room" initial{kind}="{start}" hasOnlySubstanceUnits="{only}" '
        f'boundaryCondition="{boundary}" constant="false"{extra}/>'
    )


def rule(kind, name, formula):
    return f'<{kind}Rule variable="{name}">{math(formula)}</{kind}Rule>'


def start(name, formula):
    return f'<initialAssignment symbol="{name}">{math(formula)}</initialAssignment>'


def reaction(name, law, *, used=(), made=(), local=()):
    """A reaction; participants are names, or (name, stoichiometry)."""

    def side(what, parts):
        parts = [part if isinstance(part, tuple) else (part, "1") for part in parts]
        inner = "".join(
            f'<speciesReference species="{one}" stoichiometry="{count}" constant="true"/>'
            for one, count in parts
        )
        return f"<{what}>{inner}</{what}>" if parts else ""

    numbers = "".join(f'<localParameter id="{one}" value="{value}"/>' for one, value in local)
    numbers = f"<listOfLocalParameters>{numbers}</listOfLocalParameters>" if numbers else ""
    return (
        f'<reaction id="{name}" reversible="false" fast="false">{side("listOfReactants", used)}'
        f"{side('listOfProducts', made)}<kineticLaw>{math(law)}{numbers}</kineticLaw></reaction>"
    )


def event(name, trigger, *, initially="true", extra="", **assignments):
    inner = "".join(
        f'<eventAssignment variable="{one}">{math(formula)}</eventAssignment>'
        for one, formula in assignments.items()
    )
    return (
        f'<event id="{name}" useValuesFromTriggerTime="true">'
        f'<trigger initialValue="{initially}" persistent="true">{math(trigger)}</trigger>{extra}'
        f"<listOfEventAssignments>{inner}</listOfEventAssignments></event>"
    )


def function(name, definition):
    return f'<functionDefinition id="{name}">{math(f"lambda({definition})")}</functionDefinition>'


LISTS = (
    ("FunctionDefinitions", "<functionDefinition"),
    ("Compartments", "<compartment"),
    ("Species", "<species "),
    ("Parameters", "<parameter"),
    ("InitialAssignments", "<initialAssignment"),
    ("Rules", ("<assignmentRule", "<rateRule", "<algebraicRule")),
    ("Reactions", "<reaction"),
    ("Events", "<event"),
)


def document(*parts, level=3, version=1, model=""):
    """A document of parts in any order."""
    text = ""
    for name, opening in LISTS:
        inner = "".join(part for part in parts if part.startswith(opening))
        text += f"<listOf{name}>{inner}</listOf{name}>\n" if inner else ""
    space = SPACES[level, version]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    head += f'<sbml xmlns="{space}" level="{level}" version="{version}">\n'
    return f'{head}<model id="small"{model}>\n{text}</model>\n</sbml>\n'


class Sbml:
    """Writes documents to files and runs them."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, *parts, **how):
        path = self.folder / "small.xml"
        path.write_text(document(*parts, **how), encoding="utf-8")
        return path

    def read(self, *parts, **how):
        return read_sbml(self.file(*parts, **how))

    def courses(self, *parts, times, relative=1e-10, fixed=None, **how):
        """Name -> values at the times, which do not count the start."""
        model = self.read(*parts, **how)
        options = Options(relative=relative, absolute=1e-3 * relative)
        data = simulate_model(model, [0.0, *times], options=options, fixed=fixed)
        assert int(data["status"][0]) == 0
        return {str(name): data[name].values[0, 1:] for name in data.data_vars}
