/** How long an answer took and what it cost. */
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Figure } from '@/components/values'
import { Tooltip } from '@/design/menu'
import { count, milliseconds, smallMoney } from '@/format/number'
import type { ModelName } from './conversation'
import { pricedModelOptions } from './queries'
import { costOf, speed, type Usage } from './usage'

interface FiguresProps {
  model: ModelName
  usage: Usage | undefined
  firstMs?: number | undefined
  totalMs: number | undefined
  /** Another model answered, whose prices are not known here. */
  answeredBy?: string | undefined
  /** A kept answer was given again. */
  kept?: boolean | undefined
}

export function Figures({ model, usage, firstMs, totalMs, answeredBy, kept }: FiguresProps) {
  const rate =
    usage === undefined || firstMs === undefined || totalMs === undefined || kept === true
      ? undefined
      : speed(usage, firstMs, totalMs)
  return (
    <dl className="flex flex-wrap gap-x-3 gap-y-0.5 text-xs text-faint tabular-nums">
      {firstMs !== undefined && (
        <Entry name="Time to first token" unit="first token">
          <Figure value={milliseconds(firstMs)} />
        </Entry>
      )}
      {totalMs !== undefined && (
        <Entry name="Time" unit="in all">
          <Figure value={milliseconds(totalMs)} />
        </Entry>
      )}
      {rate !== undefined && (
        <Entry name="Speed" unit="tokens/s">
          {rate < 10 ? rate.toFixed(1) : count(Math.round(rate)).shown}
        </Entry>
      )}
      {usage !== undefined && (
        <Entry name="Tokens" unit="tokens">
          <Tooltip label={<UsageTold usage={usage} />}>
            <span>
              {count(usage.input).shown} in, {count(usage.output).shown} out
            </span>
          </Tooltip>
        </Entry>
      )}
      {kept === true ? (
        <Entry name="Cost" unit="kept answer">
          $0.00
        </Entry>
      ) : (
        usage !== undefined && answeredBy === undefined && <Cost model={model} usage={usage} />
      )}
    </dl>
  )
}

function Cost({ model, usage }: { model: ModelName; usage: Usage }) {
  const priced = useQuery(pricedModelOptions(model.id))
  if (priced.data === undefined) return null
  return (
    <Entry name="Cost">
      <Figure value={smallMoney(costOf(priced.data, usage))} />
    </Entry>
  )
}

function Entry({ name, unit, children }: { name: string; unit?: string; children: ReactNode }) {
  return (
    <div className="whitespace-nowrap">
      <dt className="sr-only">{name}</dt>
      <dd>
        <span className="text-soft">{children}</span>
        {unit !== undefined && ` ${unit}`}
      </dd>
    </div>
  )
}

function UsageTold({ usage }: { usage: Usage }) {
  const told: [string, number][] = [
    ['read from a cache', usage.cachedInput],
    ['audio in', usage.audioInput],
    ['images in', usage.imageInput],
    ['reasoning', usage.reasoning],
    ['audio out', usage.audioOutput],
    ['images out', usage.imageOutput],
  ]
  const parts = told.filter(([, amount]) => amount > 0).map(([name, amount]) => `${amount} ${name}`)
  return <>{[`${usage.input} in`, `${usage.output} out`, ...parts].join(', ')}</>
}
