import { SelectField } from '@/components/fields'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import { ModelField } from './model-field'
import { PURPOSES, ruleChanges, rulesOf, WINDOWS } from './settings'
import { Columns, SettingsCard } from './settings-card'

const ACTIONS = [
  { value: 'allow', label: 'May call it' },
  { value: 'deny', label: 'Are refused' },
  { value: 'redirect', label: 'Go to another model' },
] as const

export function RulesCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="Who may call it"
      description="Of those it is granted to. Where requests go to another model, its prices and limits hold."
      values={rulesOf(model)}
      save={(values) => change.mutateAsync(ruleChanges(values))}
    >
      {({ control, watch }) => (
        <>
          <Columns>
            {PURPOSES.map(({ value: purpose, label }) => (
              <div key={purpose} className="space-y-4">
                <SelectField control={control} name={`actions.${purpose}`} label={label} options={ACTIONS} />
                {watch(`actions.${purpose}`) === 'redirect' && (
                  <ModelField
                    control={control}
                    name={`targets.${purpose}`}
                    label={`${label} go to`}
                    by="alias"
                    none="Choose a model"
                    except={model}
                    required="Say which model."
                  />
                )}
              </div>
            ))}
            <SelectField
              control={control}
              name="windows"
              label="Batches are done"
              options={windowChoices(rulesOf(model).windows)}
            />
          </Columns>
        </>
      )}
    </SettingsCard>
  )
}

/** What is set stays a choice, whatever it is. */
function windowChoices(now: string) {
  return WINDOWS.some(({ value }) => value === now)
    ? SELECTABLE
    : [...SELECTABLE, { value: now, label: now.replaceAll(',', ' or ') }]
}

const SELECTABLE = WINDOWS.map((window) => ({ ...window }))
