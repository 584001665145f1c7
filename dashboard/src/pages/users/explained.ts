/** What a gateway says of a request, as steps that can be read one after the other. Pure. */
import type { Schema } from '@/api/client'
import { count, money, plural } from '@/format/number'

type Explanation = Schema['Explanation']
type Limit = Schema['ExplainedLimit']
type Deployment = Schema['ExplainedDeployment']

export interface Step {
  title: string
  outcome: 'passed' | 'failed' | 'undecided'
  detail: string
}

/** What is looked at once the person may use the model: limits, money, guardrails, and who would answer. */
export function stepsOf(explanation: Explanation): Step[] {
  return [
    ...explanation.passed_over.map(({ model, message }): Step => ({
      title: model,
      outcome: 'failed',
      detail: `Passed over: ${message}`,
    })),
    ...explanation.limits.map(limitStep),
    ...explanation.budgets.map((budget): Step => ({
      title: `Budget ${budget.name}`,
      outcome: budget.enough || budget.enforcement === 'alert' ? 'passed' : 'failed',
      detail: `${money(budget.at_hand).shown} at hand in this gateway, of ${money(budget.amount).shown}`,
    })),
    ...explanation.guardrails.map((guardrail): Step => ({
      title: `Guardrail ${guardrail.name}`,
      outcome: 'undecided',
      detail: 'What it says depends on what is asked',
    })),
    ...explanation.deployments.map(deploymentStep),
  ]
}

const KINDS: Record<Limit['kind'], [one: string, many: string]> = {
  requests: ['request', 'requests'],
  tokens: ['token', 'tokens'],
  concurrency: ['request at once', 'requests at once'],
}

function limitStep(limit: Limit): Step {
  const [one, many] = KINDS[limit.kind]
  const per = limit.kind === 'concurrency' ? '' : ` in ${seconds(limit.seconds)}`
  const left = `${count(Math.max(0, Math.floor(limit.remaining))).shown} of ${plural(limit.amount, one, many)}${per} left`
  const waits = limit.wait_seconds > 0
  return {
    title: limit.inherited ? `Limit of every ${limit.scope}` : `Limit ${limit.name}`,
    outcome: waits ? 'failed' : 'passed',
    detail: waits ? `${left}: enough in ${seconds(limit.wait_seconds)}` : left,
  }
}

const STATES: Record<Deployment['state'], string> = {
  closed: 'It answers',
  half_open: 'It is tried again',
  open: 'It rests after failures',
  limited: 'Its provider said to wait',
}

function deploymentStep(deployment: Deployment): Step {
  const name = deployment.alias ?? deployment.upstream_model
  const where = deployment.endpoint === null ? name : `${name} at ${deployment.endpoint}`
  const state = deployment.full ? 'Its own limit is reached' : STATES[deployment.state]
  return {
    title: deployment.order === null ? where : `${ordinal(deployment.order)}: ${where}`,
    outcome: deployment.order === null ? 'failed' : 'passed',
    detail: deployment.failing ? `${state}; its probe fails` : state,
  }
}

function ordinal(order: number): string {
  return order === 1 ? 'Asked first' : `Asked if that fails (${order})`
}

function seconds(value: number): string {
  if (value >= 86_400 && value % 86_400 === 0) return plural(value / 86_400, 'day')
  if (value >= 3600 && value % 3600 === 0) return plural(value / 3600, 'hour')
  if (value >= 60 && value % 60 === 0) return plural(value / 60, 'minute')
  return value < 1 ? 'less than a second' : plural(Math.ceil(value), 'second')
}
