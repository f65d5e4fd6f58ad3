import { Composer } from "./components/Composer";
import { useModels } from "./components/context";
import { DeviceChooser } from "./components/DeviceChooser";
import { EmptyState } from "./components/EmptyState";
import { Header } from "./components/Header";
import { Licences } from "./components/Licences";
import { Messages } from "./components/Messages";
import { Notices } from "./components/Notices";
import { ScrollArea } from "./components/ScrollArea";
import { StatusLine } from "./components/StatusLine";

export function App() {
  const { chat } = useModels();
  return (
    <div class="app">
      <Header />
      <ScrollArea>{chat.messages.value.length === 0 ? <EmptyState /> : <Messages />}</ScrollArea>
      <div class="bottom">
        <Notices />
        <Composer />
        <StatusLine />
      </div>
      <DeviceChooser />
      <Licences />
    </div>
  );
}
