import type { Words } from "./en";

export const ptBR: Words = {
  composerLabel: "Sua mensagem",
  composerPlaceholder: "Escreva algo…",
  send: "Enviar",
  stop: "Parar",
  startOver: "Nova conversa",
  dismiss: "Dispensar",
  you: "Você",
  assistant: "Assistente",
  conversation: "Conversa",

  demoBadge: "Modelo de demonstração",
  demoTitle: "Este é um minúsculo modelo de demonstração",
  demoExplanation:
    "Ele vem com o aplicativo para que o primeiro início não precise baixar nada. Leu histórias infantis em inglês e continua a frase que você começar. Não sabe responder perguntas.",
  demoHowTo: "Para usar um modelo de verdade, inicie o aplicativo com o caminho de um arquivo GGUF:",

  emptyDemoTitle: "Comece uma história",
  emptyDemoText: "Escreva as primeiras palavras em inglês, e o pequeno modelo deste aplicativo continua.",
  emptyTitle: "Pergunte o que quiser",
  emptyText: "A resposta é escrita neste computador. Nada do que você digita sai dele.",
  examplesLabel: "Exemplos",
  examples: [
    "Explique a uma criança por que o céu é azul",
    "Escreva uma carta curta a um velho amigo",
    "O que posso cozinhar com arroz, ovos e espinafre?",
  ],

  stoppedByUser: "Parada",
  cutOff: "Interrompida",
  notAnswered: "Sem resposta",
  lengthReached: "Cortada no tamanho máximo",
  forgotten: "O começo da conversa não cabe mais na memória do modelo.",
  reading: (percent) => `Lendo sua mensagem… ${percent}`,
  tokens: (count) => `${count} tokens`,
  tokensPerSecond: (rate) => `${rate} tokens/s`,

  engineLabel: "Motor",
  restart: "Reiniciar",
  backingOff: (attempt) => `Parou de repente; iniciando de novo (${attempt})…`,
  loadOn: (device) => `Carregar em ${device}`,
  loadAllTheSame: "Carregar mesmo assim",
  loading: (percent) => `Carregando o modelo… ${percent}`,
  states: {
    stopped: "Dormindo",
    starting: "Iniciando…",
    ready: "Sem modelo",
    loading: "Carregando o modelo…",
    idle: "Pronto",
    generating: "Escrevendo…",
    cancelling: "Parando a resposta…",
    stopping: "Encerrando…",
    crashed: "Parou de repente",
    backingOff: "Parou de repente; iniciando de novo…",
    failed: "Indisponível",
  },
  connecting: "Conectando…",
  localOnly: "Funciona só neste computador",

  licences: "Licenças",
  licencesTitle: "Licenças",
  licencesText: (count) =>
    `Este aplicativo contém ${count} partes que outras pessoas escreveram e compartilham com todos.`,
  licencesSearch: "Buscar por nome ou licença",
  close: "Fechar",

  theme: (name) => `Tema: ${name}`,
  themes: { system: "como o sistema", light: "claro", dark: "escuro" },
  switchLanguage: "Switch to English",
  languageShort: "PT",
};
