import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { formatNumber } from "../i18n";
import type { LicensedPart } from "../models/licences";
import { useModels, useWords } from "./context";
import { CloseIcon } from "./icons";

/** What others wrote and this app contains, with the words of every licence. */
export function Licences() {
  const { licences, preferences } = useModels();
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);

  useSignalEffect(() => {
    if (licences.shown.value) dialog.current?.showModal();
    else dialog.current?.close();
  });

  const count = formatNumber(licences.parts.value.length, preferences.language.value);
  return (
    <dialog
      class="licences"
      ref={dialog}
      data-testid="licences"
      aria-labelledby="licences-title"
      onClose={() => licences.hide()}
    >
      <header class="licences-head">
        <h2 id="licences-title">{words.licencesTitle}</h2>
        <button
          type="button"
          class="icon-button"
          data-testid="licences-close"
          aria-label={words.close}
          title={words.close}
          onClick={() => licences.hide()}
        >
          <CloseIcon />
        </button>
      </header>
      <p class="licences-text">{words.licencesText(count)}</p>
      <input
        type="search"
        class="licences-search"
        autofocus
        data-testid="licences-search"
        aria-label={words.licencesSearch}
        placeholder={words.licencesSearch}
        value={licences.search.value}
        onInput={(event) => {
          licences.search.value = event.currentTarget.value;
        }}
      />
      <div class="licences-list">
        {licences.shown.value && licences.found.value.map((part) => <Part key={part.name} part={part} />)}
      </div>
    </dialog>
  );
}

/** The words are put into the page when they are looked at: all together are as long as a book. */
function Part({ part }: { part: LicensedPart }) {
  const open = useSignal(false);
  return (
    <details
      class="licence"
      data-testid="licence"
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>
        <span class="licence-name">{part.name}</span>
        <span class="licence-id">{part.licence}</span>
      </summary>
      {open.value && part.texts.map((text) => <pre key={text}>{text}</pre>)}
    </details>
  );
}
