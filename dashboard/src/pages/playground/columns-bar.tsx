/** The models that are asked: one to four. */
import { Plus, X } from 'lucide-react'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { MOST_COLUMNS, type Column, type ModelName } from './conversation'
import { ModelPicker } from './model-picker'
import { newId } from './state'
import { isRunning, usePlayground, useStore } from './store'

export function ColumnsBar({ chat }: { chat: boolean }) {
  const store = useStore()
  const columns = usePlayground((state) => state.columns)
  const running = usePlayground(isRunning)
  const shown = chat ? columns : columns.slice(0, 1)
  const choose = (id: string, model: ModelName) =>
    store.set({ columns: columns.map((column) => (column.id === id ? { ...column, model } : column)) })
  const add = () => {
    const model = columns.at(-1)?.model
    store.set({ columns: [...columns, { id: newId(), model }] })
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      {shown.map((column, index) => (
        <div key={column.id} className="flex max-w-80 min-w-44 flex-1 items-center gap-0.5">
          <ModelPicker
            label={shown.length === 1 ? 'Model' : `Model ${index + 1}`}
            value={column.model}
            onChange={(model) => choose(column.id, model)}
            onlyChat={chat && columns.length > 1}
          />
          {shown.length > 1 && (
            <Button
              variant="ghost"
              size="icon"
              disabled={running}
              aria-label={`Take ${nameOf(column, index)} away`}
              onClick={() => store.set({ columns: columns.filter(({ id }) => id !== column.id) })}
            >
              <X aria-hidden />
            </Button>
          )}
        </div>
      ))}
      {chat && columns.length < MOST_COLUMNS && (
        <Tooltip label="Ask another model the same">
          <Button variant="ghost" disabled={running} onClick={add}>
            <Plus aria-hidden /> Compare
          </Button>
        </Tooltip>
      )}
    </div>
  )
}

function nameOf(column: Column, index: number): string {
  return column.model?.alias ?? `model ${index + 1}`
}
