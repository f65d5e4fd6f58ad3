"""What a build may leave in its files and must not: folders and the name of who built, and secrets."""

from __future__ import annotations

import getpass
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sidecarkit.audit.problems import Problem
from sidecarkit.audit.secrets import SECRETS
from sidecarkit.audit.texts import Trace, search

# What pinned parts bring with them: the public machines that built the interpreter, Microsoft's that built its
# run-time library, and examples in the documentation of CPython and Jinja that is compiled in.
_KNOWN = (
    "/home/runner/work/javacpp-presets/", "D:\\a\\javacpp-presets\\", "D:\\a\\_work\\",
    "/tmp/perf-%", "/tmp/jit-%", "/tmp/myimport.zip", "/tmp/tmppbi8f0hy", "/tmp/tmptpu9nin8", "/tmp/jinja_cache",
)  # fmt: skip
# A path begins here, and not in the middle of an address or of a longer path.
_BEGINS = r"(?<![\w.~/\\-])"
_ANYBODYS = tuple(
    Trace(what="build path", start=start, pattern=re.compile(_BEGINS + pattern))
    for start, pattern in (
        ("/home/", r"/home/[\w.-]+/[\w.-]*"),
        ("/root/", r"/root/[\w.-]+"),
        ("/tmp/", r"/tmp/[\w.%-]+"),
        ("/Users/", r"/Users/[\w.-]+/[\w.-]*"),
        ("/var/folders/", r"/var/folders/[\w.-]+"),
        ("/__w/", r"/__w/[\w.-]+/"),
        ("C:\\Users\\", r"C:\\Users\\[^\\]+\\"),
        ("D:\\a\\", r"D:\\a\\[\w.-]+\\"),
    )
)
_SHORTEST_NAME = 4


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Whose machine it is: folders that mean nothing elsewhere, and the account; no `user` where it tells nothing."""

    folders: tuple[Path, ...]
    user: str = ""

    @classmethod
    def here(cls, *folders: Path) -> Builder:
        """This machine's user, with home and temporary folder beside `folders` (the checkout, the cache)."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # an account without a name, as containers have
            user = ""
        return cls(folders=(*folders, Path.home(), Path(tempfile.gettempdir())), user=user)

    def known(self) -> list[str]:
        """What files may hold from elsewhere: nothing that this machine would leave in them as well."""
        return [text for text in _KNOWN if not any(str(folder).startswith(text) for folder in self.folders)]

    def traces(self) -> Iterator[Trace]:
        """What would show that it was built here."""
        for folder in dict.fromkeys(self.folders):
            for text in dict.fromkeys((str(folder), folder.as_posix())):
                # The file system's root is no folder of anybody, and of the temporary one only what lies in it is.
                if len(folder.parts) > 1 and folder != Path("/tmp"):
                    yield Trace(what="build path", start=text, pattern=re.compile(rf"{_BEGINS}{re.escape(text)}(?!\w)"))
        if len(self.user) >= _SHORTEST_NAME and self.user != "root":
            yield Trace(what="name of the builder's account", start=self.user, pattern=_account(self.user))


def problems(file: str, content: bytes, builder: Builder) -> Iterator[Problem]:
    """Each different trace in `content` once, with its first place. Secrets are named, never shown."""
    for known in builder.known():
        content = _blanked(_blanked(content, known.encode()), known.encode("utf-16-le"))
    told = set()
    for trace, at, text in search(content, (*builder.traces(), *_ANYBODYS)):
        if at in told:  # the builder's home is anybody's home too
            continue
        told.add(at)
        yield Problem(
            file=file, what=trace.what, expected="nothing of the build machine", found=f"`{text}` at byte {at}",
            hint="compile with -ffile-prefix-map and without debug information, in a folder that is named nowhere",
        )  # fmt: skip
    for trace, at, _ in search(content, SECRETS):
        yield Problem(
            file=file, what="secrets", expected="none", found=f"{trace.what} at byte {at}",
            hint="take it out, and make it useless where it is known: it may have been published before",
        )  # fmt: skip


def _blanked(content: bytes, text: bytes) -> bytes:
    return content.replace(text, bytes(len(text))) if text in content else content


def _account(user: str) -> re.Pattern[str]:
    """Where account names stand. Alone it may be any word: accounts are called `mark`, `runner` or `builder`."""
    name = re.escape(user)
    homes = "|".join(rf"(?<={folder})" for folder in ("/home/", "/Users/", r"\\Users\\", "/mnt/", "/media/", "/srv/"))
    after_variable = "|".join(f"(?<={variable}=)" for variable in ("USER", "LOGNAME", "USERNAME"))
    in_path = rf"(?:{homes}){name}(?=[/\\])"
    as_sender = rf"(?<![\w.%+-]){name}(?=@\w)"
    as_value = rf"(?:{after_variable}){name}(?!\w)"
    return re.compile(f"{in_path}|{as_sender}|{as_value}")
