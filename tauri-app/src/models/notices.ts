/** What went wrong, shown until it is dismissed or no longer true. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError } from "../bridge/contract";

export interface Notices {
  readonly all: ReadonlySignal<readonly AppError[]>;
  /** Shows `error`, in place of an earlier one with the same code. */
  show(error: AppError): void;
  /** Takes the notice with this code away, if there is one. */
  dismiss(code: string): void;
  /** Takes all notices away. */
  clear(): void;
}

export function createNotices(): Notices {
  const all = signal<readonly AppError[]>([]);
  const without = (code: string) => all.value.filter((notice) => notice.code !== code);
  return {
    all,
    show: (error) => {
      all.value = [...without(error.code), error];
    },
    dismiss: (code) => {
      all.value = without(code);
    },
    clear: () => {
      all.value = [];
    },
  };
}
