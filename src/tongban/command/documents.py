"""The documents that are generated: the state diagram from STEPS, the traceability from the tests' marks,
and what the product is built of from its locks.

`python -m tongban.command.documents` writes them; with `--check` it fails when one is stale.
"""

import argparse
import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tongban.command import licences

CHECKOUT = Path(__file__).resolve().parents[3]
TESTS = CHECKOUT / "tests"
DIAGRAM = CHECKOUT / "docs/reference/states.md"
TRACEABILITY = CHECKOUT / "docs/traceability.md"
_KIND = re.compile(r"^([A-Z]+)(\d+)(.*)$")
_KINDS = {
    "P": "工作规程 (articles)",
    "W": "工作要点 (work points)",
    "F": "The attached forms",
    "N": "The forwarding notice",
}


def diagram() -> str:
    """Give the state diagram and the tables of states and duties, as Markdown with Mermaid."""
    from tongban.cases.states import BEGINNINGS, DUTIES, FINAL, STATES, STEPS

    lines = [
        "# The life of a case",
        "",
        "Generated from `tongban.cases.states`. Do not edit.",
        "",
        "```mermaid",
    ]
    lines += ["stateDiagram-v2"]
    lines += [f"    [*] --> {step.to}: {step.label}" for step in BEGINNINGS.values()]
    for name, step in STEPS.items():
        lines += [f"    {state} --> {step.to}: {name}" for state in sorted(step.from_) if step.to]
    lines += [f"    {state} --> [*]" for state in sorted(FINAL)]
    lines += ["```", "", "## States", "", "| State | Words | Whose turn | Duty |", "|---|---|---|---|"]
    lines += [f"| `{s}` | {s.label} | {row.turn or '–'} | `{row.duty or '–'}` |" for s, row in STATES.items()]
    lines += [
        "",
        "## Steps",
        "",
        "| Step | Words | From | To | By | Modes | Article | Opens | Discharges | Journal |",
    ]
    lines += ["|---|---|---|---|---|---|---|---|---|---|"]
    for name, step in STEPS.items():
        from_ = ", ".join(sorted(step.from_))
        opens = ", ".join([o.kind for o in step.opens] + [f"({o.kind})" for o in step.may_open])
        cells = [
            f"`{name}`",
            str(step.label),
            from_,
            str(step.to or "stays"),
            ", ".join(sorted(step.by)),
            ", ".join(sorted(step.modes)),
            step.article,
            opens or "–",
            ", ".join(step.discharges) or "–",
            f"`case.{name}`",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Duties", "", "| Duty | Words | Article | Length | Counts from | Can be stopped |"]
    lines += ["|---|---|---|---|---|---|"]
    for kind, duty in DUTIES.items():
        length = f"{duty.amount} {duty.unit}" if duty.limit == "own" else f"{duty.limit}"
        stops = "yes" if duty.can_be_stopped else "no"
        lines.append(f"| `{kind}` | {duty.label} | {duty.article} | {length} | {duty.counts} | {stops} |")
    return "\n".join(lines) + "\n"


def traceability() -> str:
    """Give the table of articles, work points and requirements with the tests that prove each."""
    proofs: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for id_, test in _marks(path):
            proofs.setdefault(id_, set()).add(test)
    lines = ["# What proves what", "", "Generated from the marks of the tests. Do not edit.", ""]
    groups: dict[str, list[str]] = {}
    for id_ in proofs:
        match = _KIND.match(id_)
        groups.setdefault(_KINDS.get(match.group(1) if match else "", "Requirements"), []).append(id_)
    for title in sorted(groups):
        lines += [f"## {title}", "", "| ID | Tests |", "|---|---|"]
        for id_ in sorted(groups[title], key=_order):
            lines.append(f"| {id_} | " + "<br>".join(sorted(proofs[id_])) + " |")
        lines.append("")
    return "\n".join(lines)


def _order(id_: str) -> tuple[str, int, str]:
    match = _KIND.match(id_)
    return (match.group(1), int(match.group(2)), match.group(3)) if match else (id_, 0, "")


def _marks(path: Path) -> Iterator[tuple[str, str]]:
    """Find (ID, test) pairs in one file: marks of the module, of classes, and of functions."""
    tree = ast.parse(path.read_text())
    where = path.relative_to(CHECKOUT).as_posix()
    module: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets):
            module = _named(node.value)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield from ((i, f"{where}::{node.name}") for i in {*module, *_decorated(node)})
        elif isinstance(node, ast.ClassDef):
            own = [*module, *_decorated(node)]
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
                    test = f"{where}::{node.name}::{inner.name}"
                    yield from ((i, test) for i in {*own, *_decorated(inner)})


def _decorated(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    return [id_ for decorator in node.decorator_list for id_ in _named(decorator)]


def _named(node: ast.expr) -> list[str]:
    found = []
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "article"
        ):
            found += [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
    return found


def main() -> int:
    """Write the documents, or with `--check` say which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is stale")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    import django

    django.setup()
    stale = []
    made = ((DIAGRAM, diagram()), (TRACEABILITY, traceability()), (licences.PAGE, licences.page()))
    for path, text in made:
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.relative_to(CHECKOUT).as_posix())
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale and options.check:
        print(f"Stale: {', '.join(stale)}. Run `make documents` and commit.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
