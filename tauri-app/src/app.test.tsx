/** The page in a document without a browser: what is there, what a key does, what is said. */

import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "./app";
import { type Models, ModelsProvider } from "./components/context";
import { createChat } from "./models/chat";
import { createDevices } from "./models/devices";
import { createEngine } from "./models/engine";
import { card, cpu, idleStatus, ManualBackend, MemoryStorage } from "./models/fakes";
import { createLicences } from "./models/licences";
import { createNotices } from "./models/notices";
import { createPreferences } from "./models/preferences";

let backend: ManualBackend;
let models: Models;
let root: HTMLElement;

beforeEach(async () => {
  backend = new ManualBackend();
  const notices = createNotices();
  const chat = createChat(backend, notices, new MemoryStorage());
  const engine = createEngine(backend, notices);
  models = {
    notices,
    chat,
    engine,
    devices: createDevices(engine, chat),
    licences: createLicences(backend, notices),
    preferences: createPreferences(new MemoryStorage(), ["en"]),
  };
  root = document.body.appendChild(document.createElement("div"));
  await models.engine.connect();
  render(
    <ModelsProvider value={models}>
      <App />
    </ModelsProvider>,
    root,
  );
  await rendered();
});

afterEach(() => {
  render(null, root);
  root.remove();
});

/** Preact renders after the current task. */
const rendered = () => new Promise((resolve) => setTimeout(resolve));

function all(testId: string): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(`[data-testid="${testId}"]`)];
}

function one(testId: string): HTMLElement {
  const [found, ...more] = all(testId);
  if (found === undefined || more.length > 0) throw new Error(`${testId} is not there once`);
  return found;
}

async function click(testId: string): Promise<void> {
  one(testId).click();
  await rendered();
}

async function type(text: string): Promise<void> {
  const prompt = one("prompt") as HTMLTextAreaElement;
  prompt.value = text;
  prompt.dispatchEvent(new InputEvent("input", { bubbles: true }));
  await rendered();
}

async function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  one("prompt").dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }),
  );
  await rendered();
}

test("the first look says which model it is, that it is a demo, and that the engine is ready", () => {
  expect(one("model-name").textContent).toBe("stories260K");
  expect(one("demo-badge").textContent).toBe("Demo model");
  expect(one("engine-status").dataset.state).toBe("idle");
  expect(one("engine-status").textContent).toBe("Ready");
  expect(all("example")).toHaveLength(3);
  expect((one("send") as HTMLButtonElement).disabled).toBe(true);
});

test("a click on an example asks it", async () => {
  const prompt = all("example")[0]?.textContent;
  all("example")[0]?.click();
  await rendered();
  expect(backend.latest.question.prompt).toBe(prompt);
});

describe("the keyboard", () => {
  test("Enter sends", async () => {
    await type("Hello");
    await press("Enter");
    expect(backend.latest.question.prompt).toBe("Hello");
    expect((one("prompt") as HTMLTextAreaElement).value).toBe("");
  });

  test("Shift+Enter does not, nor does Enter while an input method composes a word", async () => {
    await type("Hello");
    await press("Enter", { shiftKey: true });
    await press("Enter", { isComposing: true });
    expect(backend.asked).toHaveLength(0);
  });
});

test("the keyboard is never left nowhere: after a button has gone it is back in the prompt", async () => {
  all("example")[0]?.focus();
  all("example")[0]?.click();
  await vi.waitFor(() => expect(document.activeElement).toBe(one("prompt")));
  one("stop").focus();
  await click("stop");
  await backend.latest.end({});
  await vi.waitFor(() => expect(document.activeElement).toBe(one("prompt")));
});

describe("an answer", () => {
  beforeEach(async () => {
    await type("Once");
    await click("send");
  });

  test("streams into its message while the button stops it", async () => {
    backend.latest.say({ seq: 0, type: "started", conversationId: "c1", messageId: "m1" });
    backend.latest.say({ seq: 1, type: "delta", offset: 0, text: " upon" });
    await rendered();
    const [user, assistant] = all("message");
    expect([user?.dataset.role, user?.dataset.state]).toEqual(["user", "done"]);
    expect([assistant?.dataset.role, assistant?.dataset.state]).toEqual(["assistant", "streaming"]);
    expect(assistant?.getAttribute("aria-busy")).toBe("true");
    expect(all("message-text").map((text) => text.textContent)).toEqual(["Once", "upon"]);
    await click("stop");
    expect(backend.cancelled).toEqual(["m1"]);
  });

  test("a delta changes one text node and renders nothing anew", async () => {
    backend.latest.say({ seq: 1, type: "delta", offset: 0, text: "a" });
    await rendered();
    const text = all("message-text")[1]?.firstChild;
    const observed: MutationRecord[] = [];
    const observer = new MutationObserver((records) => observed.push(...records));
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    backend.latest.say({ seq: 2, type: "delta", offset: 1, text: "b" });
    await rendered();
    observer.disconnect();
    expect(text?.textContent).toBe("ab");
    expect(observed.map((record) => record.target)).toEqual([text]);
  });

  test("that is done shows its length and speed", async () => {
    await backend.latest.end({ text: "upon", tokens: 1234, tokensPerSecond: 41.3 });
    expect(all("message")[1]?.textContent).toBe("upon1,234 tokens · 41 tokens/s");
    expect(one("speed").textContent).toBe("41 tokens/s");
    expect(all("stop")).toHaveLength(0);
  });

  test("that was stopped says so without a notice", async () => {
    await backend.latest.end({ state: "interrupted", text: "upon", finishReason: "cancelled" });
    expect(all("message")[1]?.dataset.state).toBe("interrupted");
    expect(all("message")[1]?.textContent).toContain("Stopped");
    expect(all("notice")).toHaveLength(0);
  });

  test("that was cut by a crash says what happened until it is dismissed", async () => {
    const problem = { code: "engine_died", message: "killed", values: { signal: 9 } };
    await backend.latest.end({ state: "interrupted", text: "upon", finishReason: null, problem });
    expect(one("notice").textContent).toContain("killed by signal 9 (SIGKILL)");
    await click("dismiss");
    expect(all("notice")).toHaveLength(0);
    expect(all("message")).toHaveLength(2);
  });
});

test("the language changes every word at once", async () => {
  await click("language");
  expect(one("engine-status").textContent).toBe("Pronto");
  expect(one("prompt").getAttribute("placeholder")).toBe("Escreva algo…");
});

test("the theme button goes on to the next theme and says which one holds", async () => {
  expect(one("theme").dataset.state).toBe("system");
  await click("theme");
  expect(one("theme").dataset.state).toBe("light");
  expect(one("theme").getAttribute("aria-label")).toBe("Theme: light");
});

test("the demo badge explains itself and closes on Escape", async () => {
  const explanation = () => root.querySelector<HTMLElement>("#demo-explanation");
  expect(explanation()?.hidden).toBe(true);
  await click("demo-badge");
  expect(explanation()?.hidden).toBe(false);
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  await rendered();
  expect(explanation()?.hidden).toBe(true);
});

test("another model is named without a demo badge", async () => {
  const model = { id: "0199", name: "tiny-chat", demo: false, contextLength: 2048, hasChatTemplate: true };
  backend.tellStatus({ ...idleStatus(), model });
  await rendered();
  expect(one("model-name").textContent).toBe("tiny-chat");
  expect(all("demo-badge")).toHaveLength(0);
});

test("a missing engine is told at once", async () => {
  const problem = { code: "engine_missing", message: "the engine is missing: looked for `/x`" };
  backend.tellStatus({ ...idleStatus(), state: "failed", problem });
  await rendered();
  expect(one("engine-status").dataset.state).toBe("failed");
  expect(one("notice").textContent).toContain("looked for `/x`");
});

test("an engine that was given up shows why and a button that starts it anew", async () => {
  const problem = { code: "engine_keeps_crashing", message: "5 times", values: { crashes: 5, signal: 9 } };
  backend.tellStatus({ ...idleStatus(), state: "failed", problem });
  await rendered();
  expect(one("notice").textContent).toContain(
    "5 times in short order; the last time it was killed by signal 9",
  );
  await click("engine-restart");
  expect(backend.restarts).toBe(1);
  backend.tellStatus(idleStatus());
  await rendered();
  expect(all("engine-restart")).toHaveLength(0);
  expect(all("notice")).toHaveLength(0);
});

test("an engine on its way back says which try it is", async () => {
  backend.tellStatus({ ...idleStatus(), state: "backingOff", attempt: 3, retryInMs: 500 });
  await rendered();
  expect(one("engine-status").textContent).toBe("Crashed; starting again (3)…");
});

test("a model that crashes the engine is offered another device", async () => {
  const problem = { code: "model_load_crashed", message: "it ended", values: { offer: "CPU" } };
  backend.tellStatus({ ...idleStatus(), state: "ready", problem });
  await rendered();
  await click("remedy");
  expect(backend.loaded).toEqual([{ id: "demo", options: { device: "CPU" } }]);
  expect(all("notice")).toHaveLength(0);
});

test("the licences are shown from the status line, open one by one, and are closed again", async () => {
  backend.licences = ["", "serde 1.0 · MIT\n".concat("-".repeat(80), "\nThe words")].join(
    `\n${"=".repeat(80)}\n`,
  );
  await click("show-licences");
  await vi.waitFor(() => expect(all("licence")).toHaveLength(1));
  expect((one("licences") as HTMLDialogElement).open).toBe(true);
  expect(one("licence").textContent).toBe("serde 1.0MIT");
  (one("licence") as HTMLDetailsElement).open = true;
  one("licence").dispatchEvent(new Event("toggle"));
  await vi.waitFor(() => expect(one("licence").textContent).toContain("The words"));
  await click("licences-close");
  expect((one("licences") as HTMLDialogElement).open).toBe(false);
});

describe("the device", () => {
  const skipped = { state: "unavailable", reason: "it did not answer within 15 s" } as const;
  const status = () => ({
    ...idleStatus(),
    device: "Vulkan0",
    devices: [
      cpu(),
      card(),
      card({ ...skipped, id: "Vulkan1", description: "Intel Arc A380" }),
      card({ ...skipped, id: "", backend: "CUDA", reason: "there is no NVIDIA driver" }),
    ],
  });
  const radio = (choice: string) =>
    one(`device-option-${choice}`).querySelector<HTMLInputElement>("input") as HTMLInputElement;
  const button = (testId: string) => one(testId) as HTMLButtonElement;

  beforeEach(async () => {
    backend.tellStatus(status());
    await rendered();
  });

  test("that computes is named in a person's words", async () => {
    expect(one("device").textContent).toBe("AMD Radeon RX 6800 · Vulkan");
    expect(one("device").dataset.device).toBe("Vulkan0");
    backend.tellStatus(idleStatus());
    await rendered();
    expect(one("device").textContent).toBe("CPU");
  });

  test("keeps its place while the engine is away, and names what is to compute", async () => {
    backend.tellStatus({ ...idleStatus(), state: "starting", device: null, devices: [] });
    await rendered();
    expect(one("device").textContent).toBe("Automatic");
    expect(one("device").dataset.device).toBe("");
  });

  test("can be chosen from all there are, each with its memory and why it is passed over", async () => {
    await click("device");
    expect((one("devices") as HTMLDialogElement).open).toBe(true);
    expect(one("device-requested").textContent).toBe("Automatic");
    expect(one("device-computing").textContent).toBe("AMD Radeon RX 6800 · Vulkan");
    expect(radio("automatic").checked).toBe(true);
    expect(one("device-option-CPU").textContent).toContain("20.5 GB of 32 GB free");
    expect(one("device-option-Vulkan0").textContent).toContain("Computes now");
    expect(one("device-option-Vulkan1").textContent).toContain("it did not answer within 15 s");
    expect(one("backend-without").textContent).toBe("CUDANo device: there is no NVIDIA driver");
    expect(button("device-use").disabled).toBe(true);
  });

  test("that is being tested says so, and one that was taken says why", async () => {
    const taken = card({ reason: "it answers soonest" });
    backend.tellStatus({ ...status(), devices: [taken, card({ id: "Vulkan1", state: "probing" })] });
    await click("device");
    expect(all("device-state").map((state) => state.textContent)).toEqual([
      "Taken automatically: it answers soonest",
      "Being tested…",
    ]);
  });

  test("that was given up can be tried again by choosing anew, Automatic too", async () => {
    const remarks = [{ code: "device_given_up", message: "it crashed", values: { device: "Vulkan0" } }];
    backend.tellStatus({ ...status(), device: "CPU", remarks });
    await click("device");
    expect(button("device-use").disabled).toBe(false);
    await click("device-use");
    expect(backend.loaded).toEqual([{ id: "demo", options: { device: "auto" } }]);
  });

  test("that is chosen gets the model, and the chooser says so while it is loaded", async () => {
    let loaded = () => {};
    backend.loading = new Promise((resolve) => {
      loaded = resolve;
    });
    await click("device");
    radio("CPU").click();
    await rendered();
    expect(backend.loaded).toEqual([]);
    await click("device-use");
    backend.tellStatus({ ...status(), state: "loading", fraction: 0.4, device: null });
    await rendered();
    expect(backend.loaded).toEqual([{ id: "demo", options: { device: "CPU" } }]);
    expect(one("device-hint").textContent).toBe("Loading the model: CPU… 40%");
    expect(button("device-use").disabled).toBe(true);
    loaded();
    await vi.waitFor(() => expect((one("devices") as HTMLDialogElement).open).toBe(false));
  });

  test("cannot be changed in mid-answer, and the chooser says why", async () => {
    void models.chat.ask("Hello");
    await click("device");
    const why = "Another device can be chosen when the answer is written.";
    expect(one("device-hint").textContent).toBe(why);
    expect(button("device-use").title).toBe(why);
    expect(root.querySelector("fieldset")?.disabled).toBe(true);
    await backend.latest.end({});
    await vi.waitFor(() => expect(root.querySelector("fieldset")?.disabled).toBe(false));
  });

  test("that was asked for and does not compute can be asked for once more", async () => {
    backend.tellStatus({ ...status(), device: "CPU", requestedDevice: "Vulkan0" });
    await click("device");
    expect(radio("Vulkan0").checked).toBe(true);
    expect(one("device-computing").dataset.differs).toBe("true");
    expect(button("device-use").disabled).toBe(false);
  });

  test("of a notice is named as everywhere, and so is the one that is offered", async () => {
    const values = { asked: "CPU", offer: "Vulkan0", available: "Vulkan0" };
    backend.tellStatus({
      ...status(),
      problem: { code: "device_unavailable", message: "it is gone", values },
      remarks: [{ code: "device_given_up", message: "3 times", values: { device: "Vulkan0", crashes: 3 } }],
    });
    await rendered();
    expect(all("notice").map((notice) => notice.dataset.level)).toEqual(["error", "warning"]);
    expect(one("remedy").textContent).toBe("Load it on AMD Radeon RX 6800 · Vulkan");
    expect(all("notice")[1]?.textContent).toContain(
      "3 times within five minutes on AMD Radeon RX 6800 · Vulkan",
    );
    await click("remedy");
    expect(backend.loaded).toEqual([{ id: "demo", options: { device: "Vulkan0" } }]);
  });

  test("chooser closes by its button and as Escape closes it", async () => {
    await click("device");
    await click("devices-close");
    expect(models.devices.shown.value).toBe(false);
    await click("device");
    (one("devices") as HTMLDialogElement).close();
    await rendered();
    expect(models.devices.shown.value).toBe(false);
  });
});
