/** Errors in the user's language. A code without words here shows Rust's own message. */

import type { AppError } from "../bridge/contract";
import type { Language } from "../models/preferences";

export interface ErrorText {
  title: string;
  detail: string;
}

type Teller = (error: AppError) => ErrorText;

const english: Record<string, Teller> = {
  engine_died: (error) => ({
    title: "The engine stopped in mid-answer",
    detail: `It ${endEn(error)}. What was written is kept. A new engine takes over: just ask again.`,
  }),
  engine_replaced: (error) => ({
    title: "The engine stopped and was replaced",
    detail: `It ${endEn(error)}. Nothing was lost.`,
  }),
  context_shortened: (error) => ({
    title: "The model reads less at once than it could",
    detail: `Memory holds ${value(error, "contextLength")} of the ${value(error, "trainContextLength")} tokens it was trained on.`,
  }),
  variant_skipped: (error) => ({
    title: "The fastest code for this processor is not used",
    detail: `${value(error, "library")} did not pass its test; answers come from a slower one. (${value(error, "reason")})`,
  }),
  backend_unavailable: () => ({
    title: "This processor cannot be used",
    detail: "None of the engine's ways to compute passed its test here. Install the program again.",
  }),
  template_unusable: (error) => ({
    title: "The model's chat template cannot be used",
    detail: `Answers may suit the questions less well. (${value(error, "reason")})`,
  }),
  template_refused: (error) => ({
    title: "The model's chat template does not take this conversation",
    detail: `Answers may suit the questions less well. (${value(error, "reason")})`,
  }),
  engine_missing: (error) => ({ title: "The engine is missing", detail: told(error) }),
  engine_cannot_start: (error) => ({ title: "The engine cannot be started", detail: told(error) }),
  context_overflow: (error) => ({
    title: "This is too long for the model",
    detail: `It has ${value(error, "promptTokens")} tokens; the model reads ${value(error, "contextLength")} at most. Shorten it.`,
  }),
  model_not_found: (error) => ({ title: "The model was not found", detail: told(error) }),
  model_invalid: (error) => ({ title: "This file is not a usable model", detail: told(error) }),
  model_unsupported: (error) => ({ title: "This kind of model is not supported", detail: told(error) }),
  out_of_memory: (error) => ({ title: "There is not enough memory for this model", detail: told(error) }),
  prompt_too_long: (error) => ({
    title: "The message is too long",
    detail: `It has ${value(error, "length")} characters; ${value(error, "limit")} are allowed.`,
  }),
  prompt_control_character: (error) => ({
    title: "The message holds an invisible control character",
    detail: `${value(error, "character")} probably came along with a copied text. Remove it.`,
  }),
  busy: () => ({ title: "An answer is being written", detail: "Wait for it, or stop it." }),
  licences_missing: () => ({
    title: "The licences are not here",
    detail: "They are part of the installed app; this one was started from its sources.",
  }),
  unknown_conversation: () => ({
    title: "This conversation is not there any more",
    detail: "Send the message again to begin a new one.",
  }),
};

const portuguese: Record<string, Teller> = {
  engine_died: (error) => ({
    title: "O motor parou no meio da resposta",
    detail: `Ele ${endPt(error)}. O que foi escrito fica guardado. Um novo motor assume: é só perguntar de novo.`,
  }),
  engine_replaced: (error) => ({
    title: "O motor parou e foi substituído",
    detail: `Ele ${endPt(error)}. Nada se perdeu.`,
  }),
  context_shortened: (error) => ({
    title: "O modelo lê de uma vez menos do que poderia",
    detail: `A memória comporta ${value(error, "contextLength")} dos ${value(error, "trainContextLength")} tokens com que foi treinado.`,
  }),
  variant_skipped: (error) => ({
    title: "O código mais rápido para este processador não é usado",
    detail: `${value(error, "library")} não passou no teste; as respostas vêm de um mais lento. (${value(error, "reason")})`,
  }),
  backend_unavailable: () => ({
    title: "Este processador não pode ser usado",
    detail: "Nenhuma das formas de calcular do motor passou no teste aqui. Instale o programa de novo.",
  }),
  template_unusable: (error) => ({
    title: "O modelo de conversa deste arquivo não pode ser usado",
    detail: `As respostas podem combinar menos com as perguntas. (${value(error, "reason")})`,
  }),
  template_refused: (error) => ({
    title: "O modelo de conversa deste arquivo não aceita esta conversa",
    detail: `As respostas podem combinar menos com as perguntas. (${value(error, "reason")})`,
  }),
  engine_missing: (error) => ({ title: "Falta o motor", detail: told(error) }),
  engine_cannot_start: (error) => ({ title: "O motor não pode ser iniciado", detail: told(error) }),
  context_overflow: (error) => ({
    title: "Isto é longo demais para o modelo",
    detail: `São ${value(error, "promptTokens")} tokens; o modelo lê no máximo ${value(error, "contextLength")}. Encurte a mensagem.`,
  }),
  model_not_found: (error) => ({ title: "O modelo não foi encontrado", detail: told(error) }),
  model_invalid: (error) => ({ title: "Este arquivo não é um modelo utilizável", detail: told(error) }),
  model_unsupported: (error) => ({ title: "Este tipo de modelo não é compatível", detail: told(error) }),
  out_of_memory: (error) => ({ title: "Falta memória para este modelo", detail: told(error) }),
  prompt_too_long: (error) => ({
    title: "A mensagem é longa demais",
    detail: `São ${value(error, "length")} caracteres; o máximo é ${value(error, "limit")}.`,
  }),
  prompt_control_character: (error) => ({
    title: "A mensagem contém um caractere de controle invisível",
    detail: `${value(error, "character")} deve ter vindo junto com um texto copiado. Remova-o.`,
  }),
  busy: () => ({ title: "Uma resposta está sendo escrita", detail: "Espere por ela ou pare-a." }),
  licences_missing: () => ({
    title: "As licenças não estão aqui",
    detail: "Elas fazem parte do aplicativo instalado; este foi iniciado a partir do código-fonte.",
  }),
  unknown_conversation: () => ({
    title: "Esta conversa não existe mais",
    detail: "Envie a mensagem de novo para começar outra.",
  }),
};

const other: Record<Language, string> = { en: "Something went wrong", "pt-BR": "Algo deu errado" };

/** What `error` says in `language`. */
export function describeError(error: AppError, language: Language): ErrorText {
  const tellers = language === "en" ? english : portuguese;
  return tellers[error.code]?.(error) ?? { title: other[language], detail: told(error) };
}

/** The codes that have words of their own, for the test that compares the languages. */
export const knownCodes: Record<Language, readonly string[]> = {
  en: Object.keys(english),
  "pt-BR": Object.keys(portuguese),
};

function endEn(error: AppError): string {
  const signal = error.values?.signal;
  if (signal !== undefined) return `was killed by ${signalName(signal)}`;
  return `ended with exit code ${value(error, "exitCode")}`;
}

function endPt(error: AppError): string {
  const signal = error.values?.signal;
  if (signal !== undefined) return `foi encerrado pelo sinal ${signalName(signal).replace("signal ", "")}`;
  return `terminou com o código de saída ${value(error, "exitCode")}`;
}

const SIGNALS: Record<number, string> = {
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

function signalName(signal: string | number): string {
  const name = SIGNALS[Number(signal)];
  return name === undefined ? `signal ${signal}` : `signal ${signal} (${name})`;
}

function value(error: AppError, name: string): string {
  return String(error.values?.[name] ?? "?");
}

/** Rust's message and hint as two sentences. */
function told(error: AppError): string {
  return [error.message, error.hint]
    .filter((part) => part !== undefined)
    .map(sentence)
    .join(" ");
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
