import { beforeEach, describe, expect, test } from "vitest";
import { type Chat, createChat } from "./chat";
import { createDevices, type Devices, shortName, withNames } from "./devices";
import { createEngine } from "./engine";
import { card, cpu, idleStatus, ManualBackend, MemoryStorage } from "./fakes";
import { createNotices, type Notices } from "./notices";

const noDriver = card({ id: "", backend: "CUDA", state: "unavailable", reason: "no NVIDIA driver" });

let backend: ManualBackend;
let notices: Notices;
let chat: Chat;
let devices: Devices;

beforeEach(async () => {
  backend = new ManualBackend();
  backend.status = { ...idleStatus(), device: "Vulkan0", devices: [cpu(), card(), noDriver] };
  notices = createNotices();
  const engine = createEngine(backend, notices);
  chat = createChat(backend, notices, new MemoryStorage());
  devices = createDevices(engine, chat);
  await engine.connect();
});

describe("the devices", () => {
  test("are those that can be asked for, apart from backends that found none", () => {
    expect(devices.all.value.map((device) => device.id)).toEqual(["CPU", "Vulkan0"]);
    expect(devices.without.value.map((device) => device.backend)).toEqual(["CUDA"]);
  });

  test("stay listed while the engine is away", () => {
    backend.tellStatus({ ...idleStatus(), state: "backingOff", device: null, devices: [] });
    expect(devices.all.value).toHaveLength(2);
    expect(devices.computing.value).toBeNull();
    expect(devices.nameOf("Vulkan0")).toBe("AMD Radeon RX 6800 · Vulkan");
  });

  test("tell what was asked for and what computes", () => {
    expect([devices.requested.value, devices.computing.value]).toEqual([null, "Vulkan0"]);
    backend.tellStatus({ ...idleStatus(), requestedDevice: "Vulkan0" });
    expect([devices.requested.value, devices.computing.value]).toEqual(["Vulkan0", "CPU"]);
  });
});

describe("a name", () => {
  test("leaves out trademarks and drivers", () => {
    const iris = card({ description: "Intel(R) Iris(R) Xe Graphics (ADL GT2)" });
    expect(shortName(iris)).toBe("Intel Iris Xe Graphics");
    expect(shortName(card({ description: "" }))).toBe("Vulkan0");
  });

  test("of the processor is short", () => {
    expect(shortName(cpu())).toBe("CPU");
  });

  test("says through what a card computes", () => {
    expect(devices.nameOf("Vulkan0")).toBe("AMD Radeon RX 6800 · Vulkan");
    expect(devices.nameOf("CPU")).toBe("CPU");
  });

  test("of a device that is not there is its id", () => {
    expect(devices.nameOf("CUDA3")).toBe("CUDA3");
  });

  test("stands for the id in what is told of an error, and changes nothing else", () => {
    const error = {
      code: "other_device",
      message: "m",
      values: { asked: "Vulkan0", actual: "CPU", reason: "Vulkan0 hung" },
    };
    expect(withNames(error, devices.nameOf).values).toEqual({
      asked: "AMD Radeon RX 6800 · Vulkan",
      actual: "CPU",
      reason: "Vulkan0 hung",
    });
  });
});

describe("choosing", () => {
  test("loads the model in use there, and closes the chooser when it is loaded", async () => {
    let loaded = () => {};
    backend.loading = new Promise((resolve) => {
      loaded = resolve;
    });
    devices.show();
    const choosing = devices.choose("CPU");
    expect(backend.loaded).toEqual([{ id: "demo", options: { device: "CPU" } }]);
    expect(devices.loading.value).toEqual({ choice: "CPU" });
    await devices.choose("Vulkan0");
    expect(backend.loaded).toHaveLength(1);
    loaded();
    await choosing;
    expect(devices.loading.value).toBeNull();
    expect(devices.shown.value).toBe(false);
  });

  test("nothing in particular leaves it to the engine", async () => {
    await devices.choose(null);
    expect(backend.loaded).toEqual([{ id: "demo", options: { device: "auto" } }]);
  });

  test("what cannot be used is told, and the chooser closes so that it is seen", async () => {
    const refused = {
      code: "device_unavailable",
      message: "it hung",
      values: { asked: "Vulkan0", offer: "CPU" },
    };
    backend.loading = Promise.reject(refused);
    devices.show();
    await devices.choose("Vulkan0");
    expect(notices.all.value).toEqual([{ level: "error", error: refused }]);
    expect(devices.shown.value).toBe(false);
  });

  test("waits for the end of an answer", async () => {
    void chat.ask("Hello");
    await devices.choose("CPU");
    expect(backend.loaded).toEqual([]);
    await backend.latest.end({});
    await devices.choose("CPU");
    expect(backend.loaded).toHaveLength(1);
  });
});
