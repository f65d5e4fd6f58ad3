import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useModels, useWords } from "./context";
import { SendIcon, StopIcon } from "./icons";

export function Composer() {
  const { chat } = useModels();
  const words = useWords();
  const input = useRef<HTMLTextAreaElement>(null);

  const busy = chat.busy.value;
  // The button that was pressed may be gone now: the keyboard must not be left nowhere.
  useEffect(() => {
    if (document.activeElement === document.body) input.current?.focus();
  }, [busy]);
  useSignalEffect(() => {
    if (input.current !== null) fitHeight(input.current, chat.draft.value);
  });

  const send = () => {
    void chat.ask(chat.draft.value);
    input.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={input}
        class="composer-input"
        data-testid="prompt"
        rows={1}
        aria-label={words.composerLabel}
        placeholder={words.composerPlaceholder}
        value={chat.draft}
        onInput={(event) => {
          chat.draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          // While an input method is composing, Enter chooses a word.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {busy ? <StopButton /> : <SendButton />}
    </form>
  );
}

function SendButton() {
  const { chat } = useModels();
  const words = useWords();
  return (
    <button
      type="submit"
      class="round-button"
      data-testid="send"
      aria-label={words.send}
      title={words.send}
      disabled={chat.draft.value.trim() === ""}
    >
      <SendIcon />
    </button>
  );
}

function StopButton() {
  const { chat } = useModels();
  const words = useWords();
  return (
    <button
      type="button"
      class="round-button round-button-stop"
      data-testid="stop"
      aria-label={words.stop}
      title={words.stop}
      onClick={() => void chat.stop()}
    >
      <StopIcon />
    </button>
  );
}

/** As high as its text, up to the limit in the style sheet. */
function fitHeight(input: HTMLTextAreaElement, text: string): void {
  if (input.value !== text) input.value = text;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
