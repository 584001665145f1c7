/** Connecting a provider: which, where and with what key, which of its models, and for whom. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Skeleton } from '@/components/page'
import { Dialog } from '@/design/dialog'
import { firstRunOptions } from '@/pages/first-run/queries'
import { ConnectionStep } from './connection-step'
import type { ConnectionValues } from './connection'
import { GrantStep } from './grant-step'
import { ImportStep } from './import-step'
import { PresetTiles } from './preset-tiles'
import { providersOf, SIMULATED, type Provider } from './presets'
import { hostedOptions, namesOptions, presetsOptions, type Validated } from './queries'
import { SimulatedStep } from './simulated-step'

interface ConnectDialogProps {
  /** The key of the provider to begin with. */
  preset: string | undefined
  onClose: () => void
}

/** What is known after a test; `undefined` where the models are named by hand. */
interface Tested {
  values: ConnectionValues
  validated: Validated | undefined
}

export function ConnectDialog({ preset, onClose }: ConnectDialogProps) {
  const client = useQueryClient()
  const presets = useQuery(presetsOptions)
  const names = useQuery(namesOptions)
  const providers = providersOf(presets.data ?? [])
  const [chosen, setChosen] = useState<Provider>()
  const [begun, setBegun] = useState(true)
  const [values, setValues] = useState<ConnectionValues>()
  const [tested, setTested] = useState<Tested>()
  const [problem, setProblem] = useState<unknown>()
  const [connected, setConnected] = useState<{ name: string; modelIds: string[] }>()
  const [elsewhere, setElsewhere] = useState(false)
  const instance = useQuery(firstRunOptions)
  const provider = chosen ?? (begun ? providers.find(({ key }) => key === preset) : undefined)

  if (connected !== undefined) {
    return (
      <GrantStep title={`${connected.name} is connected`} modelIds={connected.modelIds} onClose={onClose} />
    )
  }
  const back = () => {
    setChosen(undefined)
    setBegun(false)
    setValues(undefined)
    setProblem(undefined)
    setElsewhere(false)
  }
  const grant = async (endpoint: { id: string; name: string }) => {
    const { active } = await client.query({ ...hostedOptions(endpoint.id), staleTime: 0 })
    if (active.length === 0) onClose()
    else setConnected({ name: endpoint.name, modelIds: active.map((model) => model.id) })
  }
  if (provider === undefined || names.isPending || (provider.key === SIMULATED.key && instance.isPending)) {
    return (
      <Dialog
        open
        onClose={onClose}
        className="max-w-2xl"
        title="Connect a provider"
        description="Its models come in, and everybody who is granted one calls it here."
      >
        {presets.isError ? (
          <ErrorState error={presets.error} retry={() => void presets.refetch()} />
        ) : presets.isPending || provider !== undefined ? (
          <div className="grid grid-cols-2 gap-2 sm:grid-cols-3" aria-busy>
            {Array.from({ length: 15 }, (_, index) => (
              <Skeleton key={index} className="h-12 rounded-lg" />
            ))}
          </div>
        ) : (
          <PresetTiles providers={providers} onChoose={setChosen} />
        )}
      </Dialog>
    )
  }
  if (provider.key === SIMULATED.key && instance.data?.simulated_offered === true && !elsewhere) {
    return (
      <SimulatedStep
        onBack={back}
        onClose={onClose}
        onElsewhere={() => setElsewhere(true)}
        onConnected={grant}
      />
    )
  }
  if (tested === undefined) {
    return (
      <ConnectionStep
        key={provider.key}
        provider={provider}
        names={names.data ?? NONE}
        values={values}
        problem={problem}
        onBack={back}
        onClose={onClose}
        onTested={(next, validated) => {
          setValues(next)
          setProblem(undefined)
          setTested({ values: next, validated })
        }}
      />
    )
  }
  return (
    <ImportStep
      provider={provider}
      values={tested.values}
      validated={tested.validated}
      onBack={(error) => {
        setProblem(error)
        setTested(undefined)
      }}
      onClose={onClose}
      onConnected={grant}
    />
  )
}

const NONE: ReadonlySet<string> = new Set()
