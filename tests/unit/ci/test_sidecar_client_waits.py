"""The stdio driver against little real processes that misbehave: every wait ends, every error says why."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from sidecarkit.sidecar_client import ErrorAnswer, JunkOnStdout, NoAnswer, SidecarClient, SidecarDied

PRELUDE = """
import json, os, signal, sys, time
def take():
    return json.loads(sys.stdin.readline())
def give(**fields):
    print(json.dumps({"jsonrpc": "2.0", **fields}), flush=True)
"""


def scripted(body: str) -> SidecarClient:
    return SidecarClient([sys.executable, "-c", PRELUDE + body])


def test_a_request_gets_its_result_with_the_notifications_about_it_in_order() -> None:
    body = """
request = take()
for seq, text in enumerate(["Once", " upon"]):
    give(method="generate/delta", params={"id": request["id"], "seq": seq, "text": text, "tokens": 1})
give(method="log", params={"level": "info"})
give(id=request["id"], result={"echo": request["params"]})
"""
    with scripted(body) as sidecar:
        answer = sidecar.request("generate", {"prompt": "é"}, timeout_s=10)
        assert answer.result == {"echo": {"prompt": "é"}}
        assert answer.text == "Once upon"
        assert [each.params["seq"] for each in answer.of("generate/delta")] == [0, 1]
        assert [each.method for each in sidecar.loose] == ["log"]
        assert answer.sent_at < answer.notifications[0].at <= answer.notifications[1].at <= answer.answered_at


def test_a_first_delta_can_be_awaited_while_the_request_still_runs() -> None:
    body = """
request = take()
give(method="generate/delta", params={"id": request["id"], "seq": 0, "text": "a", "tokens": 1})
assert take()["method"] == "cancel"
give(id=request["id"], result="cancelled")
"""
    with scripted(body) as sidecar:
        request_id = sidecar.send("generate")
        assert sidecar.wait_for("generate/delta", request_id, timeout_s=10).params["text"] == "a"
        sidecar.notify("cancel", {"id": request_id})
        assert sidecar.wait(request_id, timeout_s=10).result == "cancelled"


def test_an_error_answer_carries_the_sidecars_code_and_data() -> None:
    body = 'give(id=take()["id"], error={"code": -32010, "message": "no model", "data": {"kind": "no_model"}})'
    with scripted(body) as sidecar, pytest.raises(ErrorAnswer, match=r"`generate` .* -32010: no model") as caught:
        sidecar.request("generate", timeout_s=10)
    assert caught.value.data == {"kind": "no_model"}


def test_a_sidecar_that_exits_is_named_with_its_exit_code_and_last_log_lines() -> None:
    body = 'take(); print("ERROR no libraries", file=sys.stderr); sys.exit(69)'
    with scripted(body) as sidecar, pytest.raises(SidecarDied, match=r"(?s)exit code 69 .*`ping`.*no libraries"):
        sidecar.request("ping", timeout_s=10)


def test_a_sidecar_that_is_killed_is_named_with_the_signal() -> None:
    body = "take(); os.kill(os.getpid(), signal.SIGKILL)"
    with scripted(body) as sidecar, pytest.raises(SidecarDied, match="SIGKILL"):
        sidecar.request("ping", timeout_s=10)


def test_a_line_that_is_no_protocol_is_shown() -> None:
    body = 'take(); print("llama_model_loader: loaded", flush=True); take()'
    with scripted(body) as sidecar, pytest.raises(JunkOnStdout, match="llama_model_loader: loaded"):
        sidecar.request("ping", timeout_s=10)


def test_an_answer_nobody_asked_for_is_shown() -> None:
    with scripted("take(); give(id=99, result={}); take()") as sidecar, pytest.raises(JunkOnStdout, match="99"):
        sidecar.request("ping", timeout_s=10)


def test_a_sidecar_that_hangs_costs_the_time_limit_and_is_killed_on_leaving() -> None:
    started = time.monotonic()
    with scripted("time.sleep(600)") as sidecar:
        with pytest.raises(NoAnswer, match="`ping`"):
            sidecar.request("ping", timeout_s=0.2)
        with pytest.raises(NoAnswer, match="still runs"):
            sidecar.wait_for_exit(0.2)
    assert sidecar.process.returncode is not None
    assert time.monotonic() - started < 20


def test_sending_never_blocks_on_a_sidecar_that_does_not_read() -> None:
    with scripted("time.sleep(600)") as sidecar:
        sidecar.send_raw(b"x" * 4_000_000)
        with pytest.raises(NoAnswer):
            sidecar.request("ping", timeout_s=0.2)


def test_closing_stdin_is_seen_after_everything_sent_before() -> None:
    body = "assert take()['method'] == 'cancel'; assert sys.stdin.read() == ''; sys.exit(3)"
    with scripted(body) as sidecar:
        sidecar.notify("cancel", {"id": 1})
        sidecar.close_stdin()
        assert sidecar.wait_for_exit(10) == 3


def test_env_and_cwd_reach_the_process(tmp_path: Path) -> None:
    body = 'give(id=take()["id"], result=[os.environ.get("ONLY"), os.environ.get("HOME"), os.getcwd()])'
    command = [sys.executable, "-c", PRELUDE + body]
    with SidecarClient(command, env={"ONLY": "this"}, cwd=tmp_path) as sidecar:
        assert sidecar.request("ping", timeout_s=10).result == ["this", None, str(tmp_path)]
