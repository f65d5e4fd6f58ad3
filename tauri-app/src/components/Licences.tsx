import { useSignal } from "@preact/signals";
import { formatNumber } from "../i18n";
import type { LicensedPart } from "../models/licences";
import { useModels, useWords } from "./context";
import { Dialog } from "./Dialog";

/** What others wrote and this app contains, with the words of every licence. */
export function Licences() {
  const { licences, preferences } = useModels();
  const words = useWords();
  const count = formatNumber(licences.parts.value.length, preferences.language.value);
  return (
    <Dialog name="licences" title={words.licencesTitle} shown={licences.shown} onHide={() => licences.hide()}>
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
        {licences.found.value.map((part) => (
          <Part key={part.name} part={part} />
        ))}
      </div>
    </Dialog>
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
