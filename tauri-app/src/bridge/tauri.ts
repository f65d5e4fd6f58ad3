/** The one place that talks to Tauri. */

import { Channel, invoke } from "@tauri-apps/api/core";
import type { Answer, Backend, EngineStatus, StreamMessage } from "./contract";
import { toAppError } from "./errors";

export const tauriBackend: Backend = {
  startInference: ({ prompt, conversationId }, onEvent) =>
    call<Answer>("start_inference", () => ({
      prompt,
      conversationId,
      onEvent: new Channel<StreamMessage>(onEvent),
    })),
  cancelInference: (messageId) => call<boolean>("cancel_inference", () => ({ messageId })),
  engineStatus: (onChange) =>
    call<EngineStatus>("engine_status", () => ({ onChange: new Channel<EngineStatus>(onChange) })),
  thirdPartyLicences: () => call<string>("third_party_licences", () => ({})),
};

/** Everything that fails on the way, outside of Tauri's window too, is an `AppError`. */
async function call<Result>(command: string, parameters: () => Record<string, unknown>): Promise<Result> {
  try {
    return await invoke<Result>(command, parameters());
  } catch (reason) {
    throw toAppError(reason);
  }
}
