/** Trying models out: what is asked depends on what the model is for. */
import { useQuery } from '@tanstack/react-query'
import { CodeXml, SlidersHorizontal, SquarePen } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Page } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Drawer } from '@/design/dialog'
import { useUser } from '@/session/session'
import { Chat } from './chat'
import { CodeDialog } from './code-dialog'
import { ColumnsBar } from './columns-bar'
import { Embeddings } from './embeddings'
import { useLinkedModel, useLoggedRequest } from './links'
import { modeOf, pricedModelOptions } from './queries'
import { Rerank } from './rerank'
import { Settings } from './settings'
import { loadState, NO_DRAFT } from './state'
import { PlaygroundStore, StoreProvider, usePlayground, useStore } from './store'

/** From which width on the settings stand beside so many columns; elsewhere a button opens them. */
const BESIDE: Record<number, { panel: string; button: string }> = {
  3: { panel: '2xl:block', button: '2xl:hidden' },
  4: { panel: '', button: '' },
}
const BESIDE_FEW = { panel: 'xl:block', button: 'xl:hidden' }

export function PlaygroundPage() {
  const user = useUser()
  const [store] = useState(() => new PlaygroundStore(user.id, loadState(user.id)))
  useEffect(() => {
    const save = () => store.save()
    window.addEventListener('pagehide', save)
    return () => {
      window.removeEventListener('pagehide', save)
      store.stopAll()
      save()
    }
  }, [store])
  return (
    <StoreProvider value={store}>
      <Playground />
    </StoreProvider>
  )
}

function Playground() {
  const [settings, setSettings] = useState(false)
  const [code, setCode] = useState(false)
  useLinkedModel()
  useLoggedRequest()
  const model = usePlayground(({ columns }) => columns[0]?.model)
  const beside = BESIDE[usePlayground(({ columns }) => columns.length)] ?? BESIDE_FEW
  const mode = modeOf(useQuery(pricedModelOptions(model?.id)).data?.model_type)
  return (
    <Page
      title="Playground"
      description="Try models with your own words."
      actions={
        <>
          {mode === 'chat' && <NewConversation />}
          <Button disabled={model === undefined} onClick={() => setCode(true)}>
            <CodeXml aria-hidden /> Code
          </Button>
          {mode === 'chat' && (
            <Button className={beside.button} onClick={() => setSettings(true)}>
              <SlidersHorizontal aria-hidden /> Settings
            </Button>
          )}
        </>
      }
    >
      <div className="flex gap-6">
        <div className="min-w-0 flex-1 space-y-4">
          <ColumnsBar chat={mode === 'chat'} />
          {mode === 'chat' && <Chat onSettings={() => setSettings(true)} />}
          {mode === 'embeddings' && <Embeddings />}
          {mode === 'rerank' && <Rerank />}
        </div>
        {mode === 'chat' && (
          <aside aria-label="Settings" className={cn('hidden w-72 shrink-0', beside.panel)}>
            <div className="sticky top-5 max-h-[calc(100dvh-9.75rem)] overflow-y-auto rounded-lg border border-line bg-surface p-4 shadow-raised">
              <Settings />
            </div>
          </aside>
        )}
      </div>
      <Drawer open={settings} onClose={() => setSettings(false)} title="Settings" className="max-w-md">
        <Settings />
      </Drawer>
      {code && <CodeDialog mode={mode} onClose={() => setCode(false)} />}
    </Page>
  )
}

function NewConversation() {
  const store = useStore()
  const empty = usePlayground(({ turns }) => turns.length === 0)
  const begin = () => {
    const { turns, draft } = store.state
    store.stopAll()
    store.set({ turns: [], draft: NO_DRAFT })
    say('A new conversation.', { undo: () => store.set({ turns, draft }) })
  }
  return (
    <Button disabled={empty} onClick={begin}>
      <SquarePen aria-hidden /> New
    </Button>
  )
}
