"""Runs in a process of its own: the engine's tokeniser on a vocabulary without weights, questions in, answers out.

`python vocabulary_side.py VOCABULARY.gguf [TEMPLATE.jinja]`; a question is a line of JSON: `["method", {values}]`.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from localai_sidecar.chat.messages import Segment
from localai_sidecar.engine_folder import engine_folder
from localai_sidecar.llama.chatforms import ChatForms
from localai_sidecar.llama.library import load
from localai_sidecar.llama.model import Model
from localai_sidecar.llama.prompt import prompt_tokens, segment_tokens
from localai_sidecar.llama.vocabulary import Vocabulary
from localai_sidecar.log import Log
from localai_sidecar.protocol.params import Message


class VocabularyOnly(Vocabulary):
    """What prompts need of a model."""

    apply_template = Model.apply_template

    def __init__(self, llama: Any, path: Path, template: str | None) -> None:
        params = llama.llama_model_default_params()
        params.vocab_only = True
        super().__init__(llama, llama.llama_model_load_from_file(str(path).encode(), params))
        self.chat = ChatForms(template)
        self.chat.settle(self)  # type: ignore[arg-type]

    # -- what may be asked ---------------------------------------------------------------------------------------

    def of_text(self, text: str, control: bool) -> list[int]:
        return self.tokenize(text.encode(), parse_control=control)

    def in_mid_text(self, text: str) -> list[int]:
        return self.tokenize_in_mid_text(text.encode(), parse_control=False)

    def of_segments(self, segments: list[tuple[str, bool]]) -> list[int]:
        return segment_tokens(self, [Segment(*segment) for segment in segments])

    def of_prompt(self, prompt: str) -> list[int]:
        return prompt_tokens(self, SimpleNamespace(prompt=prompt, messages=None))  # type: ignore[arg-type]

    def of_messages(self, messages: list[tuple[str, str]]) -> list[int]:
        asked = SimpleNamespace(prompt=None, messages=[Message(*message) for message in messages])
        return prompt_tokens(self, asked)  # type: ignore[arg-type]

    def in_hex(self, tokens: list[int]) -> list[str]:
        return [(self.pieces[token] or b"").hex() for token in tokens]

    def control_ids(self) -> list[int]:
        return [token for token in range(self.vocabulary_size) if self.control_tokens.get(token)]

    def facts(self) -> dict[str, Any]:
        spelled = dict(zip(("bos_token", "eos_token"), self.control_tokens.bos_and_eos(), strict=True))
        return {"bos": self.bos, "size": self.vocabulary_size, **spelled}


def main() -> None:
    """Answers until stdin ends."""
    path, *template = (Path(word).absolute() for word in sys.argv[1:])
    text = template[0].read_text(encoding="utf-8") if template else None
    vocabulary = VocabularyOnly(load(engine_folder(), Log(2)).llama, path, text)
    for line in sys.stdin:
        method, values = json.loads(line)
        print(json.dumps(getattr(vocabulary, method)(**values)), flush=True)


if __name__ == "__main__":
    main()
