/** What went wrong, shown until it is dismissed or no longer true. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError } from "../bridge/contract";

export interface Notice {
  readonly level: "error" | "warning";
  readonly error: AppError;
}

export interface Notices {
  readonly all: ReadonlySignal<readonly Notice[]>;
  /** Shows `error`, in place of an earlier one with the same code. */
  show(error: AppError, level?: Notice["level"]): void;
  /** Takes the notice with this code away, if there is one. */
  dismiss(code: string): void;
  /** Takes all notices away. */
  clear(): void;
}

export function createNotices(): Notices {
  const all = signal<readonly Notice[]>([]);
  const without = (code: string) => all.value.filter((notice) => notice.error.code !== code);
  return {
    all,
    show: (error, level = "error") => {
      all.value = [...without(error.code), { level, error }];
    },
    dismiss: (code) => {
      all.value = without(code);
    },
    clear: () => {
      all.value = [];
    },
  };
}
