import type { EngineState, EngineStatus } from "../bridge/contract";
import { formatNumber, formatPercent, type Words } from "../i18n";
import type { Language } from "../models/preferences";
import { useModels, useWords } from "./context";

/** The engine does not run, and nothing but time or the user brings it back. */
const DOWN: readonly EngineState[] = ["crashed", "backingOff", "failed"];

/** What the engine is doing, where it computes, and how fast the last answer came. */
export function StatusLine() {
  const { chat, engine, licences, preferences } = useModels();
  const words = useWords();
  const language = preferences.language.value;
  const status = engine.status.value;
  const speed = chat.lastSpeed.value;
  return (
    <div class="status-line">
      <span
        class="engine-status"
        data-testid="engine-status"
        data-state={status?.state ?? "connecting"}
        role="status"
        aria-label={words.engineLabel}
      >
        <span class="engine-dot" aria-hidden="true" />
        {stateText(status, words, language)}
      </span>
      {status !== null && DOWN.includes(status.state) && <RestartButton />}
      <DeviceButton />
      {speed !== null && (
        <span data-testid="speed">{words.tokensPerSecond(formatNumber(speed, language))}</span>
      )}
      <span class="status-local">{words.localOnly}</span>
      <button
        type="button"
        class="text-button"
        data-testid="show-licences"
        onClick={() => void licences.show()}
      >
        {words.licences}
      </button>
    </div>
  );
}

/** Names the device that computes, or the one that is to; opens the choice of another. */
function DeviceButton() {
  const { devices } = useModels();
  const words = useWords();
  const computing = devices.computing.value;
  if (computing === null && devices.all.value.length === 0) return null;
  const named = computing ?? devices.requested.value;
  return (
    <button
      type="button"
      class="text-button device-button"
      data-testid="device"
      data-device={computing ?? ""}
      aria-haspopup="dialog"
      title={words.devicesTitle}
      onClick={() => devices.show()}
    >
      {named === null ? words.deviceAutomatic : devices.nameOf(named)}
    </button>
  );
}

function RestartButton() {
  const { engine } = useModels();
  const words = useWords();
  return (
    <button
      type="button"
      class="text-button"
      data-testid="engine-restart"
      onClick={() => void engine.restart()}
    >
      {words.restart}
    </button>
  );
}

function stateText(status: EngineStatus | null, words: Words, language: Language): string {
  if (status === null) return words.connecting;
  if (status.state === "loading" && status.fraction !== null) {
    return words.loading(formatPercent(status.fraction, language));
  }
  if (status.state === "backingOff" && status.attempt !== null) {
    return words.backingOff(formatNumber(status.attempt, language));
  }
  return words.states[status.state];
}
