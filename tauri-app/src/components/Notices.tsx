import type { AppError } from "../bridge/contract";
import { describeError } from "../i18n/errors";
import { withNames } from "../models/devices";
import { type Notice, subjectOf } from "../models/notices";
import { useModels, useWords } from "./context";
import { AlertIcon, CloseIcon } from "./icons";

export function Notices() {
  const { notices } = useModels();
  return (
    <div class="notices" role="alert">
      {notices.all.value.map((notice) => (
        <NoticeView key={subjectOf(notice.error)} notice={notice} />
      ))}
    </div>
  );
}

function NoticeView({ notice: { level, error } }: { notice: Notice }) {
  const { devices, notices, preferences } = useModels();
  const words = useWords();
  const { title, detail } = describeError(withNames(error, devices.nameOf), preferences.language.value);
  return (
    <div class="notice" data-testid="notice" data-code={error.code} data-level={level}>
      <AlertIcon />
      <div class="notice-text">
        <strong>{title}</strong>
        <span>{detail}</span>
        <Remedy error={error} />
      </div>
      <button
        type="button"
        class="icon-button"
        data-testid="dismiss"
        aria-label={words.dismiss}
        title={words.dismiss}
        onClick={() => notices.dismiss(error)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

/** What helps against a model that crashes the engine: another device, or to insist. */
function Remedy({ error }: { error: AppError }) {
  const { devices, engine, notices } = useModels();
  const words = useWords();
  const device = error.values?.offer;
  const insists = error.code === "model_quarantined" && device === undefined;
  if (device === undefined && !insists) return null;
  return (
    <button
      type="button"
      class="text-button"
      data-testid="remedy"
      onClick={() => {
        notices.dismiss(error);
        void engine.loadAgain(device === undefined ? { insist: true } : { device: String(device) });
      }}
    >
      {device === undefined ? words.loadAllTheSame : words.loadOn(devices.nameOf(String(device)))}
    </button>
  );
}
