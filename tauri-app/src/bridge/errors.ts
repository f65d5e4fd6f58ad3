import type { AppError } from "./contract";

/** Whatever was thrown, as an error that can be shown. Tauri itself rejects with bare text. */
export function toAppError(reason: unknown): AppError {
  if (isAppError(reason)) return reason;
  const message = reason instanceof Error ? reason.message : String(reason);
  return { code: "unexpected", message };
}

function isAppError(reason: unknown): reason is AppError {
  return (
    typeof reason === "object" &&
    reason !== null &&
    "code" in reason &&
    typeof reason.code === "string" &&
    "message" in reason &&
    typeof reason.message === "string"
  );
}
