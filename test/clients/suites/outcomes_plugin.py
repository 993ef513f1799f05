"""A plugin of pytest that writes the outcome of each test as a line to the file that OUTCOMES names.

A line is `name<TAB>passed|failed|skipped<TAB>why`; test/clients/outcomes.ts reads these lines.
"""
import json
import os

worst = {}


def pytest_runtest_logreport(report):
    """A test has up to three reports: of its set-up, of itself, of its end."""
    ranks = ["passed", "skipped", "failed"]
    # An expected failure is reported as skipped.
    text = report.longreprtext[-1500:] if report.failed else ""
    status, _ = worst.get(report.nodeid, ("passed", ""))
    if ranks.index(report.outcome) >= ranks.index(status):
        worst[report.nodeid] = (report.outcome, text)


def pytest_collectreport(report):
    """A file that cannot be read is a failure too."""
    if report.failed:
        worst["collect " + report.nodeid] = ("failed", str(report.longrepr)[-1500:])


def pytest_sessionfinish():
    with open(os.environ["OUTCOMES"], "w", encoding="utf-8") as file:
        for name, (status, text) in worst.items():
            print(json.dumps(name)[1:-1], status, json.dumps(text), sep="\t", file=file)
