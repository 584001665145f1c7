import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { explained } from './explanation'

const said = (detail: string, code = 'provider_unreachable') => explained(Problem.of(500, { detail, code }))

describe('a failed test', () => {
  it('says what it is about, in the server’s words and ours', () => {
    const refused = said('The provider refused the API key (status 401). Check api_key')
    expect([refused.title, refused.about, refused.nameable]).toEqual([
      'The provider refused the key',
      'api_key',
      false,
    ])
    expect(refused.found).toBe('The provider refused the API key (status 401). Check api_key.')
    expect(said('The name nowhere.test cannot be resolved. Check the URL').about).toBe('url')
    expect(said('The TLS certificate of https://x is not trusted: self-signed').about).toBe('advanced')
    expect(said("It answers as Azure OpenAI does; set dialect to 'azure'").about).toBe('advanced')
    expect(said('https://x answered with status 500 instead of a list of models').nameable).toBe(true)
  })

  it('lets models be named where a list may be missing', () => {
    expect(said('The provider has no model list at https://x/v1/models (status 404)').nameable).toBe(true)
    expect(said('http://x refused the connection. Is the provider running?').nameable).toBe(false)
  })

  it('does not blame the provider for our silence', () => {
    const silence = explained(Problem.silence())
    expect([silence.title, silence.nameable]).toEqual(['The test could not be made', false])
  })
})
