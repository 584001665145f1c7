/** What a model costs: whoever asks it, and us. */
import { useState } from 'react'
import { Plus } from 'lucide-react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Panel } from '@/components/panel'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { useCan } from '@/session/session'
import { useChangeModel } from '../changes'
import type { Model, Tariff } from '../queries'
import { CachePricingCard } from './cache-pricing-card'
import { History } from './history'
import { ProviderCostCard } from './provider-cost-card'
import { Suggestion, type CataloguePrices } from './suggestion'
import { inForce } from './tariff'
import { TariffDialog } from './tariff-dialog'
import { TariffTable } from './tariff-table'

type Opened =
  | { what: 'edit'; tariff: Tariff }
  | { what: 'new'; prices: CataloguePrices | undefined }
  | { what: 'close'; tariff: Tariff }

export function PricingTab({ model }: { model: Model }) {
  const can = useCan()
  const change = useChangeModel(model.id)
  const [opened, setOpened] = useState<Opened>()
  const tariffs = model.tariffs ?? []
  const changes = can('Update', 'Models')
  const close = () => setOpened(undefined)
  return (
    <div className="space-y-4">
      <Panel
        flush
        title="Tariffs"
        description="In $ per 1M tokens. What a request costs is what the tariff for its key’s purpose says."
        actions={
          changes && (
            <Button variant="primary" onClick={() => setOpened({ what: 'new', prices: undefined })}>
              <Plus aria-hidden /> Add tariff
            </Button>
          )
        }
      >
        {tariffs.length === 0 ? (
          <p className="px-4 py-8 text-center text-faint">Without a tariff, {model.alias} is free.</p>
        ) : (
          <TariffTable
            label="Tariffs in force"
            tariffs={tariffs}
            {...(changes && {
              onEdit: (tariff: Tariff) => setOpened({ what: 'edit', tariff }),
              onClose: (tariff: Tariff) => setOpened({ what: 'close', tariff }),
            })}
          />
        )}
      </Panel>
      {changes && model.is_composite !== true && (
        <Suggestion model={model} onUse={(prices) => setOpened({ what: 'new', prices })} />
      )}
      {changes && <CachePricingCard model={model} />}
      {changes && model.is_composite !== true && <ProviderCostCard model={model} />}
      <History model={model} />
      {(opened?.what === 'edit' || opened?.what === 'new') && (
        <TariffDialog
          model={model}
          tariff={opened.what === 'edit' ? opened.tariff : undefined}
          prices={opened.what === 'new' ? opened.prices : undefined}
          onClose={close}
        />
      )}
      {opened?.what === 'close' && (
        <ConfirmDialog
          open
          danger
          onClose={close}
          title={`Close the tariff ${opened.tariff.name}?`}
          action="Close tariff"
          onConfirm={async () => {
            await change.mutateAsync({ tariffs: inForce(tariffs, undefined, opened.tariff) })
            say(`The tariff ${opened.tariff.name} is closed`)
          }}
        >
          <p>
            {tariffs.length === 1
              ? `It is the only one: requests for ${model.alias} are free from now on.`
              : 'Requests are no longer charged by it.'}{' '}
            What was charged stays.
          </p>
        </ConfirmDialog>
      )}
    </div>
  )
}
