import type { ComponentChildren } from "preact";
import type { Theme } from "../models/preferences";
import { useModels, useWords } from "./context";
import { DemoBadge } from "./DemoBadge";
import { Logo, MoonIcon, PencilIcon, SunIcon, SystemIcon } from "./icons";

const THEME_ICONS: Record<Theme, () => ComponentChildren> = {
  system: SystemIcon,
  light: SunIcon,
  dark: MoonIcon,
};

export function Header() {
  const { engine } = useModels();
  const model = engine.status.value?.model;
  return (
    <header class="header">
      <Logo />
      <h1 class="header-name">localaiapp</h1>
      {model && (
        <span class="header-model" data-testid="model-name" title={model.name}>
          {model.name}
        </span>
      )}
      {model?.demo && <DemoBadge />}
      <div class="header-actions">
        <StartOver />
        <LanguageToggle />
        <ThemeToggle />
      </div>
    </header>
  );
}

function StartOver() {
  const { chat } = useModels();
  const words = useWords();
  const nothing = chat.messages.value.length === 0;
  return (
    <button
      type="button"
      class="icon-button"
      data-testid="start-over"
      aria-label={words.startOver}
      title={words.startOver}
      disabled={nothing || chat.busy.value}
      onClick={() => chat.startOver()}
    >
      <PencilIcon />
    </button>
  );
}

function LanguageToggle() {
  const { preferences } = useModels();
  const words = useWords();
  return (
    <button
      type="button"
      class="icon-button icon-button-text"
      data-testid="language"
      data-state={preferences.language.value}
      aria-label={words.switchLanguage}
      title={words.switchLanguage}
      onClick={() => preferences.nextLanguage()}
    >
      {words.languageShort}
    </button>
  );
}

function ThemeToggle() {
  const { preferences } = useModels();
  const words = useWords();
  const theme = preferences.theme.value;
  const label = words.theme(words.themes[theme]);
  const ThemeIcon = THEME_ICONS[theme];
  return (
    <button
      type="button"
      class="icon-button"
      data-testid="theme"
      data-state={theme}
      aria-label={label}
      title={label}
      onClick={() => preferences.nextTheme()}
    >
      <ThemeIcon />
    </button>
  );
}
