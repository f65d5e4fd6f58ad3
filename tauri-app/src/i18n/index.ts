/** Chooses the words for a language and writes numbers its way. */

import type { Language } from "../models/preferences";
import { en, type Words } from "./en";
import { ptBR } from "./pt-BR";

export type { Words };

const words: Record<Language, Words> = { en, "pt-BR": ptBR };

/** The words of the page in `language`. */
export function wordsIn(language: Language): Words {
  return words[language];
}

/** `12,345` or `12.345`; below ten with one decimal. */
export function formatNumber(value: number, language: Language): string {
  const maximumFractionDigits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, { maximumFractionDigits }).format(value);
}

/** `40%` for 0.4. */
export function formatPercent(fraction: number, language: Language): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(fraction);
}
