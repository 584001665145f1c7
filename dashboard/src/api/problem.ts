/** A refusal of the API, or its silence, as every page handles it. */

export interface FieldProblem {
  /** Dotted, without the `body.` in front. */
  field: string
  message: string
}

/** An alias that another model has. */
export interface AliasConflict {
  model_name: string
  attempted_alias: string
}

export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** 0: nobody answered. */
    readonly status: number,
    /** Stable; see the OpenAPI document. */
    readonly code: string,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
    readonly conflicts: readonly AliasConflict[] = [],
  ) {
    super(message)
  }

  /** The control plane is away, for a moment or longer: asking again helps. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }

  /** The session has ended: the same is answered once somebody has signed in again. */
  get signedOut(): boolean {
    return this.status === 401 && this.code === 'not_authenticated'
  }

  static silence(): Problem {
    return new Problem(0, 'unreachable', 'The server does not answer.')
  }

  /** From an error's body: RFC 9457 problem details, or a line of text. */
  static of(status: number, body: unknown): Problem {
    if (typeof body === 'object' && body !== null) {
      const problem = body as Record<'detail' | 'message' | 'code' | 'errors' | 'conflicts', unknown>
      const message = text(problem.detail) ?? text(problem.message) ?? fallback(status)
      return new Problem(
        status,
        text(problem.code) ?? String(status),
        sentence(message),
        fieldsOf(problem.errors),
        Array.isArray(problem.conflicts) ? (problem.conflicts as AliasConflict[]) : [],
      )
    }
    return new Problem(status, String(status), sentence(text(body) ?? fallback(status)))
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function fallback(status: number): string {
  return `The server answered ${status}`
}

function sentence(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`
}

function fieldsOf(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return []
  return (errors as { field?: unknown; message?: unknown }[]).flatMap(({ field, message }) => {
    const name = text(field)
    return name === undefined
      ? []
      : [{ field: name.replace(/^(body|query|path)\./, ''), message: sentence(text(message) ?? 'Not valid') }]
  })
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(-1, 'unexpected', error instanceof Error ? error.message : String(error))
}
