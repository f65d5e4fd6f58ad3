import { expect, test } from "vitest";
import { MemoryStorage } from "./fakes";
import { applyPreferences, createPreferences } from "./preferences";

test.each([
  [["pt-BR", "en"], "pt-BR"],
  [["pt-PT"], "pt-BR"],
  [["de-DE", "pt-BR"], "pt-BR"],
  [["de-DE", "en-GB", "pt"], "en"],
  [["ja"], "en"],
  [[], "en"],
])("a system that speaks %j gets %s", (languages, expected) => {
  expect(createPreferences(new MemoryStorage(), languages).language.value).toBe(expected);
});

test("the theme is the system's until the user goes through the others", () => {
  const preferences = createPreferences(new MemoryStorage(), []);
  const seen = [preferences.theme.value];
  for (let turn = 0; turn < 3; turn++) {
    preferences.nextTheme();
    seen.push(preferences.theme.value);
  }
  expect(seen).toEqual(["system", "light", "dark", "system"]);
});

test("what was chosen is remembered", () => {
  const storage = new MemoryStorage();
  const first = createPreferences(storage, ["en"]);
  first.nextLanguage();
  first.nextTheme();
  const second = createPreferences(storage, ["en"]);
  expect([second.language.value, second.theme.value]).toEqual(["pt-BR", "light"]);
});

test("what cannot be understood in the storage is as if it were not there", () => {
  const storage = new MemoryStorage();
  storage.setItem("language", "tlh");
  storage.setItem("theme", "plaid");
  const preferences = createPreferences(storage, ["en"]);
  expect([preferences.language.value, preferences.theme.value]).toEqual(["en", "system"]);
});

test("the document follows until it is undone", () => {
  const preferences = createPreferences(new MemoryStorage(), ["en"]);
  const root = document.createElement("html");
  const undo = applyPreferences(preferences, root);
  preferences.nextTheme();
  preferences.nextLanguage();
  expect([root.lang, root.dataset.theme]).toEqual(["pt-BR", "light"]);
  undo();
  preferences.nextTheme();
  expect(root.dataset.theme).toBe("light");
});
