import { expect, it } from 'vitest'
import { glyphOf, hueOf, monogram } from './provider-glyphs'

const hue = (name: string, url?: string) => glyphOf(name, url)?.hue

it('knows a provider by its name, and one that is called otherwise by its host', () => {
  expect(hue('OpenAI, Europe')).toBe(hue('openai'))
  expect(hue('production', 'https://api.openai.com/v1')).toBe(hue('OpenAI'))
  expect(hue('ours', 'https://ours.openai.azure.com/openai/v1')).toBe(hue('Azure OpenAI'))
  expect(hue('OpenRouter', 'https://openrouter.ai/api/v1')).not.toBe(hue('OpenAI'))
  expect(hue('local', 'http://localhost:11434/v1')).toBe(hue('Ollama'))
})

it('takes a name of one’s own for nobody’s', () => {
  expect(glyphOf('Our own GPUs', 'http://10.0.0.7:8000/v1')).toBeUndefined()
  expect(glyphOf('maxai')).toBeUndefined()
  expect(hueOf('Our own GPUs')).not.toBe(hueOf('Their GPUs'))
})

it('has two letters for who is not known', () => {
  expect(['Cerebras', 'Our own GPUs', 'a.b', ''].map(monogram)).toEqual(['Ce', 'Oo', 'Ab', '?'])
})

it('tells every provider of the presets from the others', () => {
  const names =
    'OpenAI,Anthropic,Azure OpenAI,Amazon Bedrock,Google Gemini,Vertex AI,Cohere,Mistral AI,Groq,DeepSeek,xAI,Together AI,Fireworks AI,OpenRouter,NVIDIA NIM,vLLM,Ollama,llama.cpp,Simulated provider'
  const paths = names.split(',').map((name) => glyphOf(name)?.path)
  expect(new Set(paths).size).toBe(names.split(',').length)
  expect(paths).not.toContain(undefined)
})
