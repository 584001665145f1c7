import { expect, it } from 'vitest'
import { lengthOfTime } from './duration'
import { bytes } from './size'

it('says lengths of time in the largest unit that is whole', () => {
  expect([30 * 86_400, 86_400, 36 * 3_600, 5_400, 61].map(lengthOfTime)).toEqual([
    '30 days',
    '1 day',
    '36 hours',
    '90 minutes',
    '61 seconds',
  ])
})

it('says sizes as people read them', () => {
  expect([0, 1023, 1536, 10 * 1024 ** 3].map(bytes)).toEqual(['0 bytes', '1023 bytes', '1.5 kB', '10 GB'])
})
