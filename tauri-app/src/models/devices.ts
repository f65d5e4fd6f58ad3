/** The devices of this computer: which one was asked for, which one computes, and the choice of another. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { AppError, DeviceStatus } from "../bridge/contract";
import type { Chat } from "./chat";
import type { EngineModel } from "./engine";

/** A device's id; `null` leaves the choice to the engine. */
export type Choice = string | null;

export interface Devices {
  /** Whether the chooser is open. */
  readonly shown: ReadonlySignal<boolean>;
  /** Those that can be asked for. */
  readonly all: ReadonlySignal<readonly DeviceStatus[]>;
  /** Backends that found no device, each with its reason. */
  readonly without: ReadonlySignal<readonly DeviceStatus[]>;
  readonly requested: ReadonlySignal<Choice>;
  /** The id of the device that computes, once a model is loaded. */
  readonly computing: ReadonlySignal<string | null>;
  /** A device crashed too often, and the CPU stands in for it until something is chosen anew. */
  readonly givenUp: ReadonlySignal<boolean>;
  /** What the model is being loaded on, since somebody chose it here. */
  readonly loading: ReadonlySignal<{ choice: Choice } | null>;
  /** An answer is being written where the model is now. */
  readonly busy: ReadonlySignal<boolean>;
  show(): void;
  hide(): void;
  /** Loads the model there. Ends, and closes the chooser, when it is loaded or was refused. */
  choose(choice: Choice): Promise<void>;
  /** A device as a person knows it: `AMD Radeon RX 6800 · Vulkan` for `Vulkan0`. */
  nameOf(id: string): string;
}

/** How a command says that the engine shall choose; a device that is absent stays as it was. */
const AUTOMATIC = "auto";

export function createDevices(engine: EngineModel, chat: Chat): Devices {
  const shown = signal(false);
  const loading = signal<{ choice: Choice } | null>(null);
  const listed = signal<readonly DeviceStatus[]>([]);
  // Between two processes nobody tells of devices; they are still there.
  effect(() => {
    const told = engine.status.value?.devices ?? [];
    if (told.length > 0) listed.value = told;
  });
  const remarks = () => engine.status.value?.remarks ?? [];
  return {
    shown,
    loading,
    all: computed(() => listed.value.filter((device) => device.id !== "")),
    without: computed(() => listed.value.filter((device) => device.id === "")),
    requested: computed(() => engine.status.value?.requestedDevice ?? null),
    computing: computed(() => engine.status.value?.device ?? null),
    givenUp: computed(() => remarks().some((remark) => remark.code === "device_given_up")),
    busy: chat.busy,
    show: () => {
      shown.value = true;
    },
    hide: () => {
      shown.value = false;
    },
    async choose(choice) {
      if (chat.busy.value || loading.value !== null) return;
      loading.value = { choice };
      await engine.loadAgain({ device: choice ?? AUTOMATIC });
      loading.value = null;
      shown.value = false;
    },
    nameOf(id) {
      const device = listed.value.find((each) => each.id === id);
      return device === undefined ? id : fullName(device);
    },
  };
}

/** What a device is called where its backend stands beside it: no trademarks, no name of a driver. */
export function shortName({ id, kind, description }: DeviceStatus): string {
  if (kind === "cpu") return id;
  const name = description.replace(/\s*\([^)]*\)/g, "").trim();
  return name === "" ? id : name;
}

function fullName(device: DeviceStatus): string {
  return device.kind === "cpu" ? shortName(device) : `${shortName(device)} · ${device.backend}`;
}

const DEVICES_IN_VALUES: readonly string[] = ["device", "asked", "actual", "offer"];

/** `error` with the names of devices in the place of their ids. */
export function withNames(error: AppError, nameOf: Devices["nameOf"]): AppError {
  if (error.values === undefined) return error;
  const named = Object.entries(error.values).map(([name, value]) =>
    DEVICES_IN_VALUES.includes(name) ? [name, nameOf(String(value))] : [name, value],
  );
  return { ...error, values: Object.fromEntries(named) };
}
