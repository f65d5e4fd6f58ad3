/** The engine's state, as Rust tells it, and what the user can do when it does not run. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { AppError, Backend, EngineState, EngineStatus, LoadOptions } from "../bridge/contract";
import { lasts, type Notices } from "./notices";

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
    const before = previous?.remarks ?? [];
    for (const remark of missingIn(next.remarks, before)) if (lasts(remark)) notices.dismiss(remark);
    for (const remark of missingIn(before, next.remarks)) tellRemark(remark, notices);
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
  if (before !== null && before.code !== now?.code) notices.dismiss(before);
  if (now !== null && before?.code !== now.code) notices.show(now);
}

/** Nobody misses such a device: that it is passed over is told where devices are chosen. */
const NOT_MISSED: readonly string[] = ["no_driver", "software"];
const ALL_IS_WELL: readonly string[] = ["device_chosen", "device_ready"];

function tellRemark(remark: AppError, notices: Notices): void {
  if (ALL_IS_WELL.includes(remark.code)) return;
  if (remark.code === "device_skipped" && NOT_MISSED.includes(String(remark.values?.code))) return;
  notices.show(remark, remark.code === "layers_on_cpu" ? "remark" : "warning");
}

/** Those of `some` that are not among `others`. */
function missingIn(others: readonly AppError[], some: readonly AppError[]): AppError[] {
  const known = new Set(others.map((remark) => remark.message));
  return some.filter((remark) => !known.has(remark.message));
}
