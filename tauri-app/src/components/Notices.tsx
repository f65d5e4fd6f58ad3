import { describeError } from "../i18n/errors";
import { useModels, useWords } from "./context";
import { AlertIcon, CloseIcon } from "./icons";

export function Notices() {
  const { notices, preferences } = useModels();
  const words = useWords();
  return (
    <div class="notices" role="alert">
      {notices.all.value.map(({ level, error }) => {
        const { title, detail } = describeError(error, preferences.language.value);
        return (
          <div class="notice" key={error.code} data-testid="notice" data-code={error.code} data-level={level}>
            <AlertIcon />
            <div class="notice-text">
              <strong>{title}</strong>
              <span>{detail}</span>
            </div>
            <button
              type="button"
              class="icon-button"
              data-testid="dismiss"
              aria-label={words.dismiss}
              title={words.dismiss}
              onClick={() => notices.dismiss(error.code)}
            >
              <CloseIcon />
            </button>
          </div>
        );
      })}
    </div>
  );
}
