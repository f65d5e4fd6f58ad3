import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { DeviceStatus } from "../bridge/contract";
import { formatMemory } from "../i18n";
import { type Choice, shortName } from "../models/devices";
import { useModels, useWords } from "./context";

interface OptionProps {
  choice: Choice;
  selected: Signal<Choice>;
  name: string;
  tag: string | undefined;
  children: ComponentChildren;
}

function Option({ choice, selected, name, tag, children }: OptionProps) {
  const chosen = selected.value === choice;
  return (
    <label class="device-option" data-testid={`device-option-${choice ?? "automatic"}`} data-chosen={chosen}>
      <input
        type="radio"
        name="device"
        checked={chosen}
        // The first that the keyboard reaches when the chooser opens.
        autofocus={chosen}
        onChange={() => {
          selected.value = choice;
        }}
      />
      <span class="device-name">{name}</span>
      {tag !== undefined && <span class="device-tag">{tag}</span>}
      <span class="device-about">{children}</span>
    </label>
  );
}

/** The engine chooses. */
export function AutomaticOption({ selected }: { selected: Signal<Choice> }) {
  const words = useWords();
  return (
    <Option choice={null} selected={selected} name={words.deviceAutomatic} tag={undefined}>
      <span>{words.deviceAutomaticText}</span>
    </Option>
  );
}

/** A device with its memory, and why it is taken or passed over. One that failed can be chosen: it is tried again. */
export function DeviceOption({ device, selected }: { device: DeviceStatus; selected: Signal<Choice> }) {
  const { devices } = useModels();
  const words = useWords();
  const computes = devices.computing.value === device.id;
  return (
    <Option
      choice={device.id}
      selected={selected}
      name={shortName(device)}
      tag={computes ? words.deviceComputing : undefined}
    >
      <Facts device={device} />
      <State device={device} />
    </Option>
  );
}

function Facts({ device }: { device: DeviceStatus }) {
  const { preferences } = useModels();
  const words = useWords();
  const facts = [device.kind === "cpu" ? device.description : device.backend];
  // A driver may not tell of its memory.
  if (device.memoryTotal > 0) {
    const memory = (bytes: number) => formatMemory(bytes, preferences.language.value);
    facts.push(words.deviceMemory(memory(device.memoryFree), memory(device.memoryTotal)));
  }
  return <span title={device.description}>{facts.join(" · ")}</span>;
}

function State({ device }: { device: DeviceStatus }) {
  const words = useWords();
  if (device.state === "probing") return <span data-testid="device-state">{words.deviceProbing}</span>;
  if (device.reason === null) return null;
  const why = device.state === "unavailable" ? words.devicePassedOver : words.deviceTaken;
  return <span data-testid="device-state">{`${why} ${device.reason}`}</span>;
}

/** A way to compute for which this computer has no device. */
export function BackendWithout({ backend: { backend, state, reason } }: { backend: DeviceStatus }) {
  const words = useWords();
  const none = reason === null ? words.deviceNotFound : `${words.deviceNotFound}: ${reason}`;
  return (
    <p class="backend-without" data-testid="backend-without">
      <strong>{backend}</strong>
      <span>{state === "probing" ? words.deviceProbing : none}</span>
    </p>
  );
}
