import type { Message } from "../models/chat";
import { useModels, useWords } from "./context";
import { ReplyView } from "./ReplyView";

export function Messages() {
  const { chat } = useModels();
  const words = useWords();
  return (
    <section class="messages" role="log" aria-label={words.conversation}>
      {chat.messages.value.map((message) => (
        <MessageView key={message.key} message={message} />
      ))}
    </section>
  );
}

function MessageView({ message }: { message: Message }) {
  const words = useWords();
  if (message.role === "assistant") return <ReplyView reply={message} />;
  return (
    <article
      class="message message-user"
      data-testid="message"
      data-role="user"
      data-state="done"
      aria-label={words.you}
    >
      <div class="message-text" data-testid="message-text">
        {message.text}
      </div>
    </article>
  );
}
