/** The engine's state, as Rust tells it, and what the user can do when it does not run. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError, Backend, EngineState, EngineStatus, LoadOptions } from "../bridge/contract";
import type { Notices } from "./notices";

export interface EngineModel {
  /** `null` until Rust has answered for the first time. */
  readonly status: ReadonlySignal<EngineStatus | null>;
  /** Begins to listen. */
  connect(): Promise<void>;
  /** Starts the engine anew. */
  restart(): Promise<void>;
  /** Loads the model in use once more, in another way. */
  loadAgain(options: LoadOptions): Promise<void>;
}

/** Between a crash and the next process. An engine that waited before is told of as replaced. */
const ON_THE_WAY_BACK: readonly EngineState[] = ["idle", "crashed", "backingOff", "starting"];

export function createEngine(backend: Backend, notices: Notices): EngineModel {
  const status = signal<EngineStatus | null>(null);
  /** The number of the process that waited for a question, until something else happens to it. */
  let waiting: number | null = null;

  function update(next: EngineStatus): void {
    const previous = status.value;
    tellProblem(previous?.problem ?? null, next.problem, notices);
    // A death in mid-answer is told by the answer; this is for one nobody waited for.
    if (waiting !== null && next.starts > waiting && next.lastDeath !== null) {
      notices.show({ ...next.lastDeath, code: "engine_replaced" }, "warning");
      waiting = null;
    }
    if (next.state === "idle") waiting = next.starts;
    else if (!ON_THE_WAY_BACK.includes(next.state)) waiting = null;
    for (const remark of newRemarks(previous?.remarks ?? [], next.remarks)) notices.show(remark, "warning");
    status.value = next;
  }

  async function tried(attempt: Promise<unknown>): Promise<void> {
    try {
      await attempt;
    } catch (error) {
      notices.show(error as AppError);
    }
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
    restart: () => tried(backend.restartEngine()),
    async loadAgain(options) {
      const id = status.value?.model.id;
      if (id !== undefined) await tried(backend.loadModel(id, options));
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
