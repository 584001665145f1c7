// @vitest-environment jsdom
import { act, render, renderHook, screen } from '@testing-library/react'
import { useForm } from 'react-hook-form'
import { describe, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { FormField, showProblem } from './form-field'

function refused(problem: Problem, taken?: { field: 'name'; message: string }) {
  const { result } = renderHook(() => {
    const form = useForm({ defaultValues: { name: '', expires_at: '' } })
    return { form, errors: form.formState.errors }
  })
  act(() => showProblem(result.current.form, problem, taken))
  return {
    name: result.current.form.getFieldState('name').error?.message,
    expires_at: result.current.form.getFieldState('expires_at').error?.message,
    form: result.current.errors.root?.message,
  }
}

describe('a refusal', () => {
  it('stands at the fields that it names', () => {
    const body = {
      detail: 'Invalid',
      code: 'invalid_body',
      errors: [{ field: 'body.name', message: 'Field required' }],
    }
    expect(refused(Problem.of(422, body)).name).toBe('Field required.')
  })

  it('stands at the field that its message begins with', () => {
    const problem = Problem.of(400, { detail: 'expires_at must lie in the future', code: 'invalid' })
    expect(refused(problem).expires_at).toBe('Must lie in the future.')
  })

  it('stands at what somebody has already', () => {
    const problem = Problem.of(409, { message: 'Resource already exists', resource: 'unknown' })
    expect(refused(problem, { field: 'name', message: 'Taken.' }).name).toBe('Taken.')
  })

  it('stands at the form where no field is to blame', () => {
    expect(refused(Problem.of(403, 'Insufficient permissions to Create ApiKeys'))).toEqual({
      name: undefined,
      expires_at: undefined,
      form: 'Insufficient permissions to Create ApiKeys.',
    })
  })
})

it('ties label, error and control together', () => {
  render(
    <FormField label="Name" error="A key needs a name.">
      {(control) => <input {...control} />}
    </FormField>,
  )
  const input = screen.getByLabelText('Name')
  expect(input.getAttribute('aria-invalid')).toBe('true')
  expect(document.getElementById(input.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
    'A key needs a name.',
  )
})
