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

/** `15.4 GB`, `512 MB`, in powers of 1024 as memory is sold. */
export function formatMemory(bytes: number, language: Language): string {
  const large = bytes >= 2 ** 30;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: large ? "gigabyte" : "megabyte",
    maximumFractionDigits: large ? 1 : 0,
  }).format(bytes / 2 ** (large ? 30 : 20));
}

/** `40%` for 0.4. */
export function formatPercent(fraction: number, language: Language): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(fraction);
}
