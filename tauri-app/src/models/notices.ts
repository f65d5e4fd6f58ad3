/** What went wrong, shown until it is dismissed or no longer true. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError } from "../bridge/contract";

export interface Notice {
  /** A remark changes nothing for the user, or there is nothing to be done. */
  readonly level: "error" | "warning" | "remark";
  readonly error: AppError;
}

export interface Notices {
  readonly all: ReadonlySignal<readonly Notice[]>;
  /** Shows `error`, in place of an earlier one about the same. */
  show(error: AppError, level?: Notice["level"]): void;
  /** Takes the notice about this away, if there is one. */
  dismiss(error: AppError): void;
  /** Takes all notices away but those that stay true: they are the user's to dismiss. */
  clear(): void;
}

/** Whether it stays true whatever is asked, and is told as long as it does. */
export function lasts({ code }: AppError): boolean {
  return code === "device_given_up" || code === "other_device";
}

/** What is told of each device by itself. */
const OF_A_DEVICE: readonly string[] = ["device_skipped", "device_given_up"];

/** What a notice is about: its code, and the device where it is news of one. */
export function subjectOf({ code, values }: AppError): string {
  if (!OF_A_DEVICE.includes(code)) return code;
  return [code, values?.device ?? values?.backend].join(" ");
}

export function createNotices(): Notices {
  const all = signal<readonly Notice[]>([]);
  const without = (error: AppError) =>
    all.value.filter((notice) => subjectOf(notice.error) !== subjectOf(error));
  return {
    all,
    show: (error, level = "error") => {
      all.value = [...without(error), { level, error }];
    },
    dismiss: (error) => {
      all.value = without(error);
    },
    clear: () => {
      all.value = all.value.filter((notice) => lasts(notice.error));
    },
  };
}
