/** Language and theme: the system's until the user chooses, then remembered. */

import { effect, type Signal, signal } from "@preact/signals";

export const LANGUAGES = ["en", "pt-BR"] as const;
export type Language = (typeof LANGUAGES)[number];

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export interface Preferences {
  readonly language: Signal<Language>;
  readonly theme: Signal<Theme>;
  /** The next theme in turn. */
  nextTheme(): void;
  /** The next language in turn. */
  nextLanguage(): void;
}

/** `systemLanguages` are the user's languages, the best first, as the browser tells them. */
export function createPreferences(storage: Storage, systemLanguages: readonly string[]): Preferences {
  const language = signal(choice(storage, "language", LANGUAGES) ?? closest(systemLanguages));
  const theme = signal(choice(storage, "theme", THEMES) ?? "system");
  const chosen = (name: string, value: string) => storage.setItem(name, value);
  return {
    language,
    theme,
    nextTheme() {
      theme.value = next(THEMES, theme.value);
      chosen("theme", theme.value);
    },
    nextLanguage() {
      language.value = next(LANGUAGES, language.value);
      chosen("language", language.value);
    },
  };
}

/** Keeps the document's language and theme in step; returns what undoes it. */
export function applyPreferences(preferences: Preferences, root: HTMLElement): () => void {
  return effect(() => {
    root.lang = preferences.language.value;
    root.dataset.theme = preferences.theme.value;
  });
}

function choice<Value extends string>(
  storage: Storage,
  name: string,
  allowed: readonly Value[],
): Value | undefined {
  const stored = storage.getItem(name);
  return allowed.find((value) => value === stored);
}

function closest(systemLanguages: readonly string[]): Language {
  const family = systemLanguages.map((language) => language.toLowerCase().split("-")[0]);
  const known = family.find((name) => name === "en" || name === "pt");
  return known === "pt" ? "pt-BR" : "en";
}

function next<Value>(values: readonly [Value, ...Value[]], current: Value): Value {
  return values[(values.indexOf(current) + 1) % values.length] ?? values[0];
}
