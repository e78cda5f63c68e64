"""Pages of docs/ -> build/docs-source, ready for Sphinx: with what their code prints and draws, and the README first.

`python docs/build.py FOLDER` makes the folder anew. Every block that begins with ```python is run, the blocks of a page
after each other in one process; a block that fails, or a figure without a label for those who do not see it, stops the
build. A block that is not to be run begins with ```python norun.
"""

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

import raphe

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
LIMIT = 300.0  # s for all blocks of a page


def executed(text: str, name: str, pictures: Path) -> str:
    """A page with the output of each block below it.

    Parameters
    ----------
    text
        In Markdown.
    name
        Of the page, for its pictures and for messages.
    pictures
        Folder that gets them.

    Returns
    -------
    str
        The page itself if it has no block.

    Raises
    ------
    RuntimeError
        If a block fails, with what it said.
    """
    blocks = BLOCK.findall(text)
    if not blocks:
        return text
    done = subprocess.run(  # noqa: S603, our own interpreter and our own pages
        [sys.executable, str(DOCS / "build.py"), "--run", name, str(pictures.resolve())],
        input=json.dumps(blocks),
        capture_output=True,
        cwd=DOCS.parent,  # as a reader runs them, from the root of the project
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        message = f"{name}: a block of the page failed\n{done.stderr}"
        raise RuntimeError(message)
    found = iter(json.loads(done.stdout.splitlines()[-1]))
    return BLOCK.sub(lambda block: block.group() + _shown(next(found)), text)


def _shown(found: dict) -> str:
    """What a block printed and drew, in Markdown."""
    text = ""
    if found["printed"].strip():
        text += f"\n:::{{container}} output\n```text\n{found['printed'].rstrip()}\n```\n:::\n"
    for file, label in found["pictures"]:
        text += f"\n![{label}](/pictures/{file})\n"
    return text


def run_blocks(name: str, pictures: Path, blocks: list[str]) -> list[dict]:
    """Run the blocks of one page in order; what each printed, and the pictures that it left open."""
    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "raphe", "svg.fonttype": "none", "figure.dpi": 72})
    mpl.rcParams.update({"axes.spines.right": False, "axes.spines.top": False})
    space: dict[str, object] = {"__name__": "__main__"}
    found, count = [], 0
    for number, block in enumerate(blocks, start=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, f"{name}, block {number}", "exec"), space)  # noqa: S102, our pages
        drawn = []
        for figure in map(plt.figure, plt.get_fignums()):
            label = str(figure.get_label())
            if not label:
                message = f"{name}, block {number}: a figure needs a label, plt.subplots(num=...)"
                raise ValueError(message)
            count += 1
            file = f"{name.replace('/', '-')}-{count}.svg"
            figure.savefig(pictures / file, metadata={"Date": None}, bbox_inches="tight")
            drawn.append((file, label))
        plt.close("all")
        found.append({"printed": printed.getvalue(), "pictures": drawn})
    return found


def public_names() -> Iterator[str]:
    """A directive of Sphinx for each public name of raphe."""
    for name in raphe.__all__:
        thing = getattr(raphe, name)
        yield f".. {'autoclass' if isinstance(thing, type) else 'autofunction'}:: raphe.{name}"


def start_page() -> str:
    """The README, with its pictures where they are seen from docs/, and the table of contents."""
    text = (DOCS.parent / "README.md").read_text("utf-8").replace("](docs/", "](")
    return f"{text}\n{(DOCS / 'index.md').read_text('utf-8')}"


def build(folder: Path) -> None:
    """Make the folder that Sphinx reads."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py", "index.md"))
    shutil.copy(DOCS / "conf.py", folder)
    shutil.copy(DOCS / "raphe_lexer.py", folder)
    pictures = folder / "pictures"
    pictures.mkdir()
    (folder / "index.md").write_text(start_page(), encoding="utf-8")
    listed = (folder / "api.md").read_text("utf-8").replace("NAMES", "\n".join(public_names()))
    (folder / "api.md").write_text(listed, encoding="utf-8")
    # The block of the README takes as long as all others together: tests/test_readme.py runs it.
    pages = [page for page in sorted(folder.rglob("*.md")) if page.name != "index.md"]

    def run(page: Path) -> None:
        name = page.relative_to(folder).with_suffix("").as_posix()
        page.write_text(executed(page.read_text("utf-8"), name, pictures), encoding="utf-8")

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(run, pages))


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        answer = run_blocks(sys.argv[2], Path(sys.argv[3]), json.load(sys.stdin))
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        build(Path(sys.argv[1]).resolve())
