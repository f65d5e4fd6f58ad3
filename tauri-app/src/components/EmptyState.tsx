import { useModels, useWords } from "./context";
import { Logo } from "./icons";

/** The demo model reads English only, whatever the language of the page. */
const STORY_BEGINNINGS = [
  "Once upon a time, there was a little girl named Lily. She",
  "One day, a small dog found a big red ball",
  "The sun was warm, and Tim wanted to play in the park with",
];

export function EmptyState() {
  const { engine } = useModels();
  const words = useWords();
  const demo = engine.status.value?.model.demo ?? false;
  return (
    <section class="empty">
      <Logo />
      <h2>{demo ? words.emptyDemoTitle : words.emptyTitle}</h2>
      <p>{demo ? words.emptyDemoText : words.emptyText}</p>
      <Examples prompts={demo ? STORY_BEGINNINGS : words.examples} english={demo} />
    </section>
  );
}

function Examples({ prompts, english }: { prompts: readonly string[]; english: boolean }) {
  const { chat } = useModels();
  const words = useWords();
  return (
    <ul class="examples" aria-label={words.examplesLabel}>
      {prompts.map((prompt) => (
        <li key={prompt}>
          <button
            type="button"
            class="example"
            data-testid="example"
            {...(english ? { lang: "en" } : {})}
            onClick={() => void chat.ask(prompt)}
          >
            {prompt}
          </button>
        </li>
      ))}
    </ul>
  );
}
