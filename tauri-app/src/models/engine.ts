/** The engine's state, as Rust tells it. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError, Backend, EngineStatus } from "../bridge/contract";
import type { Notices } from "./notices";

export interface EngineModel {
  /** `null` until Rust has answered for the first time. */
  readonly status: ReadonlySignal<EngineStatus | null>;
  /** Begins to listen. */
  connect(): Promise<void>;
}

export function createEngine(backend: Backend, notices: Notices): EngineModel {
  const status = signal<EngineStatus | null>(null);

  function update(next: EngineStatus): void {
    const previous = status.value;
    tellProblem(previous?.problem ?? null, next.problem, notices);
    // A death in mid-answer is told by the answer; this is for one nobody waited for.
    if (previous?.state === "idle" && next.starts > previous.starts && next.lastDeath !== null) {
      notices.show({ ...next.lastDeath, code: "engine_replaced" }, "warning");
    }
    for (const remark of newRemarks(previous?.remarks ?? [], next.remarks)) notices.show(remark, "warning");
    status.value = next;
  }

  return {
    status,
    async connect() {
      try {
        let changed = false;
        const first = await backend.engineStatus((next) => {
          changed = true;
          update(next);
        });
        // What came over the channel meanwhile is newer.
        if (!changed) update(first);
      } catch (error) {
        notices.show(error as AppError);
      }
    },
  };
}

/** Shows the problem when it comes, and takes it away when it goes. */
function tellProblem(before: AppError | null, now: AppError | null, notices: Notices): void {
  if (before !== null && before.code !== now?.code) notices.dismiss(before.code);
  if (now !== null && before?.code !== now.code) notices.show(now);
}

/** Those that were not there before: each is shown once. */
function newRemarks(before: readonly AppError[], now: readonly AppError[]): AppError[] {
  const known = new Set(before.map((remark) => remark.message));
  return now.filter((remark) => !known.has(remark.message));
}
