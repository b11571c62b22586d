"""Run the tests of reported inputs and print a table of them: ``python -m tools.reported_inputs``.

A test with the mark ``reported(kind, input, right)`` holds one input that was once misread to its right value.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import pytest


class ReportedInputs:
    """Collect the outcomes of the marked tests, by what their marks say."""

    def __init__(self) -> None:
        self.marks: dict[str, list[tuple[str, str, str]]] = {}
        self.outcomes: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note what each test is marked with."""
        for item in items:
            self.marks[item.nodeid] = [(*map(str, mark.args),) for mark in item.iter_markers("reported")]  # type: ignore[misc]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's outcome."""
        if report.when == "call" or report.outcome != "passed":
            for mark in self.marks.get(report.nodeid, []):
                self.outcomes[mark].add(report.outcome)


def main() -> int:
    """Print the table; return pytest's exit status."""
    seen = ReportedInputs()
    status = pytest.main(
        ["-m", "reported", "-q", "--no-header", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[seen]
    )
    print("\n| kind | input | right | tests |\n|---|---|---|---|")
    for mark, outcomes in sorted(seen.outcomes.items()):
        print(f"| {' | '.join(mark)} | {', '.join(sorted(outcomes))} |")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
