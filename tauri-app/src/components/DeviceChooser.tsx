import { useSignal } from "@preact/signals";
import { formatPercent } from "../i18n";
import type { Choice } from "../models/devices";
import { useModels, useWords } from "./context";
import { AutomaticOption, BackendWithout, DeviceOption } from "./DeviceOption";
import { Dialog } from "./Dialog";

/** Where the model can compute, where it does, and the choice of another device. */
export function DeviceChooser() {
  const { devices } = useModels();
  const words = useWords();
  return (
    <Dialog name="devices" title={words.devicesTitle} shown={devices.shown} onHide={() => devices.hide()}>
      <Summary />
      <Choices />
    </Dialog>
  );
}

/** What was asked for beside what computes: the two may differ. */
function Summary() {
  const { devices } = useModels();
  const words = useWords();
  const requested = devices.requested.value;
  const computing = devices.computing.value;
  const differs = requested !== null && computing !== null && requested !== computing;
  return (
    <dl class="devices-summary">
      <div>
        <dt>{words.deviceRequested}</dt>
        <dd data-testid="device-requested">
          {requested === null ? words.deviceAutomatic : devices.nameOf(requested)}
        </dd>
      </div>
      <div>
        <dt>{words.deviceComputing}</dt>
        <dd data-testid="device-computing" data-differs={differs}>
          {computing === null ? words.deviceNone : devices.nameOf(computing)}
        </dd>
      </div>
    </dl>
  );
}

/** Arrow keys go through the devices, so that a choice counts only when it is sent. */
function Choices() {
  const { devices } = useModels();
  const words = useWords();
  const selected = useSignal<Choice>(devices.requested.value);
  const hindered = devices.busy.value || devices.loading.value !== null;
  return (
    <form
      class="devices-form"
      onSubmit={(event) => {
        event.preventDefault();
        void devices.choose(selected.value);
      }}
    >
      <fieldset
        class="devices-list"
        disabled={hindered}
        title={devices.busy.value ? words.deviceBusy : undefined}
      >
        <legend class="unseen">{words.devicesTitle}</legend>
        <AutomaticOption selected={selected} />
        {devices.all.value.map((device) => (
          <DeviceOption key={device.id} device={device} selected={selected} />
        ))}
        {devices.without.value.map((backend) => (
          <BackendWithout key={backend.backend} backend={backend} />
        ))}
      </fieldset>
      <footer class="devices-foot">
        <Hint />
        <UseButton choice={selected.value} />
      </footer>
    </form>
  );
}

/** What is going on, or why nothing can be chosen. */
function Hint() {
  const { devices, engine, preferences } = useModels();
  const words = useWords();
  const loading = devices.loading.value;
  let text = devices.busy.value ? words.deviceBusy : "";
  if (loading !== null) {
    const on = loading.choice === null ? words.deviceAutomatic : devices.nameOf(loading.choice);
    const fraction = engine.status.value?.fraction ?? 0;
    text = words.deviceLoading(on, formatPercent(fraction, preferences.language.value));
  }
  return (
    <span class="devices-hint" role="status" data-testid="device-hint">
      {text}
    </span>
  );
}

function UseButton({ choice }: { choice: Choice }) {
  const { devices } = useModels();
  const words = useWords();
  const requested = devices.requested.value;
  // What was asked for and does not compute can be asked for once more.
  const computes = choice === null ? !devices.givenUp.value : choice === devices.computing.value;
  const inUse = choice === requested && computes;
  return (
    <button
      type="submit"
      class="button"
      data-testid="device-use"
      disabled={inUse || devices.busy.value || devices.loading.value !== null}
      title={devices.busy.value ? words.deviceBusy : undefined}
    >
      {words.deviceUse}
    </button>
  );
}
