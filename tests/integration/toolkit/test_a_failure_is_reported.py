"""A real stage that really fails, in one process, and the report that another makes of it."""

from __future__ import annotations

import pytest

from .conftest import BUILD_LIMIT_S, Project


@pytest.mark.timeout(BUILD_LIMIT_S)  # another run may be building that layer
def test_the_report_of_a_stopped_run_says_where_and_why(project: Project) -> None:
    project.replace("ci/toolchain.toml", 'sha256 = "50ad91aa', 'sha256 = "00000000')
    code, _ = project.stage("engine")
    assert code == 13
    code, said = project.run("report")
    assert code == 0, said
    assert f"## {project.target}: failed" in said
    assert "**engine failed** (exit code 13): " in said
    page = (project.root / "build" / "report" / "index.html").read_text(encoding="utf-8")
    assert "<h1>Stopped at engine</h1>" in page
    assert "pinned is 00000000" in page
    assert "exit code 13" in page
