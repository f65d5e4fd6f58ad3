"""Everything the page has shown of its answers, recorded inside the page, and what the history holds of the same."""

from __future__ import annotations

from dataclasses import dataclass

from driving.app import App

# A MutationObserver hears of each change before it is painted, so nothing that was seen is missed.
_RECORD = """
if (window.recordedAnswers !== undefined) return;
window.recordedAnswers = [];
const known = new WeakMap();
function record() {
  for (const answer of document.querySelectorAll('[data-testid="message"][data-role="assistant"]')) {
    let entry = known.get(answer);
    if (entry === undefined) {
      const question = answer.previousElementSibling.querySelector('[data-testid="message-text"]');
      entry = { question: question.textContent, shown: "", state: "", changed: [] };
      known.set(answer, entry);
      window.recordedAnswers.push(entry);
    }
    const text = answer.querySelector('[data-testid="message-text"]').textContent;
    if (!text.startsWith(entry.shown)) entry.changed.push([entry.shown, text]);
    entry.shown = text;
    entry.state = answer.dataset.state;
  }
}
const everything = { subtree: true, childList: true, characterData: true, attributes: true };
new MutationObserver(record).observe(document.body, everything);
"""

# The page's own way to the core: the commands that its lists are made with.
_KEPT = """
const invoke = window.__TAURI_INTERNALS__.invoke;
const answers = [];
let after;
do {
  const part = await invoke("list_conversations", after === undefined ? {} : { after });
  for (const { id } of part.conversations) {
    const { messages } = await invoke("open_conversation", { conversationId: id });
    const [question, answer] = messages;
    answers.push({ question: question.text, shown: answer.text.trimStart(), state: answer.state, changed: [] });
  }
  after = part.next ?? undefined;
} while (after !== undefined);
return answers;
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: the text that was last seen, and every time that text seen before was not its beginning."""

    question: str
    shown: str
    state: str
    changed: list[list[str]]


def record(app: App) -> None:
    """Begins to record every answer that the page shows from now on."""
    app.browser.run(_RECORD)


def recorded(app: App) -> list[Answer]:
    """What was recorded; answers that never showed a word are left out."""
    return [Answer(**each) for each in app.browser.run("return window.recordedAnswers") if each["shown"]]


def kept(app: App) -> list[Answer]:
    """The first answer of every conversation in the app's history, as the page would show it."""
    return [Answer(**each) for each in app.browser.run(_KEPT)]
