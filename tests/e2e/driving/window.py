"""The app's window on the X server: closed the way a window manager closes it when the user clicks the cross."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from Xlib import X, display
from Xlib.error import BadWindow
from Xlib.protocol import event


def close(pid: int) -> bool:
    """Asks the window of process `pid` to close (WM_DELETE_WINDOW, ICCCM 4.2.8.1); False when it has none."""
    server = display.Display()
    try:
        protocols = server.intern_atom("WM_PROTOCOLS")
        delete = server.intern_atom("WM_DELETE_WINDOW")
        for window in _windows_of(server, pid):
            if delete in (window.get_wm_protocols() or []):
                data = (32, [delete, X.CurrentTime, 0, 0, 0])
                window.send_event(event.ClientMessage(window=window, client_type=protocols, data=data))
                server.sync()
                return True
        return False
    finally:
        server.close()


def resize(pid: int, width: int, height: int) -> None:
    """Makes the window of process `pid` as large as a user might by dragging its corner."""
    server = display.Display()
    try:
        for window in _top_levels_of(server, pid):
            window.configure(width=width, height=height)
        server.sync()
    finally:
        server.close()


def size(pid: int) -> tuple[int, int] | None:
    """Width and height of the window of process `pid`; None when it has none."""
    server = display.Display()
    try:
        for window in _top_levels_of(server, pid):
            shape = window.get_geometry()
            return shape.width, shape.height
        return None
    finally:
        server.close()


def _top_levels_of(server: Any, pid: int) -> Iterator[Any]:
    """Windows that a user sees: those that can be closed."""
    delete = server.intern_atom("WM_DELETE_WINDOW")
    return (window for window in _windows_of(server, pid) if delete in (window.get_wm_protocols() or []))


def _windows_of(server: Any, pid: int) -> Iterator[Any]:
    owner = server.intern_atom("_NET_WM_PID")
    pending = [server.screen().root]
    while pending:
        window = pending.pop()
        try:
            pending.extend(window.query_tree().children)
            found = window.get_full_property(owner, X.AnyPropertyType)
        except BadWindow:
            # Windows come and go while the tree is read.
            continue
        if found is not None and found.value[0] == pid:
            yield window
