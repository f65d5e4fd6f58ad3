import { beforeEach, describe, expect, test } from "vitest";
import type { AppError } from "../bridge/contract";
import { createEngine, type EngineModel } from "./engine";
import { idleStatus, ManualBackend } from "./fakes";
import { createNotices, type Notices } from "./notices";

let backend: ManualBackend;
let notices: Notices;
let engine: EngineModel;

beforeEach(() => {
  backend = new ManualBackend();
  notices = createNotices();
  engine = createEngine(backend, notices);
});

const killed = { code: "engine_died", message: "killed", values: { signal: 9 } };

test("the state is the first one told, then every later one", async () => {
  expect(engine.status.value).toBeNull();
  await engine.connect();
  expect(engine.status.value?.state).toBe("idle");
  backend.tellStatus({ ...idleStatus(), state: "generating" });
  expect(engine.status.value?.state).toBe("generating");
});

test("a change that overtakes the first answer is not undone by it", async () => {
  const connecting = engine.connect();
  backend.tellStatus({ ...idleStatus(), state: "generating" });
  await connecting;
  expect(engine.status.value?.state).toBe("generating");
});

test("a problem is shown as long as there is one", async () => {
  const problem = { code: "model_not_found", message: "not there" };
  backend.status = { ...idleStatus(), state: "failed", problem };
  await engine.connect();
  expect(notices.all.value).toEqual([{ level: "error", error: problem }]);
  backend.tellStatus(idleStatus());
  expect(notices.all.value).toEqual([]);
});

test("a problem that was dismissed does not come back while nothing changes", async () => {
  const problem = { code: "model_not_found", message: "not there" };
  backend.status = { ...idleStatus(), state: "failed", problem };
  await engine.connect();
  notices.dismiss(problem);
  backend.tellStatus({ ...idleStatus(), state: "failed", problem });
  expect(notices.all.value).toEqual([]);
});

test("an engine that died while nobody waited for it is told as replaced", async () => {
  await engine.connect();
  backend.tellStatus({ ...idleStatus(), state: "starting", starts: 2, lastDeath: killed });
  expect(notices.all.value).toEqual([{ level: "warning", error: { ...killed, code: "engine_replaced" } }]);
});

test("one that came back over several tries is told of once", async () => {
  await engine.connect();
  for (const state of ["crashed", "backingOff"] as const) {
    backend.tellStatus({ ...idleStatus(), state, lastDeath: killed });
    expect(notices.all.value).toEqual([]);
  }
  backend.tellStatus({ ...idleStatus(), state: "starting", starts: 2, lastDeath: killed });
  expect(notices.all.value).toHaveLength(1);
});

test("an engine that was stopped on purpose is not told as replaced", async () => {
  await engine.connect();
  backend.tellStatus({ ...idleStatus(), state: "stopping", lastDeath: killed });
  backend.tellStatus({ ...idleStatus(), state: "idle", starts: 2, lastDeath: killed });
  expect(notices.all.value).toEqual([]);
});

test("a death in mid-answer is left to the answer to tell", async () => {
  await engine.connect();
  backend.tellStatus({ ...idleStatus(), state: "generating" });
  backend.tellStatus({ ...idleStatus(), state: "starting", starts: 2, lastDeath: killed });
  expect(notices.all.value).toEqual([]);
});

test("what the engine remarks is shown once", async () => {
  const remark = {
    code: "context_shortened",
    message: "8192 of 131072 tokens",
    values: { contextLength: 8192 },
  };
  await engine.connect();
  backend.tellStatus({ ...idleStatus(), remarks: [remark] });
  expect(notices.all.value).toEqual([{ level: "warning", error: remark }]);
  notices.dismiss(remark);
  backend.tellStatus({ ...idleStatus(), state: "generating", remarks: [remark] });
  expect(notices.all.value).toEqual([]);
});

describe("what the engine remarks of devices", () => {
  const skipped = (values: Record<string, string>) => ({
    code: "device_skipped",
    message: `passed over: ${Object.values(values).join(" ")}`,
    values: { backend: "Vulkan", reason: "signal 11", ...values },
  });
  const shown = () => notices.all.value.map(({ level, error }) => [level, error.code]);
  const remark = (...remarks: AppError[]) => backend.tellStatus({ ...idleStatus(), remarks });

  beforeEach(() => engine.connect());

  test("is not told where nobody misses anything, or all is well", () => {
    const well = { code: "device_ready", message: "ready", values: { device: "Vulkan0", seconds: 2 } };
    const taken = { code: "device_chosen", message: "taken", values: { device: "Vulkan0", reason: "fast" } };
    remark(skipped({ code: "no_driver" }), skipped({ code: "software", device: "Vulkan1" }), well, taken);
    expect(notices.all.value).toEqual([]);
  });

  test("is a warning for each card that failed its test", () => {
    remark(
      skipped({ code: "crashed", device: "Vulkan0" }),
      skipped({ code: "wrong_numbers", device: "Vulkan1" }),
    );
    expect(shown()).toEqual([
      ["warning", "device_skipped"],
      ["warning", "device_skipped"],
    ]);
    notices.dismiss(skipped({ code: "crashed", device: "Vulkan0" }));
    expect(notices.all.value[0]?.error.values?.device).toBe("Vulkan1");
  });

  test("is quiet about layers that do not fit", () => {
    remark({
      code: "layers_on_cpu",
      message: "4 of 33",
      values: { device: "Vulkan0", layers: 4, total: 33 },
    });
    expect(shown()).toEqual([["remark", "layers_on_cpu"]]);
  });

  test("stays over the next question while it is true, and goes when another device is chosen", () => {
    const givenUp = {
      code: "device_given_up",
      message: "3 times",
      values: { device: "Vulkan0", crashes: 3 },
    };
    remark(givenUp, skipped({ code: "hung", device: "Vulkan1" }));
    notices.clear();
    expect(shown()).toEqual([["warning", "device_given_up"]]);
    remark();
    expect(shown()).toEqual([]);
  });

  test("that was dismissed does not come back while it is true", () => {
    const other = { code: "other_device", message: "the CPU", values: { asked: "Vulkan0", actual: "CPU" } };
    remark(other);
    notices.dismiss(other);
    remark(other);
    expect(shown()).toEqual([]);
  });
});
