import { useSortable } from '@dnd-kit/sortable'
import { CSS } from '@dnd-kit/utilities'
import { Link } from '@tanstack/react-router'
import { GripVertical, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Schema } from '@/api/client'
import { Badge } from '@/components/badge'
import { ProviderMark } from '@/components/provider-mark'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Input, Switch } from '@/design/field'
import { Tooltip } from '@/design/menu'
import type { Component } from '../queries'

const HEAVIEST = 100

interface ComponentRowProps {
  component: Component
  /** From 1. */
  place: number
  ordered: boolean
  /** Of the requests, as a fraction. */
  share: number
  changes: boolean
  onChange: (body: Schema['ComponentChanges']) => void
  onRemove: () => void
}

export function ComponentRow(props: ComponentRowProps) {
  const { component, place, ordered, share, changes, onChange, onRemove } = props
  const { model, enabled, weight } = component
  const sortable = useSortable({ id: model.id, disabled: !changes })
  return (
    <li
      ref={sortable.setNodeRef}
      style={{ transform: CSS.Translate.toString(sortable.transform), transition: sortable.transition }}
      className={cn(
        'flex flex-wrap items-center gap-x-3 gap-y-2 bg-surface px-4 py-2.5',
        sortable.isDragging && 'relative z-10 shadow-floating',
      )}
    >
      {changes && (
        <Button
          {...sortable.attributes}
          {...sortable.listeners}
          variant="ghost"
          size="icon-sm"
          aria-label={`Move ${model.alias}`}
          className="-ml-2 cursor-grab touch-none active:cursor-grabbing"
        >
          <GripVertical aria-hidden />
        </Button>
      )}
      {ordered && <span className="w-5 text-faint tabular-nums">{place}.</span>}
      {model.endpoint != null && <ProviderMark name={model.endpoint.name} />}
      <div className="min-w-0 flex-1 basis-40">
        <Link
          to="/models/$modelId"
          params={{ modelId: model.id }}
          className={cn('block truncate font-medium hover:underline', !enabled && 'text-faint')}
        >
          {model.alias}
        </Link>
        <div className="truncate text-xs text-faint">
          {[model.endpoint?.name, model.model_name === model.alias ? undefined : model.model_name]
            .filter((each) => each !== undefined)
            .join(' · ')}
        </div>
      </div>
      {!enabled && <Badge>Off</Badge>}
      <div className="flex items-center gap-4">
        {!ordered && <Share share={share} />}
        {changes ? (
          <>
            <Weight key={weight} alias={model.alias} weight={weight} onChange={onChange} />
            <Switch
              aria-label={`${model.alias} is asked`}
              checked={enabled}
              onCheckedChange={(on) => onChange({ enabled: on })}
            />
            <Tooltip label="Remove">
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Remove ${model.alias}`}
                className="-mr-2"
                onClick={onRemove}
              >
                <Trash2 aria-hidden />
              </Button>
            </Tooltip>
          </>
        ) : (
          <span className="text-soft tabular-nums">Weight {weight}</span>
        )}
      </div>
    </li>
  )
}

function Share({ share }: { share: number }) {
  return (
    <div className="hidden w-32 items-center gap-2 sm:flex">
      <div className="h-1.5 flex-1 overflow-hidden rounded-full bg-line" aria-hidden>
        <div className="h-full rounded-full bg-chart-1" style={{ width: `${share * 100}%` }} />
      </div>
      <span className="w-9 text-right text-xs text-faint tabular-nums">{Math.round(share * 100)}%</span>
    </div>
  )
}

interface WeightProps {
  alias: string
  weight: number
  onChange: (body: Schema['ComponentChanges']) => void
}

/** Saved when one leaves the field, or with Enter. */
function Weight({ alias, weight, onChange }: WeightProps) {
  const [text, setText] = useState(String(weight))
  const value = Number(text)
  const valid = Number.isInteger(value) && value >= 1 && value <= HEAVIEST
  const save = () => {
    if (!valid) setText(String(weight))
    else if (value !== weight) onChange({ weight: value })
  }
  return (
    <span className="flex items-center gap-2 text-xs text-faint">
      Weight
      <Input
        aria-label={`Weight of ${alias}`}
        aria-invalid={!valid || undefined}
        title={`From 1 to ${HEAVIEST}`}
        className="h-7 w-14 text-right tabular-nums"
        inputMode="numeric"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === 'Enter' && save()}
      />
    </span>
  )
}
