/** Where the next prompt is written, and where the answers to the last one are stopped. */
import { ArrowUp, Square } from 'lucide-react'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { requestFields } from './parameters'
import { PromptField } from './prompt-field'
import { send } from './replying'
import { canSend, isRunning, usePlayground, useStore } from './store'

interface ComposerProps {
  /** Opens the settings, where they are not in sight. */
  onSettings: () => void
}

export function Composer({ onSettings }: ComposerProps) {
  const store = useStore()
  const draft = usePlayground((state) => state.draft)
  const running = usePlayground(isRunning)
  const ready = usePlayground(canSend)
  const models = usePlayground((state) => state.columns.filter(({ model }) => model !== undefined).length)
  const wrong = Object.keys(requestFields(usePlayground((state) => state.parameters)).wrong).length
  const sendable = ready && wrong === 0
  return (
    <div className="space-y-2">
      {wrong > 0 && (
        <p role="alert" className="flex flex-wrap items-center gap-x-2 text-bad">
          {plural(wrong, 'setting')} cannot be sent as written.
          <Button variant="link" onClick={onSettings}>
            Show settings
          </Button>
        </p>
      )}
      <PromptField
        label="Prompt"
        placeholder={models > 1 ? `Ask ${models} models…` : 'Ask something…'}
        value={draft}
        onChange={(next) => store.set({ draft: next })}
        onEnter={() => sendable && send(store)}
        onEscape={() => store.stopAll()}
      >
        <span className="mr-auto hidden text-xs text-faint sm:inline">
          Enter sends, Shift+Enter begins a new line
        </span>
        {running ? (
          <Button variant="primary" onClick={() => store.stopAll()}>
            <Square className="fill-current" aria-hidden /> Stop
          </Button>
        ) : (
          <Button variant="primary" disabled={!sendable} onClick={() => send(store)}>
            <ArrowUp aria-hidden /> Send
          </Button>
        )}
      </PromptField>
    </div>
  )
}
