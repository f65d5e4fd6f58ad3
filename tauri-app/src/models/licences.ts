/** The licences of what others wrote: fetched when they are asked for, and found by name. */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { AppError, Backend } from "../bridge/contract";
import type { Notices } from "./notices";

/** The lines that `ci/sidecarkit/release/licences.py` puts between entries, and between names and words. */
const BETWEEN_ENTRIES = `\n${"=".repeat(80)}\n`;
const BETWEEN_PARTS_AND_TEXT = `\n${"-".repeat(80)}\n`;
const BETWEEN_NAME_AND_LICENCE = " · ";

export interface LicensedPart {
  readonly name: string;
  readonly licence: string;
  /** The words of its licence; some parts have several. */
  readonly texts: readonly string[];
}

export interface Licences {
  readonly shown: ReadonlySignal<boolean>;
  readonly search: Signal<string>;
  /** All parts. */
  readonly parts: ReadonlySignal<readonly LicensedPart[]>;
  /** Those whose name or licence holds what is searched for. */
  readonly found: ReadonlySignal<readonly LicensedPart[]>;
  show(): Promise<void>;
  hide(): void;
}

export function createLicences(backend: Backend, notices: Notices): Licences {
  const shown = signal(false);
  const search = signal("");
  const parts = signal<readonly LicensedPart[]>([]);
  return {
    shown,
    search,
    parts,
    found: computed(() => {
      const wanted = search.value.trim().toLowerCase();
      return parts.value.filter((part) => `${part.name} ${part.licence}`.toLowerCase().includes(wanted));
    }),
    async show() {
      try {
        if (parts.value.length === 0) parts.value = partsIn(await backend.thirdPartyLicences());
        search.value = "";
        shown.value = true;
      } catch (error) {
        notices.show(error as AppError);
      }
    },
    hide() {
      shown.value = false;
    },
  };
}

/** The parts named in the file, by name. */
export function partsIn(file: string): LicensedPart[] {
  const texts = new Map<string, string[]>();
  for (const entry of file.split(BETWEEN_ENTRIES).slice(1)) {
    const [labels = "", ...words] = entry.split(BETWEEN_PARTS_AND_TEXT);
    for (const label of labels.split("\n")) {
      texts.set(label, [...(texts.get(label) ?? []), words.join(BETWEEN_PARTS_AND_TEXT).trim()]);
    }
  }
  return [...texts]
    .map(([label, found]) => part(label, found))
    .sort((one, other) => one.name.localeCompare(other.name, "en"));
}

function part(label: string, texts: readonly string[]): LicensedPart {
  const cut = label.lastIndexOf(BETWEEN_NAME_AND_LICENCE);
  if (cut < 0) return { name: label, licence: "", texts };
  return { name: label.slice(0, cut), licence: label.slice(cut + BETWEEN_NAME_AND_LICENCE.length), texts };
}
