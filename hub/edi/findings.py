"""What can be wrong with an EDI document: one `Finding` per fault, and the catalogue of their codes.

The catalogue is the only place that says how a code is classed and what a reader should do about it;
`docs/edi-findings.md` is checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from hub.edi.data import load
from hub.edi.tree import Standard

MOST_FINDINGS = 1_000
"""No more are kept per set, group or interchange; what would follow adds nothing that a partner could act on."""

Kind = Literal["envelope", "standard", "partner", "gap"]
Severity = Literal["error", "warning"]
Rule = Literal["error", "warning", "ignore"]
"""What a partner's rules make of a finding."""


class Code(NamedTuple):
    """One entry of the catalogue.

    `ack` names where a 997 or TA1 reports it (`"AK403:5"`), `contrl` where a CONTRL does, by its segment and the
    code of data element 0085 (`"UCD:39"`); `""` where none does. `later` is the code of the gap that it is in a
    version later than the one judged by, as that may allow it; `""` for what no version allows.
    """

    kind: Kind
    severity: Severity
    ack: str
    contrl: str
    meaning: str
    advice: str
    later: str


@cache
def catalogue() -> dict[str, Code]:
    """Every finding code this package can emit, from `findings.yaml` here and in the folder of each standard."""
    entries: dict[str, dict[str, str]] = {}
    for folder in ("", "x12", "edifact"):
        path = Path(__file__).parent / folder / "findings.yaml"
        if path.is_file():
            entries |= load(path)
    return {
        code: Code(
            cast(Kind, e["kind"]), cast(Severity, e["severity"]), e.get("ack", ""), e.get("contrl", ""), e["meaning"],
            e["advice"], e.get("later", ""),
        )
        for code, e in entries.items()
    }  # fmt: skip


class Finding(NamedTuple):
    """One fault, with where it is and what was expected.

    code      stable, `edi.element-too-long`
    kind      envelope, standard, partner, or gap (something our own partial definition lacks)
    message   one sentence: what is wrong and what was expected
    offset    byte offset in the file of the segment (or of the place) it is about
    position  number of the segment in its set, ST = 1; 0 outside a set
    segment   segment id; `loop` the id of the loop it stands in (`""` at the top of the set)
    element, component, repetition   1 = first; 0 when the finding is not about one
    reference the standard's number of the data element, `"353"`
    value     the offending value as received
    ack_segment, ack_code   `("AK403", "5")`, `("AK304", "3")`, `("AK502", "4")`, `("AK905", "5")`,
              `("TA1", "021")` or, for EDIFACT, `("UCD", "39")`; None where an acknowledgement cannot or must not
              say it (always for a gap)
    """

    code: str
    kind: Kind
    severity: Severity
    message: str
    offset: int = 0
    position: int = 0
    segment: str = ""
    loop: str = ""
    element: int = 0
    component: int = 0
    repetition: int = 0
    reference: str = ""
    value: str = ""
    ack_segment: str | None = None
    ack_code: str | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    @property
    def designator(self) -> str:
        """Where it is, the way partner guides write it: `BEG05`, `REF04-2`, or the segment id alone."""
        if not self.element:
            return self.segment
        component = f"-{self.component}" if self.component else ""
        return f"{self.segment}{self.element:02d}{component}"

    def at(self, offset: int, position: int, loop: str) -> Finding:
        """The same fault at another place: verdicts on a segment's text are kept and placed again."""
        return self._replace(offset=offset, position=position, loop=loop)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: every field, plus the designator."""
        return {**self._asdict(), "designator": self.designator}


def finding(code: str, message: str, *, standard: Standard = "x12", ack: str | None = None, **place: Any) -> Finding:
    """A finding of a catalogued code. `ack` overrides where an X12 acknowledgement reports it."""
    entry = catalogue()[code]
    reported = entry.contrl if standard == "edifact" else entry.ack if ack is None else ack
    where, _, number = reported.partition(":")
    return Finding(
        code, entry.kind, entry.severity, message, ack_segment=where or None, ack_code=number or None, **place
    )


def allowed_later(found: Finding, version: str) -> Finding:
    """The finding in a document of a version later than the one it was judged by: a gap, where that may allow it."""
    code = catalogue()[found.code].later
    if not code:
        return found
    gap = catalogue()[code]
    message = f"{found.message.removesuffix('.')} in {version}, the nearest version described here."
    return found._replace(
        code=code, kind=gap.kind, severity=gap.severity, message=message, ack_segment=None, ack_code=None
    )


def judged_by(findings: list[Finding], rules: Mapping[str, Rule]) -> None:
    """Let a partner's rules decide which findings are errors, and leave out those to be ignored, in place.

    A key is a finding's code (`edi.code-undescribed`), or its code and place (`edi.element-too-long REF02`), which
    counts more.
    """
    if not rules:
        return
    said = [(one, rules.get(f"{one.code} {one.designator}", rules.get(one.code, one.severity))) for one in findings]
    findings[:] = [
        one if rule == one.severity else one._replace(severity=rule) for one, rule in said if rule != "ignore"
    ]


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Only those that are errors."""
    return [f for f in findings if f.severity == "error"]


def reported(findings: Iterable[Finding], where: str) -> list[str]:
    """The distinct codes of the errors that an acknowledgement reports in one place (`AK502`), in the order met."""
    return list(dict.fromkeys(f.ack_code for f in findings if f.is_error and f.ack_segment == where and f.ack_code))


class EdiError(Exception):
    """Raised where a document of ours cannot be built or written; carries a stable code and findings."""

    def __init__(self, code: str, message: str, findings: Iterable[Finding] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.findings = list(findings)

    @classmethod
    def of(cls, code: str, findings: Sequence[Finding]) -> EdiError:
        """One that tells the first of these findings, and how many more there are."""
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return cls(code, f"{findings[0].message}{more}", findings)
