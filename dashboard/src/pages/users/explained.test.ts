import { expect, it } from 'vitest'
import { stepsOf } from './explained'

type Explanation = Parameters<typeof stepsOf>[0]

const NOTHING: Explanation = {
  allowed: true,
  status: 200,
  code: null,
  message: null,
  user_id: 'u',
  key_id: 'k',
  model: 'm',
  answers: 'm',
  passed_over: [],
  alternatives: [],
  groups: [],
  estimated_tokens: null,
  price: null,
  limits: [],
  guardrails: [],
  budgets: [],
  caching: null,
  strategy: null,
  sticky: null,
  deployments: [],
  attempts: null,
  retries_at_hand: 0,
  waste: null,
  hedging: null,
}
const LIMIT: Explanation['limits'][number] = {
  id: 'l',
  name: 'team',
  inherited: false,
  scope: 'group',
  kind: 'requests',
  amount: 100,
  seconds: 60,
  remaining: 41.7,
  takes: 1,
  wait_seconds: 0,
  waiting: 0,
}
const DEPLOYMENT: Explanation['deployments'][number] = {
  id: 'd',
  alias: 'sim-small',
  endpoint_id: 'e',
  endpoint: 'Simulated',
  upstream_model: 'small',
  weight: 1,
  order: 1,
  state: 'closed',
  failing: false,
  failures: 0,
  in_flight: 0,
  latency_seconds: null,
  ready_in_seconds: 0,
  full: false,
  limits: [],
}

it('says what is left of a limit, and how long one waits for it', () => {
  const waiting = { ...LIMIT, inherited: true, scope: 'key' as const, remaining: -2, wait_seconds: 0.4 }
  const atOnce = { ...LIMIT, kind: 'concurrency' as const, amount: 1, remaining: 1 }
  expect(stepsOf({ ...NOTHING, limits: [LIMIT, waiting, atOnce] })).toEqual([
    { title: 'Limit team', outcome: 'passed', detail: '41 of 100 requests in 1 minute left' },
    {
      title: 'Limit of every key',
      outcome: 'failed',
      detail: '0 of 100 requests in 1 minute left: enough in less than a second',
    },
    { title: 'Limit team', outcome: 'passed', detail: '1 of 1 request at once left' },
  ])
})

it('an alerting budget stops nothing', () => {
  const spent = { id: 'b', name: 'Q3', scope: 'user' as const, amount: '10', at_hand: '0', enough: false }
  const steps = stepsOf({
    ...NOTHING,
    budgets: [
      { ...spent, enforcement: 'hard' },
      { ...spent, enforcement: 'alert' },
    ],
  })
  expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'passed'])
  expect(steps[0]?.detail).toBe('$0.00 at hand in this gateway, of $10.00')
})

it('says who would be asked, in which order, and who would not', () => {
  const resting = { ...DEPLOYMENT, order: null, state: 'open' as const, failing: true }
  const full = { ...DEPLOYMENT, order: null, endpoint: null, full: true }
  const steps = stepsOf({ ...NOTHING, deployments: [DEPLOYMENT, { ...DEPLOYMENT, order: 2 }, resting, full] })
  expect(steps).toEqual([
    { title: 'Asked first: sim-small at Simulated', outcome: 'passed', detail: 'It answers' },
    { title: 'Asked if that fails (2): sim-small at Simulated', outcome: 'passed', detail: 'It answers' },
    {
      title: 'sim-small at Simulated',
      outcome: 'failed',
      detail: 'It rests after failures; its probe fails',
    },
    { title: 'sim-small', outcome: 'failed', detail: 'Its own limit is reached' },
  ])
})
