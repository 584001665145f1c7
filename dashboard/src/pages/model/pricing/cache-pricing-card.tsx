import { SwitchField, TextField } from '@/components/fields'
import { useSetCachePricing } from '../changes'
import { between } from '../configuration/numbers'
import { Columns, SettingsCard } from '../configuration/settings-card'
import type { Model } from '../queries'
import { cachePricingOf, cacheTerms, MULTIPLIERS } from './terms'

export function CachePricingCard({ model }: { model: Model }) {
  const set = useSetCachePricing(model.id)
  return (
    <SettingsCard
      title="Cached input"
      description="As multiples of the input’s price, where a tariff has no price of its own for it."
      values={cachePricingOf(model)}
      save={(values) => set.mutateAsync(cacheTerms(values))}
    >
      {({ control, watch }) => (
        <>
          <SwitchField control={control} name="enabled" label="Cached tokens have their own price" />
          {watch('enabled') && (
            <Columns>
              {MULTIPLIERS.map(({ name, label }) => (
                <TextField
                  key={name}
                  control={control}
                  name={name}
                  label={label}
                  number="decimal"
                  placeholder="As configured"
                  validate={between(0, 99.9999)}
                />
              ))}
              <TextField
                control={control}
                name="min_prefix_tokens"
                label="From so many tokens on"
                number="whole"
                placeholder="As configured"
                validate={between(0, 2 ** 31 - 1, { whole: true })}
              />
            </Columns>
          )}
        </>
      )}
    </SettingsCard>
  )
}
