"""Looks at GPU drivers, each in a throw-away process of its own: one that crashes or hangs spoils no other."""

from typing import Any, NamedTuple

from localai_sidecar.trials.child import Child, ChildFailed, receive_all

# A sound driver answers within a second, one on a cold disk within three.
LIMIT_S = 15.0


class Asked(NamedTuple):
    """A plug-in of a backend, and the environment in which it finds the drivers to look at."""

    backend: str
    plug_in: str
    environment: dict[str, str]


def look(asked: list[Asked]) -> list[dict[str, Any]]:
    """For each its `{"devices", "files"}`, or `{"code", "reason"}`; all at the same time, in `LIMIT_S` altogether."""
    children = [_start(each) for each in asked]
    try:
        answers = receive_all([child for child in children if isinstance(child, Child)], LIMIT_S)
        return [
            _told(answers[child]) if isinstance(child, Child) else {"code": child.code, "reason": str(child)}
            for child in children
        ]
    finally:
        for child in children:
            if isinstance(child, Child):
                child.end()


def _start(asked: Asked) -> Child | ChildFailed:
    try:
        child = Child("look", environment=asked.environment)
        child.send({"backend": asked.backend, "plugIn": asked.plug_in})
    except ChildFailed as failure:
        return failure
    return child


def _told(answer: dict[str, Any] | ChildFailed) -> dict[str, Any]:
    if isinstance(answer, ChildFailed):
        return {"code": answer.code, "reason": str(answer)}
    return answer
