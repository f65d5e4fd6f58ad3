import { beforeEach, expect, test } from "vitest";
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
  notices.dismiss("model_not_found");
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
  notices.dismiss("context_shortened");
  backend.tellStatus({ ...idleStatus(), state: "generating", remarks: [remark] });
  expect(notices.all.value).toEqual([]);
});
