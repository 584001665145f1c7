/** What an endpoint looks like, in a row and in its drawer. */
import { Status, type Tone } from '@/components/badge'
import { Tooltip } from '@/design/menu'
import { plural } from '@/format/number'
import type { Endpoint } from './queries'

interface Health {
  tone: Tone
  word: string
  why: string
}

/** What probes and this host's gateways say of its models. */
export function healthOf({ models }: Pick<Endpoint, 'models'>): Health {
  if (models.active === 0)
    return { tone: 'neutral', word: 'No models', why: 'Nothing can be called here yet.' }
  const troubled = Math.max(models.failing, models.resting)
  if (troubled > 0) {
    return {
      tone: troubled >= models.active ? 'bad' : 'warn',
      word: `${troubled} of ${plural(models.active, 'model')} failing`,
      why: `Probes: ${models.failing} failing. Gateways: ${models.resting} left alone for now.`,
    }
  }
  if (models.watched > 0)
    return { tone: 'good', word: 'Up', why: `${plural(models.watched, 'model')} watched by probes.` }
  return { tone: 'neutral', word: 'Not watched', why: 'No probe checks a model here; none is known to fail.' }
}

export function EndpointHealth({ endpoint }: { endpoint: Endpoint }) {
  const { tone, word, why } = healthOf(endpoint)
  return (
    <Tooltip label={why}>
      <span>
        <Status tone={tone}>{word}</Status>
      </span>
    </Tooltip>
  )
}

export function ModelCount({ endpoint: { models } }: { endpoint: Endpoint }) {
  return (
    <>
      <span className="tabular-nums">{models.active}</span>
      {models.inactive > 0 && (
        <Tooltip label="The provider lists them no more; they cannot be called.">
          <span className="text-faint"> + {models.inactive} gone</span>
        </Tooltip>
      )}
    </>
  )
}
