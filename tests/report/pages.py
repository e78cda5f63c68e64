"""The pages of raphe from canned numbers, for browsers to look at. No test is in here."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import answers as made

from raphe.library.catalog import load_catalog
from raphe.report.judgment import render_judgments
from raphe.report.page import render_page
from raphe.report.taper import render_taper
from raphe.study.claim_file import read_claims
from raphe.study.claims import EvidenceState, FormResult, Judgment, ModelState, Verdict
from raphe.study.holding import Held
from raphe.study.taper_comparison import Compared, TaperReport
from raphe.study.taper_file import load_tapers
from raphe.study.tapering import Tried, published, read_habit

ROOT = Path(__file__).parents[2]
PEOPLE = 20


def answer_page() -> str:
    """Everything that an answer page may hold, a failure too."""
    return render_page(made.make_answer(failures=(made.failure(),)))


def judgment_page() -> str:
    """The statements of the article, with verdicts made up so that each kind is there."""
    catalog = load_catalog()
    file = read_claims(ROOT / "claims" / "clonazepam-article.yaml", catalog)
    evidence, model, verdicts = tuple(EvidenceState), tuple(ModelState), tuple(Verdict)
    found = []
    for k, claim in enumerate(file.claims):
        forms = ()
        if claim.experiment is not None:
            forms = tuple(
                FormResult(
                    form=form, change=made.interval(-0.3, -0.1, 0.05), holds=0.7, relative=True
                )
                for form in ("as it stands", "terminal: serotonin_terminal_2010")
            )
        found.append(
            Judgment(
                claim=claim,
                evidence=evidence[k % len(evidence)],
                model=model[k % len(model)],
                forms=forms,
                decides=("inhibition.weight", "site.scale") if forms else (),
                verdict=verdicts[k % len(verdicts)],
            )
        )
    return render_judgments(
        file, found, catalog.library.sources, seed=1, command="raphe judge claims.yaml"
    )


def taper_page() -> str:
    """Published ways to stop, with peaks made up: the longer, the lower."""
    catalog = load_catalog()
    shelf, habit = load_tapers(catalog), read_habit("clonazepam", "1 mg twice a day", "3 months")
    spread = np.geomspace(0.3, 3.0, PEOPLE)

    def tried(schedule, factor=1.0):
        peaks = factor * 0.2 / (1.0 + schedule.days / 20.0) * spread
        return Tried(schedule=schedule, peaks=peaks, objective=peaks + schedule.days / 700.0)

    compared = []
    for rule, schedule in published(shelf, habit):
        turns = np.ones((PEOPLE, max(len(schedule.steps), 1)), dtype=np.int64)
        turns[:3] = 2
        days = np.full(PEOPLE, schedule.days, dtype=np.int64)
        held = Held(
            schedule=schedule, turns=turns, peaks=0.9 * tried(schedule).peaks, days=days + 7
        )
        compared.append(
            Compared(
                rule=rule,
                tried=tried(schedule),
                missed=tried(schedule, 1.3),
                rival=tried(schedule, 2.0),
                held=held,
            )
        )
    front = tuple(sorted((one.tried for one in compared), key=lambda one: one.schedule.days))
    report = TaperReport(
        habit=habit,
        least=shelf.least["clonazepam"],
        price=0.01,
        people=PEOPLE,
        compared=tuple(compared),
        best=front[-1].schedule,
        front=front,
        holding=shelf.holding,
        command="raphe taper --drug clonazepam",
    )
    return render_taper(report, catalog.library.sources)


PAGES = {"answer": answer_page, "judgment": judgment_page, "taper": taper_page}
