/** For tests: a backend whose every step the test decides. */

import type {
  Answer,
  AppError,
  Backend,
  DeviceStatus,
  EngineStatus,
  LoadOptions,
  Model,
  OpenConversation,
  Place,
  StreamMessage,
  TextFrom,
} from "../bridge/contract";

export interface Asked {
  question: { prompt: string; conversationId?: string };
  /** Where it is listened from, if it was begun before. */
  place?: Place;
  /** Sends a message of the stream. */
  say(message: StreamMessage): void;
  /** Ends the answer. */
  end(answer: Partial<Answer>): Promise<void>;
  /** Refuses to begin. */
  refuse(error: AppError): Promise<void>;
}

export class ManualBackend implements Backend {
  readonly asked: Asked[] = [];
  readonly cancelled: (string | undefined)[] = [];
  status: EngineStatus = idleStatus();
  tellStatus: (status: EngineStatus) => void = () => {};
  /** What the package brings; none of it without a package. */
  licences: string | null = null;
  licencesAsked = 0;

  /** What `answerText` finds: the whole text as it is on the other side. */
  written = "";
  readonly looked: Place[] = [];
  /** What was said before. */
  last: OpenConversation | null = null;
  restarts = 0;
  readonly loaded: { id: string; options: LoadOptions }[] = [];
  /** Loads wait for it. */
  loading: Promise<void> = Promise.resolve();

  startInference(question: Asked["question"], onEvent: Asked["say"]): Promise<Answer> {
    return this.#ask({ question }, onEvent);
  }

  attachAnswer(place: Place, onEvent: Asked["say"]): Promise<Answer> {
    return this.#ask({ question: { prompt: "" }, place }, onEvent);
  }

  answerText(place: Place): Promise<TextFrom> {
    this.looked.push(place);
    const text = this.written.slice(place.offset);
    return Promise.resolve({ offset: place.offset, text, length: this.written.length, state: "streaming" });
  }

  resumeConversation(): Promise<OpenConversation | null> {
    return Promise.resolve(this.last);
  }

  restartEngine(): Promise<null> {
    this.restarts += 1;
    return Promise.resolve(null);
  }

  async loadModel(id: string, options: LoadOptions): Promise<Model> {
    this.loaded.push({ id, options });
    await this.loading;
    return { id, name: id, demo: false, chosen: true, fileBytes: 1 };
  }

  #ask(about: Pick<Asked, "question" | "place">, say: Asked["say"]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        ...about,
        say,
        end: (answer) => settled(() => resolve({ ...finishedAnswer(), ...answer })),
        refuse: (error) => settled(() => reject(error)),
      });
    });
  }

  cancelInference(messageId?: string): Promise<boolean> {
    this.cancelled.push(messageId);
    return Promise.resolve(true);
  }

  engineStatus(onChange: (status: EngineStatus) => void): Promise<EngineStatus> {
    this.tellStatus = onChange;
    return Promise.resolve(this.status);
  }

  thirdPartyLicences(): Promise<string> {
    this.licencesAsked += 1;
    const missing = { code: "licences_missing", message: "this build carries no licences" };
    return this.licences === null ? Promise.reject(missing) : Promise.resolve(this.licences);
  }

  /** The latest question. */
  get latest(): Asked {
    const asked = this.asked.at(-1);
    if (asked === undefined) throw new Error("nothing was asked");
    return asked;
  }
}

/** Does `step`, and waits until what follows from it at once is done. */
async function settled(step: () => void): Promise<void> {
  step();
  await new Promise((resolve) => setTimeout(resolve));
}

export function finishedAnswer(): Answer {
  return {
    conversationId: "c1",
    messageId: "m1",
    state: "done",
    text: "",
    finishReason: "stop",
    tokens: 2,
    tokensPerSecond: 40,
    firstTokenMs: 5,
    forgottenTurns: 0,
    problem: null,
  };
}

export function idleStatus(): EngineStatus {
  return {
    state: "idle",
    fraction: null,
    attempt: null,
    retryInMs: null,
    model: { id: "demo", name: "stories260K", demo: true, contextLength: 512, hasChatTemplate: false },
    device: "CPU",
    devices: [cpu()],
    requestedDevice: null,
    starts: 1,
    remarks: [],
    lastDeath: null,
    problem: null,
  };
}

export function cpu(): DeviceStatus {
  return {
    id: "CPU",
    backend: "CPU",
    kind: "cpu",
    description: "AMD Ryzen 7 5800X 8-Core Processor",
    state: "ready",
    reason: null,
    memoryTotal: 32 * 2 ** 30,
    memoryFree: 20.5 * 2 ** 30,
  };
}

export function card(more: Partial<DeviceStatus> = {}): DeviceStatus {
  return {
    id: "Vulkan0",
    backend: "Vulkan",
    kind: "gpu",
    description: "AMD Radeon RX 6800 (RADV NAVI21)",
    state: "ready",
    reason: null,
    memoryTotal: 16 * 2 ** 30,
    memoryFree: 15.4 * 2 ** 30,
    ...more,
  };
}

/** `localStorage` without a browser. */
export class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();
  get length(): number {
    return this.#values.size;
  }
  clear(): void {
    this.#values.clear();
  }
  getItem(name: string): string | null {
    return this.#values.get(name) ?? null;
  }
  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null;
  }
  removeItem(name: string): void {
    this.#values.delete(name);
  }
  setItem(name: string, value: string): void {
    this.#values.set(name, value);
  }
}
