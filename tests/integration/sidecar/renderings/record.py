"""Records what transformers makes of each chat template: `python record.py FOLDER_OF_JINJA_FILES`.

Runs in an environment of its own with transformers and jinja2; README.md beside it says when.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from transformers.utils import chat_template_utils  # type: ignore[import-not-found]

HERE = Path(__file__).parent
SYSTEM = {"role": "system", "content": "Answer briefly."}
TURNS = [
    {"role": "user", "content": "Is {{ 1 + 1 }} two?"},
    {"role": "assistant", "content": "<think>\nEasy.\n</think>\n\nYes."},
    {"role": "user", "content": "  And 1 + 2?\n"},
]
UNFINISHED = {"role": "assistant", "content": "It is 3, as"}
# What a template that refuses the system's role is given instead.
MERGED = [{"role": "user", "content": f"{SYSTEM['content']}\n{TURNS[0]['content']}"}, *TURNS[1:]]


def main() -> None:
    """Writes a JSON file per template: each rendering is a list of its lines."""
    for path in sorted(Path(sys.argv[1]).glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        recorded: dict[str, dict[str, Any]] = {}
        for name, conversation in (("given", [SYSTEM, *TURNS]), ("merged", MERGED)):
            try:
                recorded[name] = {
                    "answered": render(template, conversation, add_generation_prompt=True),
                    "continued": render(template, [*conversation, UNFINISHED], continue_final_message=True),
                }
            except Exception as refusal:
                recorded[name] = {"refused": str(refusal).splitlines()[0]}
        if "refused" not in recorded["given"]:
            del recorded["merged"]
        text = json.dumps(recorded, ensure_ascii=False, indent=1)
        (HERE / f"{path.stem}.json").write_text(text + "\n", encoding="utf-8")


def render(template: str, conversation: list[dict[str, str]], **options: Any) -> list[str]:
    """The rendering's lines; «%Y» stands where a template asks for the date."""
    compiled = chat_template_utils._compile_jinja_template(template)
    compiled.globals["strftime_now"] = lambda format: f"«{format}»"
    rendered, _ = chat_template_utils.render_jinja_template(
        [conversation], chat_template=template, bos_token="<s>", eos_token="</s>", **options
    )
    return str(rendered[0]).splitlines(keepends=True)


if __name__ == "__main__":
    main()
