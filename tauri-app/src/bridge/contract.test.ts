/** Plays `tests/contract/page` against the bridge, with a backend that behaves as written there. */

import { mockIPC } from "@tauri-apps/api/mocks";
import { describe, expect, test } from "vitest";
import type { StreamMessage } from "./contract";
import type { Commands } from "./generated/contract";
import { call, tauriBackend } from "./tauri";

interface Case {
  about: string;
  arguments: Record<string, unknown>;
  hears?: StreamMessage[];
  resolves?: unknown;
  rejects?: unknown;
}

interface Contract {
  command: keyof Commands;
  cases: Case[];
}

interface Call {
  command: string;
  parameters: Record<string, unknown>;
}

const files = import.meta.glob<Contract>("../../../tests/contract/page/*.json", {
  eager: true,
  import: "default",
});

function casesOf(command: keyof Commands): Case[] {
  return Object.values(files).find((contract) => contract.command === command)?.cases ?? [];
}

/** A Rust side that answers every call as `given` says, and remembers what it was asked. */
function answerAs(given: Case): Call[] {
  const calls: Call[] = [];
  mockIPC((command, parameters) => {
    calls.push({ command, parameters: JSON.parse(JSON.stringify(parameters)) });
    const channel = Object.values(parameters as object).find((value) => typeof value === "object");
    // Without a listener nothing is said.
    const said = channel === undefined ? [] : (given.hears ?? []);
    said.forEach((message, index) => {
      const id = Number(String(channel).match(/\d+/)?.[0] ?? (channel as { id: number }).id);
      internals().runCallback(id, { message, index });
    });
    return given.rejects === undefined ? given.resolves : Promise.reject(given.rejects);
  });
  return calls;
}

function internals(): { runCallback(id: number, data: unknown): void } {
  return (window as unknown as { __TAURI_INTERNALS__: ReturnType<typeof internals> }).__TAURI_INTERNALS__;
}

async function outcome<Result>(promise: Promise<Result>): Promise<{ resolves?: Result; rejects?: unknown }> {
  try {
    return { resolves: await promise };
  } catch (rejects) {
    return { rejects };
  }
}

function expected(given: Case) {
  return given.rejects === undefined ? { resolves: given.resolves } : { rejects: given.rejects };
}

const CHANNEL = expect.stringMatching(/^__CHANNEL__:\d+$/);

describe.each(Object.values(files))("$command", ({ command, cases }) => {
  test.each(cases)("$about", async (given) => {
    const calls = answerAs(given);
    const args = given.arguments as Commands[typeof command]["args"];
    expect(await outcome(call(command, () => args))).toEqual(expected(given));
    expect(calls).toEqual([{ command, parameters: given.arguments }]);
  });
});

describe("an answer with a listener", () => {
  const heardOf = casesOf("start_inference").filter((given) => given.hears !== undefined);

  test.each(heardOf)("$about", async (given) => {
    const calls = answerAs(given);
    const heard: StreamMessage[] = [];
    const question = { prompt: String(given.arguments.prompt), conversationId: "c1" };
    const got = await outcome(tauriBackend.startInference(question, (message) => heard.push(message)));
    expect(got).toEqual(expected(given));
    expect(heard).toEqual(given.hears);
    expect(calls[0]?.parameters).toEqual({ ...question, onEvent: CHANNEL });
  });

  test.each(casesOf("attach_answer"))("that is taken up again: $about", async (given) => {
    const calls = answerAs(given);
    const heard: StreamMessage[] = [];
    const place = { conversationId: "c1", messageId: "m1", offset: 3 };
    const got = await outcome(tauriBackend.attachAnswer(place, (message) => heard.push(message)));
    expect(got).toEqual(expected(given));
    expect(heard).toEqual(given.hears ?? []);
    expect(calls[0]).toEqual({ command: "attach_answer", parameters: { ...place, onEvent: CHANNEL } });
  });
});

test("what the page names in words of its own goes to the commands as they are called", async () => {
  const given = { about: "", arguments: {}, resolves: null };
  const calls = answerAs(given);
  const place = { conversationId: "c1", messageId: "m1", offset: 3 };
  await tauriBackend.answerText(place);
  await tauriBackend.cancelInference();
  await tauriBackend.cancelInference("m1");
  await tauriBackend.resumeConversation();
  await tauriBackend.engineStatus(() => {});
  await tauriBackend.restartEngine();
  await tauriBackend.loadModel("demo", { device: "CPU" });
  await tauriBackend.thirdPartyLicences();
  expect(calls).toEqual([
    { command: "answer_text", parameters: place },
    { command: "cancel_inference", parameters: {} },
    { command: "cancel_inference", parameters: { messageId: "m1" } },
    { command: "resume_conversation", parameters: {} },
    { command: "engine_status", parameters: { onChange: CHANNEL } },
    { command: "engine_restart", parameters: {} },
    { command: "load_model", parameters: { id: "demo", options: { device: "CPU" } } },
    { command: "third_party_licences", parameters: {} },
  ]);
});

test("outside of Tauri's window every call fails with an error that can be shown", async () => {
  mockIPC(() => Promise.reject("command not found"));
  await expect(tauriBackend.cancelInference()).rejects.toEqual({
    code: "unexpected",
    message: "command not found",
  });
});
