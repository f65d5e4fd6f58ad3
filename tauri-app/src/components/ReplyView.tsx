import { formatNumber, formatPercent, type Words } from "../i18n";
import type { Language } from "../models/preferences";
import type { Reply } from "../models/reply";
import { useModels, useWords } from "./context";

/** An answer. While it streams only its text node changes: the signal itself is rendered. */
export function ReplyView({ reply }: { reply: Reply }) {
  const words = useWords();
  const state = reply.state.value;
  return (
    <article
      class="message message-assistant"
      data-testid="message"
      data-role="assistant"
      data-state={state}
      aria-label={words.assistant}
      // A screen reader waits for the whole answer instead of reading every piece.
      aria-busy={state === "streaming"}
    >
      <div class="message-text" data-testid="message-text">
        {reply.shownText}
      </div>
      <Footer reply={reply} />
    </article>
  );
}

function Footer({ reply }: { reply: Reply }) {
  const { preferences } = useModels();
  const words = useWords();
  const parts = footerParts(reply, words, preferences.language.value);
  if (parts.length === 0) return null;
  return <footer class="message-footer">{parts.join(" · ")}</footer>;
}

function footerParts(reply: Reply, words: Words, language: Language): string[] {
  if (reply.state.value === "streaming") {
    const reading = reply.reading.value;
    return reading === null ? [] : [words.reading(formatPercent(reading, language))];
  }
  const answer = reply.answer.value;
  if (answer === null) return [];
  const parts: string[] = [];
  if (answer.state === "interrupted") {
    parts.push(answer.finishReason === "cancelled" ? words.stoppedByUser : words.cutOff);
  }
  if (answer.state === "failed") parts.push(words.notAnswered);
  if (answer.finishReason === "length") parts.push(words.lengthReached);
  if (answer.tokens) parts.push(words.tokens(formatNumber(answer.tokens, language)));
  if (answer.tokensPerSecond !== null) {
    parts.push(words.tokensPerSecond(formatNumber(answer.tokensPerSecond, language)));
  }
  if (answer.forgottenTurns > 0) parts.push(words.forgotten);
  return parts;
}
