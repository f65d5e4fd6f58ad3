"""Cuts a byte stream into lines of a limited length; pure, no I/O."""

from collections.abc import Iterator

from localai_sidecar.protocol.rpc import MAX_MESSAGE_BYTES


class LineSplitter:
    """Feed it chunks as they come; it yields whole lines, and None for a line that is too long."""

    def __init__(self, limit: int = MAX_MESSAGE_BYTES) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._length = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """Lines completed by `chunk`, without LF and a trailing CR (which counts); empty ones are left out.

        A line is reported as None as soon as it passes the limit; the rest of it is thrown away.
        """
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            yield from self._add(chunk[start:end])
            if not self._skipping:
                line = b"".join(self._parts).removesuffix(b"\r")
                if line:
                    yield line
            self._parts, self._length, self._skipping = [], 0, False
            start = end + 1
        yield from self._add(chunk[start:])

    def _add(self, part: bytes) -> Iterator[None]:
        if self._skipping:
            return
        self._length += len(part)
        self._parts.append(part)
        if self._length > self._limit:
            self._parts, self._skipping = [], True
            yield None
