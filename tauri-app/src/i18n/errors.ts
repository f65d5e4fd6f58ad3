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
  engine_will_not_run: (error) => ({
    title: "The engine cannot run",
    detail: `It ${endEn(error)}. Install the program again.`,
  }),
  engine_file_wrong: (error) => ({ title: "The engine is damaged", detail: told(error) }),
  engine_broke_protocol: (error) => ({ title: "App and engine do not fit together", detail: told(error) }),
  engine_keeps_crashing: (error) => ({
    title: "The engine stopped again and again",
    detail: `${value(error, "crashes")} times in short order; the last time it ${endEn(error)}. Restart it, or use another model.`,
  }),
  request_keeps_killing: (error) => ({
    title: "The engine stops whenever it works on this",
    detail: `${value(error, "crashes")} times in a row. Ask something else, or restart the engine.`,
  }),
  model_load_crashed: (error) => ({
    title: "The engine stopped while it loaded the model",
    detail: `It ${endEn(error)}.`,
  }),
  model_quarantined: (error) => ({
    title: "This model makes the engine stop",
    detail: `${value(error, "crashes")} times while it was loaded. It is not loaded again by itself.`,
  }),
  history_read_only: () => ({
    title: "Your conversations belong to a newer version of this app",
    detail: "They can be read, and nothing is changed. Install the newest version to go on with them.",
  }),
  history_set_aside: () => ({
    title: "The file with your conversations was damaged",
    detail: "It is kept in the app's data folder, and a new one was begun.",
  }),
  disk_full: () => ({
    title: "The disk is full",
    detail: "Make room: what was not saved is tried again as long as the app is open.",
  }),
  settings_from_backup: () => ({
    title: "Your settings could not be read",
    detail: "Those from before are used. Look whether your last changes are still there.",
  }),
  settings_from_defaults: () => ({
    title: "Your settings could not be read",
    detail: "They are as at first. The file is kept beside the new one.",
  }),
  context_overflow: (error) => ({
    title: "This is too long for the model",
    detail: `It has ${value(error, "promptTokens")} tokens; the model reads ${value(error, "contextLength")} at most. Shorten it.`,
  }),
  model_not_found: (error) => ({ title: "The model was not found", detail: told(error) }),
  model_invalid: (error) => ({ title: "This file is not a usable model", detail: told(error) }),
  model_unsupported: (error) => ({ title: "This kind of model is not supported", detail: told(error) }),
  out_of_memory: (error) => ({ title: "There is not enough memory for this model", detail: told(error) }),
  device_skipped: (error) => ({
    title: "A graphics card is not used",
    detail: `${skipped(error)} ${SKIPPED.en[skippedFor(error)]}${aside(error)}`,
  }),
  device_given_up: (error) => ({
    title: "The CPU computes until the app starts again",
    detail: `The engine stopped ${value(error, "crashes")} times within five minutes on ${value(error, "device")}; the last time it ${endEn(error)}.`,
  }),
  other_device: (error) => ({
    title: "Another device computes than the one you chose",
    detail: `You chose ${value(error, "asked")}; ${value(error, "actual")} computes.${aside(error)}`,
  }),
  device_unavailable: (error) => ({ title: "The chosen device cannot be used", detail: told(error) }),
  layers_on_cpu: (error) => ({
    title: "A part of the model computes on the CPU",
    detail: `${value(error, "layers")} of its ${value(error, "total")} layers do not fit into the memory of ${value(error, "device")}. Answers come more slowly.`,
  }),
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
  engine_will_not_run: (error) => ({
    title: "O motor não funciona",
    detail: `Ele ${endPt(error)}. Instale o programa de novo.`,
  }),
  engine_file_wrong: (error) => ({ title: "O motor está danificado", detail: told(error) }),
  engine_broke_protocol: (error) => ({ title: "Aplicativo e motor não combinam", detail: told(error) }),
  engine_keeps_crashing: (error) => ({
    title: "O motor parou várias vezes",
    detail: `${value(error, "crashes")} vezes em pouco tempo; na última ele ${endPt(error)}. Reinicie-o ou use outro modelo.`,
  }),
  request_keeps_killing: (error) => ({
    title: "O motor para sempre que trabalha nisto",
    detail: `${value(error, "crashes")} vezes seguidas. Pergunte outra coisa ou reinicie o motor.`,
  }),
  model_load_crashed: (error) => ({
    title: "O motor parou enquanto carregava o modelo",
    detail: `Ele ${endPt(error)}.`,
  }),
  model_quarantined: (error) => ({
    title: "Este modelo faz o motor parar",
    detail: `${value(error, "crashes")} vezes ao ser carregado. Ele não é mais carregado sozinho.`,
  }),
  history_read_only: () => ({
    title: "Suas conversas são de uma versão mais nova deste aplicativo",
    detail: "Elas podem ser lidas, e nada é alterado. Instale a versão mais nova para continuar.",
  }),
  history_set_aside: () => ({
    title: "O arquivo com as suas conversas estava danificado",
    detail: "Ele fica guardado na pasta de dados do aplicativo, e um novo foi iniciado.",
  }),
  disk_full: () => ({
    title: "O disco está cheio",
    detail: "Libere espaço: o que não foi salvo é tentado de novo enquanto o aplicativo estiver aberto.",
  }),
  settings_from_backup: () => ({
    title: "As suas configurações não puderam ser lidas",
    detail: "As anteriores estão em uso. Veja se as últimas mudanças ainda estão lá.",
  }),
  settings_from_defaults: () => ({
    title: "As suas configurações não puderam ser lidas",
    detail: "Elas estão como no início. O arquivo fica guardado ao lado do novo.",
  }),
  context_overflow: (error) => ({
    title: "Isto é longo demais para o modelo",
    detail: `São ${value(error, "promptTokens")} tokens; o modelo lê no máximo ${value(error, "contextLength")}. Encurte a mensagem.`,
  }),
  model_not_found: (error) => ({ title: "O modelo não foi encontrado", detail: told(error) }),
  model_invalid: (error) => ({ title: "Este arquivo não é um modelo utilizável", detail: told(error) }),
  model_unsupported: (error) => ({ title: "Este tipo de modelo não é compatível", detail: told(error) }),
  out_of_memory: (error) => ({ title: "Falta memória para este modelo", detail: told(error) }),
  device_skipped: (error) => ({
    title: "Uma placa de vídeo não é usada",
    detail: `${skipped(error)} ${SKIPPED["pt-BR"][skippedFor(error)]}${aside(error)}`,
  }),
  device_given_up: (error) => ({
    title: "A CPU calcula até que o aplicativo seja iniciado de novo",
    detail: `O motor parou ${value(error, "crashes")} vezes em cinco minutos em ${value(error, "device")}; na última ele ${endPt(error)}.`,
  }),
  other_device: (error) => ({
    title: "Quem calcula não é o dispositivo que você escolheu",
    detail: `Você escolheu ${value(error, "asked")}; quem calcula é ${value(error, "actual")}.${aside(error)}`,
  }),
  device_unavailable: (error) => ({
    title: "O dispositivo escolhido não pode ser usado",
    detail: told(error),
  }),
  layers_on_cpu: (error) => ({
    title: "Uma parte do modelo é calculada na CPU",
    detail: `${value(error, "layers")} das ${value(error, "total")} camadas não cabem na memória de ${value(error, "device")}. As respostas vêm mais devagar.`,
  }),
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

/** What became of the engine, as the rest of a sentence about it. */
const CAUSES: Record<Language, Record<string, string>> = {
  en: {
    out_of_memory: "ran out of memory",
    gpu_lost: "lost the graphics card",
    illegal_instruction: "used an instruction that this processor does not have",
    assertion: "failed a check of its own",
    wrong_access: "touched memory that is not its own",
    file_vanished: "lost the model's file while it was in use",
    missing_library: "did not find a library that it needs",
    wrong_command_line: "does not fit to this app",
    wrong_version: "does not fit to this app",
    hung: "did not go on any more",
  },
  "pt-BR": {
    out_of_memory: "ficou sem memória",
    gpu_lost: "perdeu a placa de vídeo",
    illegal_instruction: "usou uma instrução que este processador não tem",
    assertion: "falhou em uma verificação própria",
    wrong_access: "usou memória que não é dele",
    file_vanished: "perdeu o arquivo do modelo durante o uso",
    missing_library: "não encontrou uma biblioteca de que precisa",
    wrong_command_line: "não combina com este aplicativo",
    wrong_version: "não combina com este aplicativo",
    hung: "não continuou mais",
  },
};

function endEn(error: AppError): string {
  const { cause, signal, exitCode, ntStatus } = error.values ?? {};
  const known = CAUSES.en[String(cause)];
  if (known !== undefined) return known;
  if (signal !== undefined) return `was killed by ${signalName(signal)}`;
  if (exitCode !== undefined) return `ended with exit code ${exitCode}`;
  if (ntStatus !== undefined) return `was ended by Windows with status ${ntStatus}`;
  return "ended without saying why";
}

function endPt(error: AppError): string {
  const { cause, signal, exitCode, ntStatus } = error.values ?? {};
  const known = CAUSES["pt-BR"][String(cause)];
  if (known !== undefined) return known;
  if (signal !== undefined) return `foi encerrado pelo sinal ${signalName(signal).replace("signal ", "")}`;
  if (exitCode !== undefined) return `terminou com o código de saída ${exitCode}`;
  if (ntStatus !== undefined) return `foi encerrado pelo Windows com o status ${ntStatus}`;
  return "terminou sem dizer por quê";
}

/** The causes that have words, for the test that compares the languages. */
export const knownCauses: Record<Language, readonly string[]> = {
  en: Object.keys(CAUSES.en),
  "pt-BR": Object.keys(CAUSES["pt-BR"]),
};

type Skipped = "crashed" | "hung" | "wrong_numbers" | "plug_in_broken" | "no_memory" | "failed";

/** Why a graphics card is not used, as the rest of a sentence about it. */
const SKIPPED: Record<Language, Record<Skipped, string>> = {
  en: {
    crashed: "stopped the engine's test.",
    hung: "did not finish the engine's test in time.",
    wrong_numbers: "computed wrongly in the engine's test.",
    plug_in_broken: "cannot be used by this build of the engine.",
    no_memory: "has too little free memory.",
    failed: "did not pass the engine's test.",
  },
  "pt-BR": {
    crashed: "fez o teste do motor parar.",
    hung: "não terminou o teste do motor a tempo.",
    wrong_numbers: "calculou errado no teste do motor.",
    plug_in_broken: "não pode ser usada por esta versão do motor.",
    no_memory: "tem pouca memória livre.",
    failed: "não passou no teste do motor.",
  },
};

function skippedFor(error: AppError): Skipped {
  const code = String(error.values?.code);
  return code in SKIPPED.en ? (code as Skipped) : "failed";
}

/** The engine's own words, where it gave any. */
function aside(error: AppError): string {
  const reason = error.values?.reason;
  return reason === undefined ? "" : ` (${reason})`;
}

/** A driver may fail before it tells of a device. */
function skipped(error: AppError): string {
  return String(error.values?.device ?? value(error, "backend"));
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
