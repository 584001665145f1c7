/** Everything about a model that can be set, in parts that are saved each for itself. */
import type { ReactNode } from 'react'
import type { Model } from '../queries'
import { AnswersCard } from './answers-card'
import { BreakerCard, HedgingCard, SubstitutesCard, TimeoutsCard, WasteCard } from './policy-cards'
import { CachingCard } from './caching-card'
import { ChoosingCard } from './choosing-card'
import { DeleteCard } from './delete-card'
import { IdentityCard } from './identity-card'
import { LimitsCard } from './limits-card'
import { ReasoningCard } from './reasoning-card'
import { RetriesCard } from './retries-card'
import { RulesCard } from './rules-card'

export function ConfigurationTab({ model }: { model: Model }) {
  const composite = model.is_composite === true
  return (
    <div className="max-w-5xl space-y-8">
      <Section title="The model">
        <IdentityCard model={model} />
        <LimitsCard model={model} />
        <AnswersCard model={model} />
        {!composite && <ReasoningCard model={model} />}
        <RulesCard model={model} />
      </Section>
      <Section title="Traffic">
        {composite && <ChoosingCard model={model} />}
        <RetriesCard model={model} />
        <SubstitutesCard model={model} />
        <TimeoutsCard model={model} />
        <CachingCard model={model} />
        {composite && <HedgingCard model={model} />}
        <WasteCard model={model} />
        {!composite && <BreakerCard model={model} />}
      </Section>
      <DeleteCard model={model} />
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="space-y-4">
      <p className="text-xs font-medium tracking-wide text-faint uppercase">{title}</p>
      {children}
    </div>
  )
}
