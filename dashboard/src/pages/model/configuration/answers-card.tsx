import { SwitchField } from '@/components/fields'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import { SettingsCard } from './settings-card'

export function AnswersCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="Answers"
      values={{ sanitize_responses: model.sanitize_responses === true }}
      save={(values) => change.mutateAsync(values)}
    >
      {({ control }) => (
        <SwitchField
          control={control}
          name="sanitize_responses"
          label="Sanitise answers"
          hint="They name the model by its alias, and errors are said in our words: neither tells who the provider is."
        />
      )}
    </SettingsCard>
  )
}
