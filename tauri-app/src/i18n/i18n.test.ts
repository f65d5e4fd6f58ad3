import { describe, expect, test } from "vitest";
import { formatMemory, formatNumber, formatPercent, wordsIn } from ".";
import { describeError, knownCauses, knownCodes } from "./errors";

test("both languages have words for the same errors", () => {
  expect(knownCodes["pt-BR"]).toEqual(knownCodes.en);
  expect(knownCauses["pt-BR"]).toEqual(knownCauses.en);
});

test("no word of the Portuguese page is left in English", () => {
  const english: Record<string, unknown> = wordsIn("en");
  const portuguese: Record<string, unknown> = wordsIn("pt-BR");
  const same = Object.keys(english).filter((key) => english[key] === portuguese[key]);
  expect(same).toEqual([]);
});

test("memory is written as it is sold", () => {
  expect(formatMemory(15.4 * 2 ** 30, "en")).toBe("15.4 GB");
  expect(formatMemory(15.4 * 2 ** 30, "pt-BR")).toBe("15,4 GB");
  expect(formatMemory(512 * 2 ** 20, "en")).toBe("512 MB");
});

test("numbers are written as the language writes them", () => {
  expect(formatNumber(1234.5, "en")).toBe("1,235");
  expect(formatNumber(1234.5, "pt-BR")).toBe("1.235");
  expect(formatNumber(7.25, "pt-BR")).toBe("7,3");
  expect(formatPercent(0.404, "en")).toBe("40%");
});

describe("errors", () => {
  const killed = { code: "engine_died", message: "it was killed", values: { signal: 9 } };

  test("a killed engine is told with the signal, in each language", () => {
    expect(describeError(killed, "en").detail).toContain("was killed by signal 9 (SIGKILL)");
    expect(describeError(killed, "pt-BR").detail).toContain("foi encerrado pelo sinal 9 (SIGKILL)");
  });

  test("an engine that ended by itself is told with its exit code", () => {
    const ended = { code: "engine_died", message: "it ended", values: { exitCode: 70 } };
    expect(describeError(ended, "en").detail).toContain("ended with exit code 70");
    expect(describeError(ended, "pt-BR").detail).toContain("código de saída 70");
  });

  test("a cause is told in words before its signal", () => {
    const values = { cause: "illegal_instruction", signal: 4 };
    const ended = { code: "engine_died", message: "it ended", values };
    expect(describeError(ended, "en").detail).toContain("an instruction that this processor does not have");
    expect(describeError(ended, "pt-BR").detail).toContain("uma instrução que este processador não tem");
  });

  test("values stand in the sentence", () => {
    const long = { code: "context_overflow", message: "", values: { promptTokens: 600, contextLength: 512 } };
    expect(describeError(long, "en").detail).toBe(
      "It has 600 tokens; the model reads 512 at most. Shorten it.",
    );
  });

  test("an error without words of its own shows its message and hint as sentences", () => {
    const other = { code: "out_of_range", message: "`threads` is 600", hint: "choose less" };
    expect(describeError(other, "en")).toEqual({
      title: "Something went wrong",
      detail: "`threads` is 600. Choose less.",
    });
  });

  test("a device that was given up is told with the last death", () => {
    const values = { device: "RX 6800", crashes: 3, cause: "gpu_lost" };
    const givenUp = { code: "device_given_up", message: "", values };
    expect(describeError(givenUp, "en").detail).toBe(
      "The engine stopped 3 times within five minutes on RX 6800; the last time it lost the graphics card.",
    );
  });

  test("why a card is not used is told in words, with the engine's reason", () => {
    const values = { backend: "Vulkan", code: "hung", reason: "no answer within 15 s" };
    const skipped = { code: "device_skipped", message: "", values: { ...values, device: "RX 6800" } };
    expect(describeError(skipped, "en").detail).toBe(
      "RX 6800 did not finish the engine's test in time. (no answer within 15 s)",
    );
    const driver = { ...skipped, values: { ...values, code: "a code of later" } };
    expect(describeError(driver, "pt-BR").detail).toBe(
      "Vulkan não passou no teste do motor. (no answer within 15 s)",
    );
  });
});
