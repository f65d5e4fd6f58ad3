"""Arguments to serving to exit code. stdin and stdout are claimed before anything else is imported."""

import os
import signal
import sys
import time

_STARTED = time.perf_counter()
_PARENT = os.getppid()

from localai_sidecar.protocol.stdio import claim  # noqa: E402  (the parent must be known before anything slow)

_CHANNEL = claim()

from localai_sidecar.deathwatch import die_with_parent, exit_on  # noqa: E402
from localai_sidecar.errors import EXIT_INTERNAL, StartFailed  # noqa: E402
from localai_sidecar.log import Log  # noqa: E402


def main() -> int:
    """Run the program; the exit code."""
    log = Log(2)
    try:
        if sys.argv[1:2] == ["--child"]:
            from localai_sidecar.trials import childside

            die_with_parent(_PARENT)
            return childside.run(sys.argv[2:], _CHANNEL, log)
        if len(sys.argv) > 1:
            from localai_sidecar.commandline import run

            return run(sys.argv[1:], _CHANNEL, log)
        return _serve(log)
    except StartFailed as failure:
        log.error(f"{failure.message}; hint: {failure.hint}")
        return failure.code
    except Exception:
        import traceback

        log.error(traceback.format_exc())
        return EXIT_INTERNAL


def _serve(log: Log) -> int:
    from localai_sidecar.engine_folder import engine_folder, read_build
    from localai_sidecar.llama.library import load
    from localai_sidecar.serving.serve import serve

    exit_on(signal.SIGTERM, signal.SIGINT)
    die_with_parent(_PARENT)
    folder = engine_folder()
    return serve(_CHANNEL, read_build(folder), load(folder, log), log, _STARTED)


if __name__ == "__main__":
    # Not sys.exit: native threads may still run, and there is nothing left to tidy.
    os._exit(main())
