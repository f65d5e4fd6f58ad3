"""The line of stages: order, remembered verdicts, keys, and the plan that foretells them."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecarkit import config, failures, plan, records, runner, source
from sidecarkit.cache import Cache
from sidecarkit.cache import entry as entries
from sidecarkit.errors import SlowerThanGate
from sidecarkit.job import Job, Options, Stage
from sidecarkit.report import Report

ALL = ("native", "place", "bench")
CI = Path(__file__).resolve().parents[3] / "ci"


class Line:
    """Three stages that note when they run: a layer, one on top of it, and a remembered verdict."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.flags = "-O3"
        self.verdict: BaseException | None = None
        self.said = ""
        self.stages = (
            self.stage("native", (), self.build, layer="native"),
            self.stage("place", ("native",), self.note),
            self.stage("bench", ("place",), self.judge, remembers=True),
        )

    def stage(
        self, name: str, needs: tuple[str, ...], run: Callable[[Job], dict[str, Any]],
        layer: str | None = None, remembers: bool = False,
    ) -> Stage:  # fmt: skip
        def inputs(_: Job) -> dict[str, str]:
            return {"flags": self.flags} if name == "native" else {}

        return Stage(
            name=name, summary=name, needs=needs, inputs=inputs, run=run, layer=layer, remembers=remembers
        )  # fmt: skip

    def build(self, job: Job) -> dict[str, Any]:
        entry = job.cache.folder("native", job.key, lambda folder: (folder / "library").touch())
        return self.note(job) | {"hit": entry.hit}

    def judge(self, job: Job) -> dict[str, Any]:
        if self.said:
            job.log.parent.mkdir(parents=True, exist_ok=True)
            job.log.write_text(self.said, encoding="utf-8")
        if self.verdict:
            raise self.verdict
        return self.note(job)

    def note(self, job: Job) -> dict[str, Any]:
        self.ran.append(job.stage)
        return {"summary": job.stage}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    report = Report(io.StringIO())
    return Job(
        stage="", root=tmp_path, target=config.load_targets(CI / "targets.toml")[0],
        toolchain=config.load_toolchain(CI / "toolchain.toml"), options=Options(), report=report,
        cache=Cache(tmp_path / "cache", report), keys={}, records={},
    )  # fmt: skip


def test_stages_run_in_order_and_leave_records(job: Job) -> None:
    line = Line()
    done = runner.run(line.stages, job, asked=ALL)
    assert line.ran == ["native", "place", "bench"]
    assert {name: record.key for name, record in done.items()} == {
        stage.name: record.key for stage in line.stages if (record := records.read(job.build, stage.name))
    }


def test_an_unchanged_verdict_is_taken_from_its_record(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    done = runner.run(line.stages, job, asked=ALL)
    assert line.ran == ["native", "place", "bench", "native", "place"]
    assert done["bench"].cached
    on_disk = records.read(job.build, "bench")
    assert on_disk is not None
    assert on_disk.cached, "the report marks it with its date by this"


def test_a_verdict_is_repeated_when_asked_for(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    runner.run(line.stages, replace(job, options=Options(again=frozenset({"bench"}))), asked=ALL)
    assert line.ran.count("bench") == 2


def test_what_is_only_stood_upon_is_taken_from_its_record_without_a_word(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    line.ran.clear()
    runner.run(line.stages[:2], job, asked=["place"])
    assert line.ran == ["place"]


def test_what_is_stood_upon_and_gone_is_made_again(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    shutil.rmtree(job.cache.root)
    line.ran.clear()
    runner.run(line.stages[:2], job, asked=["place"])
    assert line.ran == ["native", "place"]


def test_a_damaged_entry_that_was_built_again_is_not_told_as_cached(job: Job) -> None:
    line = Line()
    first = runner.run(line.stages, job, asked=ALL)["native"]
    next(job.cache.root.glob("native/*/library")).write_text("damage", encoding="utf-8")
    again = runner.run(line.stages, replace(job, cache=Cache(job.cache.root, job.report)), asked=ALL)["native"]
    third = runner.run(line.stages, replace(job, cache=Cache(job.cache.root, job.report)), asked=ALL)["native"]
    assert [each.cached for each in (first, again, third)] == [False, False, True]


def test_another_checkout_that_finds_a_layer_in_the_cache_knows_what_building_it_took(job: Job, tmp_path: Path) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    (entry,) = (path.parent for path in job.cache.root.glob("native/*/library"))
    facts = entries.facts(entry)
    assert facts.origin is not None
    assert facts.origin.seconds is not None
    entries.write_facts(entry, replace(facts, origin=replace(facts.origin, seconds=600.0)))
    elsewhere = replace(job, root=tmp_path / "elsewhere", cache=Cache(job.cache.root, job.report))
    assert runner.run(line.stages, elsewhere, asked=ALL)["native"].seconds == 600.0


def test_a_changed_input_repeats_everything_that_stands_on_it(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    line.flags = "-O2"
    done = runner.run(line.stages, job, asked=ALL)
    assert done["native"].data["hit"] is False
    assert line.ran.count("bench") == 2


def test_a_failure_ends_the_line_and_leaves_no_verdict(job: Job) -> None:
    line = Line()
    line.verdict = SlowerThanGate("decode is 0.80 of llama-bench's")
    with pytest.raises(SlowerThanGate):
        runner.run(line.stages, job, asked=ALL)
    assert records.read(job.build, "place")
    assert records.read(job.build, "bench") is None


def test_a_verdict_that_fails_when_repeated_is_no_longer_remembered(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    line.verdict = SlowerThanGate("decode is 0.80 of llama-bench's")
    again = replace(job, options=Options(again=frozenset({"bench"})))
    for attempt in (again, job):
        with pytest.raises(SlowerThanGate):
            runner.run(line.stages, attempt, asked=ALL)


def test_a_stage_brings_only_those_it_stands_on() -> None:
    line = Line()
    assert [stage.name for stage in runner.line_until(line.stages, "place")] == ["native", "place"]


def test_the_plan_tells_what_is_cached_and_what_changed_without_running(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    line.ran.clear()
    assert [row.state.split()[0] for row in plan.of_stages(line.stages, job)] == ["cached", "always", "from"]
    line.flags = "-O2"
    planned = plan.of_stages(line.stages, job)
    assert [row.state for row in planned] == ["to build", "always runs", "to run"]
    assert planned[0].changed == ("flags",)
    assert planned[2].changed == ("stage place",)
    assert line.ran == []


def test_a_damaged_record_counts_as_none(job: Job) -> None:
    line = Line()
    runner.run(line.stages, job, asked=ALL)
    (job.build / "bench.json").write_text("{", encoding="utf-8")
    runner.run(line.stages, job, asked=ALL)
    assert line.ran.count("bench") == 2


def test_a_failed_stage_leaves_what_the_report_needs_and_its_success_removes_it(job: Job) -> None:
    line = Line()
    line.verdict = SlowerThanGate("decode is 0.80", hint="look around the decode loop")
    line.verdict.data = {"figures": [0.8]}
    line.said = "\n".join(f"pair {number}" for number in range(30))
    with pytest.raises(SlowerThanGate):
        runner.run(line.stages, job, asked=ALL)
    failure = failures.read(job.build, "bench")
    assert failure is not None
    assert (failure.message, failure.hint) == ("decode is 0.80", "look around the decode loop")
    assert failure.exit_code == SlowerThanGate.exit_code
    assert failure.data == {"figures": [0.8]}
    assert failure.log == str(job.build / "logs" / "bench.log")
    assert failure.last_lines == [f"pair {number}" for number in range(10, 30)]
    assert failures.read(job.build, "place") is None
    line.verdict = None
    runner.run(line.stages, job, asked=ALL)
    assert failures.read(job.build, "bench") is None


def test_a_defect_is_a_failure_too_and_an_interruption_is_none(job: Job) -> None:
    line = Line()
    line.verdict = ValueError("unforeseen")
    with pytest.raises(ValueError, match="unforeseen"):
        runner.run(line.stages, job, asked=ALL)
    failure = failures.read(job.build, "bench")
    assert failure is not None
    assert failure.message == "this is a defect of the toolkit: ValueError: unforeseen"
    assert failure.exit_code == 1
    failures.remove(job.build, "bench")
    line.verdict = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        runner.run(line.stages, job, asked=ALL)
    assert failures.read(job.build, "bench") is None


def test_records_name_the_commit_and_whether_files_differed_from_it(job: Job) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", *who, *words], cwd=job.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    assert runner.run(Line().stages, job, asked=ALL)["place"].commit == "", "no checkout, no commit"
    git("init", "--quiet")
    (job.root / "file").write_text("one", encoding="utf-8")
    git("add", "file")
    git("commit", "--quiet", "--message", "first")
    head = git("rev-parse", "HEAD")
    assert runner.run(Line().stages, job, asked=ALL)["place"].commit == head
    (job.root / "file").write_text("two", encoding="utf-8")
    assert runner.run(Line().stages, job, asked=ALL)["place"].commit == head + source.CHANGED
