"""Findings as text for a terminal, as JSON, as JUnit's XML for autograders.

    >>> from microgradx import Value
    >>> from microgradx.checking.examine.examination import examine
    >>> from microgradx.checking.examine.report import as_json
    >>> as_json(examine(Value, only="reuse"))["passed"]
    True
"""
from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ...ieee import printable

if TYPE_CHECKING:
    from .examination import Examination, Finding


def text(examination: Examination) -> str:
    """A line for each lesson, a paragraph for each wrong answer, and the sum."""
    lines: list[str] = []
    for lesson, group in groupby(examination.findings, lambda finding: finding.exercise.lesson):
        findings = list(group)
        lines.append(f"{lesson}: {counts(findings)}")
        for finding in findings:
            lines += paragraph(finding)
    return "\n".join([*lines, f"{examination.engine}: {counts(examination.findings)}"])


def counts(findings: Any) -> str:
    """How many passed, are wrong, are missing: "5 passed, 1 wrong"."""
    all = [finding.status for finding in findings]
    return ", ".join(f"{all.count(status)} {status}" for status in ("passed", "wrong", "missing") if status in all)


def paragraph(finding: Finding) -> list[str]:
    """The lines on one finding: none if it passed."""
    exercise = finding.exercise
    if finding.status == "missing":
        return [f"    missing: {exercise.title} (no {printable(finding.mistake)})"]
    if finding.status == "passed":
        return []
    mistake = [f"        {line}" for line in [f"likely: {printable(finding.mistake)}"] if finding.mistake]
    return [f"    WRONG: {exercise.title}", *(f"        {line}" for line in exercise.program.splitlines()),
            f"        came {printable(finding.came)}", f"        should be {finding.wanted}", *mistake]


def as_json(examination: Examination) -> dict[str, Any]:
    """The same as dicts and lists."""
    return {"engine": examination.engine, "passed": examination.passed,
            "counts": {status: len(examination.of(status)) for status in ("passed", "wrong", "missing")},
            "findings": [{"lesson": f.exercise.lesson, "title": f.exercise.title, "status": f.status, "came": f.came,
                          "wanted": f.wanted, "mistake": f.mistake, "program": f.exercise.program}
                         for f in examination.findings]}


def junit(examination: Examination) -> str:
    """The same as JUnit's XML: a test case for each exercise, a failure for a wrong one, skipped for a missing one."""
    suite = ElementTree.Element("testsuite", name=f"examine {examination.engine}", errors="0",
                                tests=str(len(examination.findings)), failures=str(len(examination.of("wrong"))),
                                skipped=str(len(examination.of("missing"))))
    for finding in examination.findings:
        case = ElementTree.SubElement(suite, "testcase", classname=finding.exercise.lesson, name=finding.exercise.title)
        if finding.status == "missing":
            ElementTree.SubElement(case, "skipped", message=printable(f"no {finding.mistake}"))
        if finding.status == "wrong":
            said = printable(f"came {finding.came}, should be {finding.wanted}. {finding.mistake}")
            ElementTree.SubElement(case, "failure", message=said).text = finding.exercise.program
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
